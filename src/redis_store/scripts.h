// The Lua scripts of scripts/, compiled into the binary. Each file says what it takes and answers.
#pragma once

#include "redis/script.h"

namespace fermata::redis_store {

// Where Redis is full (OOM), commits and appends may take from a reserve (reserve.lua), and what
// frees memory or takes none runs: the freeing commit, forget, release, hand back, claim, restore,
// and what nodes say of themselves.

// Numbered calls: call.lua before each.
const redis::Script& commit_script();
// The same for batches of which Redis has less to keep afterwards.
const redis::Script& freeing_commit_script();
const redis::Script& append_script();
const redis::Script& forget_script();
const redis::Script& import_script();
const redis::Script& release_script();
// Calls without a number.
const redis::Script& foreign_append_script();
const redis::Script& hand_back_script();
const redis::Script& claim_script();
const redis::Script& restore_script();
const redis::Script& beat_script();
const redis::Script& remove_node_script();
const redis::Script& document_name_script();
const redis::Script& layout_script();
const redis::Script& inbox_script();
// Read only.
const redis::Script& sessions_script();
const redis::Script& timers_script();

}  // namespace fermata::redis_store

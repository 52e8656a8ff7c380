// The Lua scripts of scripts/, compiled into the binary. Each file says what it takes and answers.
#pragma once

#include "redis/script.h"

namespace fermata::redis_store {

// Numbered calls: call.lua before each.
const redis::Script& commit_script();
const redis::Script& append_script();
const redis::Script& forget_script();
const redis::Script& import_script();
const redis::Script& release_script();
// Calls without a number.
const redis::Script& foreign_append_script();
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

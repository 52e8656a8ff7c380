// MemoryAccount: the allocator under QuickJS, which knows what is in use without a walk.
//
// Threads: one owner at a time.
#pragma once

#include <cstddef>

#include "script/quickjs_api.h"

namespace fermata::script {

struct MemoryAccount {
    // QuickJS keeps the state inside its runtime; every call tells where.
    JSMallocState* state = nullptr;
    // Set when an allocation was refused because of the limit; the owner resets it.
    bool refused = false;

    [[nodiscard]] std::size_t used() const { return state == nullptr ? 0 : state->malloc_size; }
    void set_limit(std::size_t bytes) const {
        if (state != nullptr) {
            state->malloc_limit = bytes;
        }
    }
};

// Makes a runtime that allocates through the account, which must outlive it. Null when out of
// memory.
JSRuntime* create_runtime(MemoryAccount& account);

}  // namespace fermata::script

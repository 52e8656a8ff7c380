// MemoryAccount: the allocator under QuickJS, which knows what is in use without a walk.
//
// Threads: one owner at a time.
#pragma once

#include <cstddef>

#include "script/quickjs_api.h"

namespace fermata::script {

// Bytes that a script may allocate before it is asked whether it still may run. Built-ins that work
// for long without asking, such as JSON.stringify(), allocate.
inline constexpr std::size_t kBytesPerQuestion = 1U << 20U;

struct MemoryAccount {
    // Asked while there is a limit; true refuses the allocation.
    using Question = bool (*)(void* owner);

    // QuickJS keeps the state inside its runtime; every call tells where.
    JSMallocState* state = nullptr;
    // Set when an allocation was refused because of the limit; the owner resets it.
    bool refused = false;
    Question should_stop = nullptr;
    void* owner = nullptr;
    std::size_t bytes_since_question = 0;

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

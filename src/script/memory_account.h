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
// Bytes that a script which must end may still allocate until its next poll; a single block of more
// is refused when it would pass the limit.
inline constexpr std::size_t kGraceBytes = 64U << 20U;

inline constexpr std::size_t kNoLimit = ~std::size_t{0};

struct MemoryAccount {
    // Asked while there is a limit; true ends the script.
    using Question = bool (*)(void* owner);

    JSRuntime* runtime = nullptr;
    // QuickJS keeps the state inside its runtime; every call tells where.
    JSMallocState* state = nullptr;
    bool is_exceeded = false;  // more than the limit is in use
    bool is_ending = false;    // the script ends at its next poll
    bool is_refused = false;   // an allocation failed; the owner resets it
    std::size_t grace_bytes = kGraceBytes;
    Question should_stop = nullptr;
    void* owner = nullptr;
    std::size_t bytes_since_question = 0;

    [[nodiscard]] std::size_t used() const { return state == nullptr ? 0 : state->malloc_size; }
    // Of the bytes in use. Without grace everything beyond it is refused.
    void set_limit(std::size_t bytes, std::size_t grace = kGraceBytes) {
        is_exceeded = false;
        is_ending = false;
        grace_bytes = grace;
        if (state != nullptr) {
            state->malloc_limit = bytes;
        }
    }
    void lift_limit() { set_limit(kNoLimit); }
};

// Makes a runtime that allocates through the account, which must outlive it. Null when out of
// memory.
JSRuntime* create_runtime(MemoryAccount& account);

}  // namespace fermata::script

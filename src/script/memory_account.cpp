#include "script/memory_account.h"

#include <cstdlib>

#include <malloc.h>

namespace fermata::script {
namespace {

// What malloc itself needs for a block.
constexpr std::size_t kBlockOverhead = 8;

bool should_stop(MemoryAccount& account, std::size_t more) {
    account.bytes_since_question += more;
    if (account.bytes_since_question < kBytesPerQuestion || account.should_stop == nullptr) {
        return false;
    }
    account.bytes_since_question = 0;
    return account.should_stop(account.owner);
}

bool refuse(MemoryAccount& account) {
    account.is_refused = true;
    return false;
}

// QuickJS does not survive a refusal everywhere, its compiler least of all. So a script that must
// end gets what it asks for until its next poll, which comes at once; only a built-in that does not
// poll can use up the grace.
bool take_grace(MemoryAccount& account, std::size_t more) {
    account.is_ending = true;
    if (more > account.grace_bytes) {
        return refuse(account);
    }
    account.grace_bytes -= more;
    JS_PollSoon(account.runtime);
    return true;
}

bool is_allowed(JSMallocState* state, std::size_t more) {
    auto* account = static_cast<MemoryAccount*>(state->opaque);
    account->state = state;
    if (state->malloc_limit == kNoLimit) {
        return true;
    }
    if (state->malloc_size + more > state->malloc_limit) {
        if (more > kGraceBytes) {
            return refuse(*account);  // the script may catch it and go on
        }
        account->is_exceeded = true;
        return take_grace(*account, more);
    }
    return account->is_ending || should_stop(*account, more) ? take_grace(*account, more) : true;
}

void* allocate(JSMallocState* state, std::size_t size) {
    if (!is_allowed(state, size)) {
        return nullptr;
    }
    void* block = std::malloc(size);
    if (block != nullptr) {
        ++state->malloc_count;
        state->malloc_size += malloc_usable_size(block) + kBlockOverhead;
    }
    return block;
}

void release(JSMallocState* state, void* block) {
    if (block == nullptr) {
        return;
    }
    --state->malloc_count;
    state->malloc_size -= malloc_usable_size(block) + kBlockOverhead;
    std::free(block);
}

void* resize(JSMallocState* state, void* block, std::size_t size) {
    if (block == nullptr) {
        return size == 0 ? nullptr : allocate(state, size);
    }
    if (size == 0) {
        release(state, block);
        return nullptr;
    }
    const std::size_t old_size = malloc_usable_size(block);
    if (size > old_size && !is_allowed(state, size - old_size)) {
        return nullptr;
    }
    void* moved = std::realloc(block, size);
    if (moved != nullptr) {
        state->malloc_size += malloc_usable_size(moved) - old_size;
    }
    return moved;
}

std::size_t usable_size(const void* block) {
    return malloc_usable_size(const_cast<void*>(block));
}

}  // namespace

JSRuntime* create_runtime(MemoryAccount& account) {
    static constexpr JSMallocFunctions kFunctions = {allocate, release, resize, usable_size};
    account.runtime = JS_NewRuntime2(&kFunctions, &account);
    return account.runtime;
}

}  // namespace fermata::script

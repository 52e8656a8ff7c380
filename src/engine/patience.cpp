#include "engine/patience.h"

#include <string>

#include "engine/shard.h"

namespace fermata::engine {
namespace {

constexpr std::chrono::milliseconds kSweep{100};

}  // namespace

void Patience::fail_all(const Error& reason) {
    while (oldest_ != nullptr) {
        oldest_->give_up(reason);
    }
}

bool Patience::is_bounded() const {
    return shard_.options().answer_timeout.count() > 0;
}

void Patience::add(Call& call) {
    call.until_ms = shard_.now_ms() + shard_.options().answer_timeout.count();
    call.older = newest_;
    (newest_ == nullptr ? oldest_ : newest_->newer) = &call;
    newest_ = &call;
    schedule_sweep();
}

std::shared_ptr<Patience::Call> Patience::remove(Call& call) {
    (call.older == nullptr ? oldest_ : call.older->newer) = call.newer;
    (call.newer == nullptr ? newest_ : call.newer->older) = call.older;
    return std::move(call.self);
}

void Patience::schedule_sweep() {
    if (!sweeping_ && oldest_ != nullptr) {
        sweeping_ = true;
        shard_.run_after(kSweep, [this] {
            sweeping_ = false;
            sweep();
            schedule_sweep();
        });
    }
}

void Patience::sweep() {
    const UnixMillis now_ms = shard_.now_ms();
    while (oldest_ != nullptr && oldest_->until_ms <= now_ms) {
        const store::StoreHealth health = shard_.store().health();
        oldest_->give_up(Error(
            ErrorCode::kTimeout,
            "no answer in time" +
                (health.ready ? std::string() : ", since the store cannot work: " + health.reason) +
                "; what was asked for may still happen, which a repetition with the same "
                "Idempotency-Key tells"));
    }
}

}  // namespace fermata::engine

#include "engine/recovery_queue.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/recovery.h"
#include "engine/shard.h"

namespace fermata::engine {

void RecoveryQueue::add(Lane& lane, Done done) {
    waiting_.push_back({&lane, std::move(done)});
    begin_some();
}

void RecoveryQueue::forget(Lane& lane) {
    begun_.erase(&lane);
    std::erase_if(waiting_, [&lane](const Waiting& waiting) { return waiting.lane == &lane; });
    begin_some();
}

void RecoveryQueue::begin_some() {
    while (begun_.size() < kAtOnce && !waiting_.empty()) {
        const auto found = next();
        Waiting waiting = std::move(*found);
        waiting_.erase(found);
        begin(std::move(waiting));
    }
}

std::deque<RecoveryQueue::Waiting>::iterator RecoveryQueue::next() {
    const auto has_guests = [this](const Waiting& waiting) {
        return shard_.lobby().has_guests(*waiting.lane);
    };
    const auto can_be_read = [this](const Waiting& waiting) {
        return shard_.store()
            .partition_health(waiting.lane->partition)
            .serves(store::StoreHealth::Service::kEnding);
    };
    auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& waiting) {
        return has_guests(waiting) && can_be_read(waiting);
    });
    if (found == waiting_.end()) {
        found = std::find_if(waiting_.begin(), waiting_.end(), can_be_read);
    }
    return found == waiting_.end() ? waiting_.begin() : found;
}

void RecoveryQueue::begin(Waiting waiting) {
    Lane& lane = *waiting.lane;
    const std::size_t serial = serial_next_++;
    begun_[&lane] = serial;
    shard_.run_after(kSlow, [this, &lane, serial] { give_place(lane, serial); });
    const auto recovery = std::make_shared<Recovery>(
        shard_, lane,
        [this, &lane, serial, done = std::move(waiting.done)](const Result<void>& outcome) {
            done(outcome);
            give_place(lane, serial);
        });
    recovery->begin();
}

void RecoveryQueue::give_place(Lane& lane, std::size_t serial) {
    const auto found = begun_.find(&lane);
    if (found != begun_.end() && found->second == serial) {
        begun_.erase(found);
        begin_some();
    }
}

}  // namespace fermata::engine

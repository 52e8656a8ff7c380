#include "engine/lobby.h"

#include <algorithm>
#include <utility>

#include "engine/shard.h"

namespace fermata::engine {
namespace {

constexpr std::chrono::milliseconds kSweep{100};

Error not_served_yet(Partition partition) {
    return Error(ErrorCode::kUnavailable, "partition " + std::to_string(partition) +
                                              " is being recovered, or has no lease now");
}

// May calls go in, or must they wait until that is known?
enum class Door : std::uint8_t { kOpen, kWait, kClosed };

Door door_of(Lane& lane) {
    if (!lane.is_open()) {
        return Door::kClosed;
    }
    return lane.takes_calls() ? Door::kOpen : Door::kWait;
}

}  // namespace

void Lobby::enter(Lane& lane, Call call) {
    const Door door = door_of(lane);
    if (door != Door::kWait) {
        call(door == Door::kOpen ? Result<void>() : lane.refusal());
        return;
    }
    const Options& options = shard_.options();
    if (options.recovery_wait.count() == 0) {
        call(not_served_yet(lane.partition));
        return;
    }
    if (count_ >= options.queue_length_max) {
        call(Error(ErrorCode::kOverloaded,
                   "shard-queue-length (" + std::to_string(options.queue_length_max) +
                       ") is reached by calls that wait for partitions to be recovered"));
        return;
    }
    ++count_;
    guests_[lane.partition].push_back(
        {shard_.now_ms() + options.recovery_wait.count(), std::move(call)});
    schedule_sweep();
}

void Lobby::reopen(Lane& lane) {
    if (guests_.empty()) {
        return;
    }
    const Door door = door_of(lane);
    auto found =
        door == Door::kWait ? decltype(guests_)::node_type() : guests_.extract(lane.partition);
    if (found.empty()) {
        return;
    }
    count_ -= found.mapped().size();
    for (const Guest& guest : found.mapped()) {
        guest.call(door == Door::kOpen ? Result<void>() : lane.refusal());
    }
}

bool Lobby::has_guests(const Lane& lane) const {
    const auto found = guests_.find(lane.partition);
    return found != guests_.end() && !found->second.empty();
}

void Lobby::fail_all(const Error& reason) {
    for (const auto& [partition, guests] : std::exchange(guests_, {})) {
        for (const Guest& guest : guests) {
            guest.call(reason);
        }
    }
    count_ = 0;
}

void Lobby::schedule_sweep() {
    if (!sweeping_ && count_ > 0) {
        sweeping_ = true;
        shard_.run_after(kSweep, [this] {
            sweeping_ = false;
            sweep();
            schedule_sweep();
        });
    }
}

void Lobby::sweep() {
    const UnixMillis now_ms = shard_.now_ms();
    for (auto& [partition, guests] : guests_) {
        // They stand in the order in which they came.
        const auto staying =
            std::find_if(guests.begin(), guests.end(),
                         [now_ms](const Guest& guest) { return guest.until_ms > now_ms; });
        for (auto guest = guests.begin(); guest != staying; ++guest) {
            guest->call(not_served_yet(partition));
        }
        count_ -= static_cast<std::size_t>(staying - guests.begin());
        guests.erase(guests.begin(), staying);
    }
}

}  // namespace fermata::engine

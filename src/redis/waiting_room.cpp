#include "redis/waiting_room.h"

#include <algorithm>
#include <utility>

namespace fermata::redis {

void WaitingRoom::enter(OutstandingPtr request, std::chrono::milliseconds pause, Until until) {
    const Time due = std::chrono::steady_clock::now() + pause;
    const auto place = waiting_.emplace(due, Waiting{std::move(request), until});
    if (place == waiting_.begin()) {
        arm();
    }
}

void WaitingRoom::arm() {
    if (waiting_.empty()) {
        timer_.cancel();
        return;
    }
    const auto pause = waiting_.begin()->first - std::chrono::steady_clock::now();
    timer_.start(std::max(pause, std::chrono::steady_clock::duration(0)),
                 [this] { release_due(); });
}

void WaitingRoom::release_due() {
    OutstandingQueue due;
    const Time now = std::chrono::steady_clock::now();
    while (!waiting_.empty() && waiting_.begin()->first <= now) {
        due.push_back(std::move(waiting_.begin()->second.request));
        waiting_.erase(waiting_.begin());
    }
    for (OutstandingPtr& request : due) {
        leave_(std::move(request));
    }
    arm();
}

void WaitingRoom::topology_is_new() {
    OutstandingQueue leaving;
    for (auto place = waiting_.begin(); place != waiting_.end();) {
        if (place->second.until == Until::kTopology) {
            leaving.push_back(std::move(place->second.request));
            place = waiting_.erase(place);
        } else {
            ++place;
        }
    }
    for (OutstandingPtr& request : leaving) {
        leave_(std::move(request));
    }
    arm();
}

void WaitingRoom::take_all(OutstandingQueue& into) {
    for (auto& [due, waiting] : std::exchange(waiting_, {})) {
        into.push_back(std::move(waiting.request));
    }
    timer_.cancel();
}

std::optional<WaitingRoom::Time> WaitingRoom::oldest() const {
    std::optional<Time> oldest;
    for (const auto& [due, waiting] : waiting_) {
        if (!oldest || waiting.request->accepted_at < *oldest) {
            oldest = waiting.request->accepted_at;
        }
    }
    return oldest;
}

}  // namespace fermata::redis

// WaitingRoom: requests that pause before they are sent once more, or until the topology is known
// better. Included by .cpp files of this folder only (Asio).
//
// Threads: the event loop's only.
#pragma once

#include <functional>
#include <map>

#include "redis/outstanding.h"
#include "redis/timer.h"

namespace fermata::redis {

class WaitingRoom {
  public:
    using Time = std::chrono::steady_clock::time_point;
    enum class Until {
        kPauseIsOver,
        kTopology,  // or the pause is over, whichever is first
    };

    // `leave` gets each request when its time has come.
    WaitingRoom(boost::asio::io_context& loop, std::function<void(OutstandingPtr)> leave)
        : timer_(loop), leave_(std::move(leave)) {}

    void enter(OutstandingPtr request, std::chrono::milliseconds pause, Until until);
    // Those that wait for it leave.
    void topology_is_new();
    void take_all(OutstandingQueue& into);
    [[nodiscard]] std::size_t size() const { return waiting_.size(); }
    // When the oldest one was accepted; nullopt: none.
    [[nodiscard]] std::optional<Time> oldest() const;

  private:
    struct Waiting {
        OutstandingPtr request;
        Until until;
    };

    void arm();
    void release_due();

    Timer timer_;
    std::function<void(OutstandingPtr)> leave_;
    std::multimap<Time, Waiting> waiting_;  // by the end of their pause
};

}  // namespace fermata::redis

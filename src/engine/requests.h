// Requests: clients that hold a connection open until a chart answers their event.
//
// The event's origin is "#_request_<engine>x<shard>x<number>"; the chart answers by sending to it,
// from any session of this process. Held only in memory: after a crash, or when the session has
// moved to another instance, the connection is gone as well, and an answer to an unknown request is
// dropped. <engine> is drawn at random, so that no other process takes the answer for one of its
// own.
//
// Threads: the shard's thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/session_id.h"
#include "engine/engine.h"
#include "engine/lane.h"

namespace fermata::engine {

class Requests {
  public:
    explicit Requests(Shard& shard);
    Requests(const Requests&) = delete;
    Requests& operator=(const Requests&) = delete;
    ~Requests() = default;

    void hold(const SessionId& session, EventRequest request, std::chrono::milliseconds timeout,
              Answer<ChartResponse> done);
    // Of a durable commit; goes to the shard that holds the request.
    void respond(Response response);
    // kNotFound to all that wait for it.
    void end_session(const SessionId& session);
    // `reason` to all that wait for sessions of the partition.
    void end_partition(Partition partition, const Error& reason);
    void fail_all(const Error& reason);

  private:
    struct Held {
        SessionId session;
        Answer<ChartResponse> done;
    };
    template <typename Fits>
    void finish_all(Fits fits, const Error& reason);
    void finish(std::uint64_t number, Result<ChartResponse> answer);

    Shard& shard_;
    const std::uint32_t engine_;
    std::unordered_map<std::uint64_t, Held> held_;
    std::uint64_t number_next_ = 1;
};

}  // namespace fermata::engine

// Requests: clients that hold a connection open until a chart answers their event.
//
// The event's origin is "#_request_<node>x<engine>x<shard>x<number>"; a chart answers by sending to
// it, from whatever session got hold of it: an answer for another node's instance goes there by
// way of Ownership. Held only in memory: after a crash, or when the session has moved to another
// instance, the connection is gone as well, and an answer to an unknown request is dropped.
// <engine> is drawn at random, so that no later process of the node takes the answer for one of
// its own. Sessions may still know addresses of earlier versions, which had no node: nobody holds
// what they name.
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
    // Of a durable commit; goes to the shard, or to the other node, that holds the request.
    void respond(Response response);
    // From another instance; goes to the shard that holds the request.
    void take(Response response);
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
    void finish_at(std::uint32_t shard, std::uint64_t number, Response response);
    void finish(std::uint64_t number, Result<ChartResponse> answer);

    Shard& shard_;
    const std::uint32_t engine_;
    std::unordered_map<std::uint64_t, Held> held_;
    std::uint64_t number_next_ = 1;
};

}  // namespace fermata::engine

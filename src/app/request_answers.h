// RequestAnswers: carries what sessions of this instance answer to requests that other instances
// hold to those.
//
// Best effort, once: the caller has its time-out, and a request takes one answer only. What the
// client has no place for is dropped (http::ClientOptions bounds it).
//
// Threads: pass() from any thread, quick; the rest from one.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "engine/response.h"
#include "http/client.h"
#include "store/nodes.h"

namespace fermata::app {

struct RequestAnswerCounters {
    std::uint64_t sent = 0;
    std::uint64_t failed = 0;  // not taken by the other instance
};

class RequestAnswers {
  public:
    // Where to send it.
    struct Peer {
        std::string url;  // base URL
        std::string secret;
    };
    // Nothing: no living instance acts as the node. Any thread.
    using FindPeer = std::function<std::optional<Peer>(store::NodeId)>;

    static Result<std::unique_ptr<RequestAnswers>> create(http::ClientOptions options,
                                                          FindPeer find_peer);
    RequestAnswers(const RequestAnswers&) = delete;
    RequestAnswers& operator=(const RequestAnswers&) = delete;
    ~RequestAnswers();

    void pass(store::NodeId node, const engine::Response& response);
    [[nodiscard]] RequestAnswerCounters counters() const { return {sent_.load(), failed_.load()}; }
    // Sends nothing any more.
    void stop();

  private:
    explicit RequestAnswers(FindPeer find_peer);
    void on_answer(store::NodeId node, const http::FetchResponse& response);

    const FindPeer find_peer_;
    std::atomic<std::uint64_t> sent_ = 0;
    std::atomic<std::uint64_t> failed_ = 0;
    std::unique_ptr<http::Client> client_;  // last: its thread uses the rest
};

}  // namespace fermata::app

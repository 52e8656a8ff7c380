// Observer: what the server tells about its traffic, for the access log and metrics.
//
// Threads: called on the server's threads, several at a time when there are several; calls must be
// short and must not block.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fermata::http {

// Why the server itself refused something, before any handler saw it.
enum class Refusal {
    kConnectionsMax,  // too many connections
    kInFlightMax,     // too many requests being worked on
    kBadRequest,      // not HTTP
    kHeaderTooLarge,  // header_bytes_max
    kBodyTooLarge,    // body_bytes_max
    kHeaderTimeout,   // header_timeout, TLS handshake included
    kBodyTimeout,     // body_timeout or body_bytes_per_second_min
    kWriteTimeout,    // the client does not read
    kTlsHandshake,    // the handshake failed
};
std::string_view to_string(Refusal refusal);

// One finished exchange. Views are valid during the call only.
struct AccessRecord {
    std::string_view method;
    std::string_view target;
    std::string_view remote_address;
    std::string_view user_agent;
    int status = 0;
    std::size_t request_body_bytes = 0;
    std::size_t response_body_bytes = 0;  // of a stream: 0, it is reported when it starts
    std::chrono::nanoseconds duration{0};
    bool is_tls = false;
};

class Observer {
  public:
    Observer() = default;
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;

    virtual void connection_opened() {}
    virtual void connection_closed() {}
    virtual void request_answered(const AccessRecord& /*record*/) {}
    virtual void refused(Refusal /*refusal*/) {}
    virtual void bytes_received(std::size_t /*bytes*/) {}
    virtual void bytes_sent(std::size_t /*bytes*/) {}
};

}  // namespace fermata::http

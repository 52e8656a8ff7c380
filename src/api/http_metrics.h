// HttpMetrics: counts what the HTTP server does, for /metrics and the request log.
//
// Threads: called on the server's threads; only atomics inside.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "http/observer.h"

namespace fermata::api {

class HttpMetrics final : public http::Observer {
  public:
    // Upper bounds of the duration histogram, in microseconds; the last bucket has none.
    static constexpr std::array<std::uint64_t, 8> kBoundsUs{500,    1'000,   5'000,     10'000,
                                                            50'000, 100'000, 1'000'000, 10'000'000};

    explicit HttpMetrics(bool log_requests) : log_requests_(log_requests) {}

    void connection_opened() override { ++connections_opened; }
    void connection_closed() override { ++connections_closed; }
    void request_answered(const http::AccessRecord& record) override;
    void refused(http::Refusal refusal) override {
        ++refusals.at(static_cast<std::size_t>(refusal));
    }
    void bytes_received(std::size_t bytes) override { received_bytes += bytes; }
    void bytes_sent(std::size_t bytes) override { sent_bytes += bytes; }

    std::atomic<std::uint64_t> connections_opened = 0;
    std::atomic<std::uint64_t> connections_closed = 0;
    std::atomic<std::uint64_t> received_bytes = 0;
    std::atomic<std::uint64_t> sent_bytes = 0;
    // By the status's first digit; [0] is unused.
    std::array<std::atomic<std::uint64_t>, 6> answers{};
    std::array<std::atomic<std::uint64_t>, 9> refusals{};  // by http::Refusal
    std::array<std::atomic<std::uint64_t>, kBoundsUs.size() + 1> durations{};
    std::atomic<std::uint64_t> duration_us = 0;

  private:
    const bool log_requests_;
};

}  // namespace fermata::api

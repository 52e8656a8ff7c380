// Outstanding: one request between send() and its answer. It has one place at a time: the mailbox,
// a primary's queue, a channel, or the list of those that pause.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "redis/client.h"

namespace fermata::redis {

struct Outstanding {
    Outstanding(Request accepted, Client::Callback to_call)
        : request(std::move(accepted)), callback(std::move(to_call)) {}

    Request request;
    Client::Callback callback;  // empty: its deadline passed, it is answered; to be dropped
    std::chrono::steady_clock::time_point accepted_at = std::chrono::steady_clock::now();
    std::size_t bytes = 0;            // counted against in_flight_bytes_max
    unsigned attempts = 0;            // refusals so far
    bool is_sent = false;             // on the wire now
    bool from_reserve = false;        // the server is full: its command goes on with another script
    bool needs_script = false;        // the server did not know its script
    std::optional<Address> asked_at;  // after ASK: this once there
    std::string last_refusal;         // the server's text

    [[nodiscard]] bool is_abandoned() const { return !callback; }
    [[nodiscard]] bool is_write() const { return request.kind == Request::Kind::kWrite; }
};

using OutstandingPtr = std::unique_ptr<Outstanding>;
using OutstandingQueue = std::deque<OutstandingPtr>;

}  // namespace fermata::redis

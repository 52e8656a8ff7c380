#include "engine/requests.h"

#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "engine/shard.h"

namespace fermata::engine {
namespace {

struct RequestName {
    std::uint32_t shard = 0;
    std::uint64_t number = 0;
};

std::optional<RequestName> parse_name(const std::string& text) {
    RequestName name;
    const char* const end = text.data() + text.size();
    const auto shard = std::from_chars(text.data(), end, name.shard);
    if (shard.ec != std::errc() || shard.ptr == end || *shard.ptr != 'x') {
        return std::nullopt;
    }
    const auto number = std::from_chars(shard.ptr + 1, end, name.number);
    if (number.ec != std::errc() || number.ptr != end) {
        return std::nullopt;
    }
    return name;
}

}  // namespace

void Requests::hold(const SessionId& session, EventRequest request,
                    std::chrono::milliseconds timeout, Answer<ChartResponse> done) {
    const std::uint64_t number = number_next_++;
    held_.emplace(number, Held{session, std::move(done)});
    auto delivery = std::make_unique<Delivery>();
    delivery->event = std::move(request.event);
    delivery->event.origin =
        "#_request_" + std::to_string(shard_.number()) + "x" + std::to_string(number);
    delivery->event.origintype = scxml::kScxmlProcessor;
    delivery->waiter = std::make_unique<Waiter>();
    delivery->waiter->done = [this, number](const Result<std::uint64_t>& consumed) {
        if (!consumed) {
            finish(number, consumed.error());
        }
    };
    shard_.run_after(timeout, [this, number] {
        finish(number, Error(ErrorCode::kTimeout, "the session did not answer in time"));
    });
    shard_.deliver(session, std::move(delivery));
}

void Requests::respond(Response response) {
    const auto name = parse_name(response.request);
    const auto& shards = shard_.surrounds().shards;
    if (!name || name->shard >= shards.size()) {
        return;
    }
    Shard& holder = *shards[name->shard];
    holder.run_here([&holder, number = name->number, response = std::move(response)]() mutable {
        holder.requests().finish(
            number, ChartResponse{std::move(response.event), std::move(response.data)});
    });
}

void Requests::end_session(const SessionId& session) {
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, held] : held_) {
        if (held.session == session) {
            numbers.push_back(number);
        }
    }
    for (const std::uint64_t number : numbers) {
        finish(number, Error(ErrorCode::kNotFound,
                             "session " + session.to_string() + " ended without an answer"));
    }
}

void Requests::fail_all(const Error& reason) {
    for (const auto& [number, held] : std::exchange(held_, {})) {
        held.done(reason);
    }
}

void Requests::finish(std::uint64_t number, Result<ChartResponse> answer) {
    auto found = held_.extract(number);
    if (!found.empty()) {
        found.mapped().done(std::move(answer));
    }
}

}  // namespace fermata::engine

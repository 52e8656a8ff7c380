#include "engine/requests.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/shard.h"

namespace fermata::engine {
namespace {

struct RequestName {
    store::NodeId node = store::kNobody;  // nobody: the engine has no node, or the name is old
    std::uint32_t engine = 0;
    std::uint32_t shard = 0;
    std::uint64_t number = 0;
};

std::string to_text(const RequestName& name) {
    return std::to_string(name.node) + "x" + std::to_string(name.engine) + "x" +
           std::to_string(name.shard) + "x" + std::to_string(name.number);
}

// The number at the front of `text`, which is cut off together with the x behind it.
template <typename Number>
bool take_number(std::string_view& text, Number& number) {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc() || (read.ptr != end && *read.ptr != 'x')) {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    text.remove_prefix(std::min<std::size_t>(1, text.size()));
    return true;
}

std::optional<RequestName> parse_name(std::string_view text) {
    RequestName name;
    const bool has_node = std::count(text.begin(), text.end(), 'x') > 2;
    const bool is_read = (!has_node || take_number(text, name.node)) &&
                         take_number(text, name.engine) && take_number(text, name.shard) &&
                         take_number(text, name.number);
    return is_read && text.empty() ? std::optional(name) : std::nullopt;
}

}  // namespace

Requests::Requests(Shard& shard)
    : shard_(shard),
      engine_(static_cast<std::uint32_t>(Random(shard.options().seed).next() >> 32U)) {}

void Requests::hold(const SessionId& session, EventRequest request,
                    std::chrono::milliseconds timeout, Answer<ChartResponse> done) {
    const std::uint64_t number = number_next_++;
    held_.emplace(number, Held{session, std::move(done)});
    auto delivery = std::make_unique<Delivery>();
    delivery->event = std::move(request.event);
    delivery->event.origin = "#_request_" + to_text(RequestName{shard_.options().node, engine_,
                                                                shard_.number(), number});
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
    if (!name) {
        return;
    }
    // Of this node, but of another process: that is gone, and with it whoever waited there.
    const bool is_elsewhere = name->node != store::kNobody && name->node != shard_.options().node;
    Ownership* const ownership = shard_.surrounds().ownership;
    if (name->engine == engine_) {
        finish_at(name->shard, name->number, std::move(response));
    } else if (is_elsewhere && ownership != nullptr) {
        ownership->answer_elsewhere(name->node, std::move(response));
    }
}

void Requests::take(Response response) {
    const auto name = parse_name(response.request);
    if (name && name->engine == engine_) {
        finish_at(name->shard, name->number, std::move(response));
    }
}

void Requests::finish_at(std::uint32_t shard, std::uint64_t number, Response response) {
    const auto& shards = shard_.surrounds().shards;
    if (shard >= shards.size()) {
        return;
    }
    Shard& holder = *shards[shard];
    holder.run_here([&holder, number, response = std::move(response)]() mutable {
        holder.requests().finish(
            number, ChartResponse{std::move(response.event), std::move(response.data)});
    });
}

template <typename Fits>
void Requests::finish_all(Fits fits, const Error& reason) {
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, held] : held_) {
        if (fits(held.session)) {
            numbers.push_back(number);
        }
    }
    for (const std::uint64_t number : numbers) {
        finish(number, reason);
    }
}

void Requests::end_session(const SessionId& session) {
    finish_all(
        [&session](const SessionId& other) { return other == session; },
        Error(ErrorCode::kNotFound, "session " + session.to_string() + " ended without an answer"));
}

void Requests::end_partition(Partition partition, const Error& reason) {
    finish_all([partition](const SessionId& session) { return session.partition() == partition; },
               reason);
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

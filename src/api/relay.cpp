#include "api/relay.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "api/hop.h"
#include "http/sse.h"

namespace fermata::api {

namespace {

// Longest answer that is gathered: most are far shorter, and each waiting one costs that much.
constexpr std::size_t kGatheredBytesMax = 256U << 10U;
// What is handed on at a time: the smallest buffer that a stream can have ([http]
// max-stream-buffer), so that a piece always fits into an empty one.
constexpr std::size_t kPieceBytes = 1024;
// After which a client of an event stream should come back: a new owner is mostly found by then.
constexpr std::chrono::milliseconds kComeBackAfter{1'000};

std::optional<std::size_t> length_of(const http::Headers& headers) {
    const std::string_view text = headers.get("Content-Length");
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const bool is_number =
        !text.empty() && error == std::errc() && end == text.data() + text.size();
    return is_number ? std::optional(length) : std::nullopt;
}

bool is_short(int status, const http::Headers& headers) {
    const bool has_no_body = status == 204 || status == 304;
    return has_no_body || length_of(headers).value_or(SIZE_MAX) <= kGatheredBytesMax;
}

}  // namespace

Result<std::shared_ptr<Relay>> Relay::start(http::Client& client, http::FetchRequest request,
                                            const http::Responder& responder, Done done) {
    const std::shared_ptr<Relay> relay(new Relay(client, responder, std::move(done)));
    FERMATA_TRY_ASSIGN(const http::FetchId id, client.stream(std::move(request), relay));
    relay->id_ = id;
    responder.on_close(relay->leave());
    return relay;
}

// What the client's leaving does, on whatever handle waits for it.
std::function<void()> Relay::leave() {
    return [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->end_because(Cause::kClientLeft);
        }
    };
}

void Relay::end_because(Cause cause) {
    Cause none = Cause::kNone;
    if (cause_.compare_exchange_strong(none, cause)) {
        client_.cancel(id_);
    }
}

void Relay::end_for_move() {
    if (phase_ == Phase::kWaiting || is_event_stream_) {
        end_because(Cause::kMoved);
    }
}

void Relay::end_stream() {
    if (is_event_stream_) {
        end_because(Cause::kStopping);
    }
}

void Relay::started(http::FetchId id, int status, http::Headers headers) {
    if (headers.contains(kNotHereHeader)) {
        phase_ = Phase::kIgnoring;
    } else if (is_short(status, headers)) {
        answer_ = {status, backward(headers), {}};
        phase_ = Phase::kGathering;
    } else {
        start_streaming(id, status, headers);
    }
}

void Relay::start_streaming(http::FetchId id, int status, const http::Headers& headers) {
    id_ = id;  // the answer can be faster than start()
    is_event_stream_ = headers.get("Content-Type").starts_with(http::kEventStreamType);
    stream_ = responder_.start_stream(status, backward(headers));
    phase_ = Phase::kStreaming;
    stream_.on_close(leave());
    if (!stream_.is_open()) {
        end_because(Cause::kClientLeft);  // or it wants the header only
    }
}

bool Relay::received(http::FetchId id, std::string_view bytes) {
    if (phase_ == Phase::kGathering) {
        answer_.body += bytes;
    }
    if (phase_ != Phase::kStreaming) {
        return true;
    }
    std::size_t taken = std::exchange(taken_of_piece_, 0);
    while (taken < bytes.size() && stream_.write(bytes.substr(taken, kPieceBytes))) {
        taken += std::min(kPieceBytes, bytes.size() - taken);
        last_byte_ = bytes[taken - 1];
    }
    if (taken == bytes.size() || !stream_.is_open()) {
        return true;
    }
    taken_of_piece_ = taken;
    stream_.on_room([&client = client_, id] { client.resume(id); });
    return false;
}

void Relay::ended(http::FetchId /*id*/, http::FetchResponse end) {
    over_ = true;
    const Done done = std::move(done_);
    if (phase_ == Phase::kStreaming) {
        end_streaming(end);
        done({});
    } else if (cause_ == Cause::kClientLeft) {
        done({});
    } else if (end.error != http::FetchError::kNone) {
        done(outcome_without_answer(end));
    } else if (phase_ == Phase::kIgnoring) {
        done({RelayOutcome::Kind::kNotHere, "it says that the session is not there"});
    } else {
        responder_.send(std::move(answer_));
        done({});
    }
}

void Relay::end_streaming(const http::FetchResponse& end) {
    if (end.error == http::FetchError::kNone) {
        stream_.close();
    } else if (is_event_stream_) {
        const std::string reason = cause_ == Cause::kMoved ? "the session has another owner now"
                                   : cause_ == Cause::kStopping
                                       ? "this instance stops"
                                       : "the instance that owns the session went away";
        stream_.write(http::format_farewell(kComeBackAfter, reason, last_byte_ != '\n'));
        stream_.close();
    } else {
        stream_.break_off();  // an end in order would look like the whole
    }
}

RelayOutcome Relay::outcome_without_answer(const http::FetchResponse& end) const {
    if (!end.was_sent) {
        return {RelayOutcome::Kind::kNotSent, end.message};
    }
    if (cause_ == Cause::kMoved) {
        return {RelayOutcome::Kind::kLost, "the session has another owner now"};
    }
    const bool is_late = end.error == http::FetchError::kTimeout && phase_ == Phase::kWaiting;
    return {is_late ? RelayOutcome::Kind::kLate : RelayOutcome::Kind::kLost, end.message};
}

}  // namespace fermata::api

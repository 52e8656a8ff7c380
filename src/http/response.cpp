#include "http/response.h"

#include <algorithm>
#include <array>

#include "http/exchange.h"

namespace fermata::http {

Response Response::json(int status, std::string body) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

Response Response::text(int status, std::string body) {
    return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
}

Response Response::redirect(int status, std::string location) {
    return {status, {{"Location", std::move(location)}}, {}};
}

Stream::Stream(std::shared_ptr<State> state) : state_(std::move(state)) {}

bool Stream::write(std::string_view text) {
    return state_ && state_->exchange->write(text);
}

void Stream::close() {
    if (state_) {
        state_->exchange->close_stream();
    }
}

void Stream::break_off() {
    if (state_) {
        state_->exchange->break_off_stream();
    }
}

bool Stream::is_open() const {
    return state_ && state_->exchange->is_streaming();
}

std::size_t Stream::buffered_bytes() const {
    return state_ ? state_->exchange->buffered_bytes() : 0;
}

void Stream::on_close(std::function<void()> callback) {
    if (state_) {
        state_->exchange->on_close(std::move(callback));
    }
}

void Stream::on_room(std::function<void()> callback) {
    if (state_) {
        state_->exchange->on_room(std::move(callback));
    }
}

Responder::Responder(std::shared_ptr<State> state) : state_(std::move(state)) {}

bool Responder::send(Response response) const {
    if (!state_) {
        return false;
    }
    if (!state_->takes) {
        return state_->exchange->answer(std::move(response));
    }
    if (state_->taken || state_->exchange->is_answered()) {
        return false;
    }
    if (state_->takes(response)) {
        state_->taken = true;
        return true;
    }
    return state_->exchange->answer(std::move(response));
}

Responder Responder::filtered(std::function<bool(const Response&)> takes) const {
    if (!state_) {
        return {};
    }
    auto state = std::make_shared<State>(state_->exchange);
    state->takes = std::move(takes);
    return Responder(std::move(state));
}

Stream Responder::start_stream(int status, Headers headers) const {
    if (!state_ || !state_->exchange->start_stream(status, std::move(headers))) {
        return {};
    }
    return Stream(std::make_shared<Stream::State>(state_->exchange));
}

bool Responder::is_answered() const {
    return !state_ || state_->exchange->is_answered();
}

void Responder::on_close(std::function<void()> callback) const {
    if (state_) {
        state_->exchange->on_close(std::move(callback));
    }
}

namespace {

struct Phrase {
    int status;
    std::string_view text;
};

// By status. RFC 9110, 15, and the registry's later entries.
constexpr std::array kPhrases = {
    Phrase{100, "Continue"},
    Phrase{101, "Switching Protocols"},
    Phrase{200, "OK"},
    Phrase{201, "Created"},
    Phrase{202, "Accepted"},
    Phrase{203, "Non-Authoritative Information"},
    Phrase{204, "No Content"},
    Phrase{205, "Reset Content"},
    Phrase{206, "Partial Content"},
    Phrase{300, "Multiple Choices"},
    Phrase{301, "Moved Permanently"},
    Phrase{302, "Found"},
    Phrase{303, "See Other"},
    Phrase{304, "Not Modified"},
    Phrase{307, "Temporary Redirect"},
    Phrase{308, "Permanent Redirect"},
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{406, "Not Acceptable"},
    Phrase{408, "Request Timeout"},
    Phrase{409, "Conflict"},
    Phrase{410, "Gone"},
    Phrase{411, "Length Required"},
    Phrase{412, "Precondition Failed"},
    Phrase{413, "Content Too Large"},
    Phrase{414, "URI Too Long"},
    Phrase{415, "Unsupported Media Type"},
    Phrase{416, "Range Not Satisfiable"},
    Phrase{417, "Expectation Failed"},
    Phrase{421, "Misdirected Request"},
    Phrase{422, "Unprocessable Content"},
    Phrase{426, "Upgrade Required"},
    Phrase{428, "Precondition Required"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"},
    Phrase{502, "Bad Gateway"},
    Phrase{503, "Service Unavailable"},
    Phrase{504, "Gateway Timeout"},
    Phrase{505, "HTTP Version Not Supported"},
    Phrase{507, "Insufficient Storage"},
};

}  // namespace

std::string_view reason_phrase(int status) {
    const auto* found =
        std::lower_bound(kPhrases.begin(), kPhrases.end(), status,
                         [](const Phrase& phrase, int wanted) { return phrase.status < wanted; });
    return found != kPhrases.end() && found->status == status ? found->text : "Unknown";
}

}  // namespace fermata::http

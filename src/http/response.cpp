#include "http/response.h"

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

Responder::Responder(std::shared_ptr<State> state) : state_(std::move(state)) {}

bool Responder::send(Response response) const {
    return state_ && state_->exchange->answer(std::move(response));
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

std::string_view reason_phrase(int status) {
    switch (status) {
        case 100:
            return "Continue";
        case 101:
            return "Switching Protocols";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 203:
            return "Non-Authoritative Information";
        case 204:
            return "No Content";
        case 205:
            return "Reset Content";
        case 206:
            return "Partial Content";
        case 300:
            return "Multiple Choices";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 421:
            return "Misdirected Request";
        case 422:
            return "Unprocessable Content";
        case 426:
            return "Upgrade Required";
        case 428:
            return "Precondition Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        case 507:
            return "Insufficient Storage";
        default:
            return "Unknown";
    }
}

}  // namespace fermata::http

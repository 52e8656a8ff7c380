// RequestParser: bytes in, requests out; no sockets. What the server runs on each connection, and
// what the fuzz target feeds.
//
// Threads: one owner at a time. Limits: header_bytes_max here, the body's bound by set_body_limit.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "http/observer.h"
#include "http/request.h"

namespace fermata::http {

class RequestParser {
  public:
    enum class Step {
        kNeedMore,  // all usable bytes are consumed, the request is not complete
        kHeader,    // once per request: the header is complete; set_body_limit, then feed on
        kComplete,  // take_request(), which also makes ready for the next one
        kFailed,    // failure() tells; nothing more can be read from this connection
    };
    struct Failure {
        int status = 400;
        std::string reason;
        Refusal refusal = Refusal::kBadRequest;
    };

    explicit RequestParser(std::size_t header_bytes_max);
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;
    ~RequestParser();

    // Reads on from the front of bytes and says how many it consumed; the rest is to be given
    // again, with more behind it.
    Step feed(std::string_view bytes, std::size_t& consumed);

    // False, with failure() set, when the announced Content-Length is larger already.
    bool set_body_limit(std::size_t body_bytes_max);

    // After kHeader.
    [[nodiscard]] const Request& request() const;
    [[nodiscard]] bool has_body() const;
    [[nodiscard]] bool expects_continue() const;
    [[nodiscard]] bool keep_alive() const;
    [[nodiscard]] std::size_t body_bytes() const;
    // Whether no byte of the next request has been consumed.
    [[nodiscard]] bool is_fresh() const;
    [[nodiscard]] const Failure& failure() const { return failure_; }

    Request take_request();

  private:
    class Message;

    Step fail(int status, std::string reason, Refusal refusal = Refusal::kBadRequest);
    Step check_header();

    std::unique_ptr<Message> message_;
    std::size_t header_bytes_max_;
    std::size_t header_bytes_ = 0;
    bool header_reported_ = false;
    Failure failure_;
};

}  // namespace fermata::http

#include "http/request_parser.h"

#include <cstdint>
#include <optional>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "base/check.h"

namespace fermata::http {
namespace {

namespace beast = boost::beast;

std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}

// Keeps what Beast reports straight in a Request, so that no field is copied twice.
class BeastMessage final : public beast::http::basic_parser<true> {
  public:
    explicit BeastMessage(std::size_t header_bytes_max) {
        header_limit(static_cast<std::uint32_t>(header_bytes_max));
        body_limit(boost::none);  // set when the route is known
        eager(false);             // so that the header is reported before the body is read
    }

    Request request;
    std::string target;

  private:
    void on_request_impl(beast::http::verb /*method*/, beast::string_view method,
                         beast::string_view request_target, int version,
                         beast::error_code& /*ec*/) override {
        request.method = view(method);
        target = view(request_target);
        request.version_minor = version % 10;
    }
    void on_response_impl(int /*code*/, beast::string_view /*reason*/, int /*version*/,
                          beast::error_code& /*ec*/) override {}
    void on_field_impl(beast::http::field /*name*/, beast::string_view name,
                       beast::string_view value, beast::error_code& /*ec*/) override {
        // Trailer fields come here too; they are dropped, as RFC 9110 section 6.5.1 permits.
        if (!is_header_done()) {
            request.headers.add(std::string(view(name)), std::string(view(value)));
        }
    }
    void on_header_impl(beast::error_code& /*ec*/) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>& /*content_length*/,
                           beast::error_code& /*ec*/) override {}
    std::size_t on_body_impl(beast::string_view body, beast::error_code& /*ec*/) override {
        request.body += view(body);
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t /*size*/, beast::string_view /*extensions*/,
                              beast::error_code& /*ec*/) override {}
    std::size_t on_chunk_body_impl(std::uint64_t /*remain*/, beast::string_view body,
                                   beast::error_code& /*ec*/) override {
        request.body += view(body);
        return body.size();
    }
    void on_finish_impl(beast::error_code& /*ec*/) override {}
};

}  // namespace

class RequestParser::Message {
  public:
    explicit Message(std::size_t header_bytes_max) { parser.emplace(header_bytes_max); }

    std::optional<BeastMessage> parser;
};

RequestParser::RequestParser(std::size_t header_bytes_max)
    : message_(std::make_unique<Message>(header_bytes_max)), header_bytes_max_(header_bytes_max) {}

RequestParser::~RequestParser() = default;

RequestParser::Step RequestParser::fail(int status, std::string reason, Refusal refusal) {
    failure_ = {status, std::move(reason), refusal};
    return Step::kFailed;
}

RequestParser::Step RequestParser::feed(std::string_view bytes, std::size_t& consumed) {
    BeastMessage& parser = *message_->parser;
    consumed = 0;
    if (!failure_.reason.empty()) {
        return Step::kFailed;
    }
    // Blank lines before a request are skipped (RFC 9112 section 2.2).
    while (is_fresh() && consumed + 1 < bytes.size() && bytes.substr(consumed, 2) == "\r\n") {
        consumed += 2;
    }
    if (is_fresh() && bytes.substr(consumed) == "\r") {
        return Step::kNeedMore;  // half a blank line
    }
    while (true) {
        if (parser.is_header_done() && !header_reported_) {
            return check_header();
        }
        if (parser.is_done()) {
            return Step::kComplete;
        }
        const std::string_view rest = bytes.substr(consumed);
        if (rest.empty()) {
            return Step::kNeedMore;
        }
        // Beast asserts that the end of the last chunk comes in five bytes or more; a chunked body
        // always has as many to come.
        constexpr std::string_view kLastChunk = "0\r\n\r\n";
        if (header_reported_ && parser.chunked() && rest.size() < kLastChunk.size() &&
            rest.find_first_not_of(kLastChunk) == std::string_view::npos) {
            return Step::kNeedMore;
        }
        beast::error_code error;
        const std::size_t taken =
            parser.put(boost::asio::const_buffer(rest.data(), rest.size()), error);
        consumed += taken;
        // Beast bounds only what one call gives it; many small calls must not add up.
        header_bytes_ += header_reported_ ? 0 : taken;
        const bool is_waiting = error == beast::http::error::need_more;
        const std::size_t held = rest.size() - taken;
        if (error == beast::http::error::header_limit ||
            (!header_reported_ &&
             header_bytes_ + (parser.is_header_done() ? 0 : held) > header_bytes_max_) ||
            (is_waiting && held > header_bytes_max_)) {
            return fail(431, "header larger than " + std::to_string(header_bytes_max_) + " bytes",
                        Refusal::kHeaderTooLarge);
        }
        if (error == beast::http::error::body_limit) {
            return fail(413, "body larger than allowed here", Refusal::kBodyTooLarge);
        }
        if (error == beast::http::error::bad_version) {
            return fail(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
        }
        if (is_waiting) {
            return Step::kNeedMore;
        }
        if (error) {
            return fail(400, error.message());
        }
    }
}

// What Beast leaves to its user, and what request smuggling is made of.
RequestParser::Step RequestParser::check_header() {
    BeastMessage& parser = *message_->parser;
    Request& request = parser.request;
    std::size_t hosts = 0;
    for (const Field& field : request.headers) {
        hosts += equals_ignoring_case(field.name, "Host") ? 1 : 0;
        if (equals_ignoring_case(field.name, "Transfer-Encoding") &&
            (request.version_minor == 0 || !equals_ignoring_case(field.value, "chunked"))) {
            return fail(501, "no transfer coding but chunked is understood");
        }
    }
    if (hosts > 1 || (hosts == 0 && request.version_minor == 1)) {
        return fail(400, hosts == 0 ? "no Host field" : "more than one Host field");
    }
    const std::optional<std::string_view> expect = request.headers.find("Expect");
    if (expect && !equals_ignoring_case(*expect, "100-continue")) {
        return fail(417, "no expectation but 100-continue can be met");
    }
    Result<void> target = assign_target(request, std::move(parser.target));
    if (!target) {
        return fail(400, target.error().message());
    }
    header_reported_ = true;
    return Step::kHeader;
}

bool RequestParser::set_body_limit(std::size_t body_bytes_max) {
    BeastMessage& parser = *message_->parser;
    FERMATA_CHECK(header_reported_);
    const boost::optional<std::uint64_t> content_length = parser.content_length();
    if (content_length && *content_length > body_bytes_max) {
        fail(413,
             "Content-Length " + std::to_string(*content_length) + " is larger than " +
                 std::to_string(body_bytes_max) + " bytes",
             Refusal::kBodyTooLarge);
        return false;
    }
    parser.body_limit(static_cast<std::uint64_t>(body_bytes_max));
    return true;
}

const Request& RequestParser::request() const {
    return message_->parser->request;
}

bool RequestParser::has_body() const {
    return !message_->parser->is_done();
}

bool RequestParser::expects_continue() const {
    return request().version_minor == 1 && has_body() && request().headers.contains("Expect");
}

bool RequestParser::keep_alive() const {
    return message_->parser->keep_alive();
}

std::size_t RequestParser::body_bytes() const {
    return message_->parser->request.body.size();
}

bool RequestParser::is_fresh() const {
    return !message_->parser->got_some();
}

Request RequestParser::take_request() {
    FERMATA_CHECK(message_->parser->is_done());
    Request request = std::move(message_->parser->request);
    message_->parser.emplace(header_bytes_max_);
    header_bytes_ = 0;
    header_reported_ = false;
    return request;
}

}  // namespace fermata::http

// Any bytes as a client's side of a connection: the parser the server runs keeps its bounds, and
// what it reads does not depend on how the bytes were cut into pieces.
//
// The first byte of the input is the size of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "http/request_parser.h"

namespace {

using fermata::http::Request;
using fermata::http::RequestParser;

constexpr std::size_t kHeaderBytesMax = 512;
constexpr std::size_t kBodyBytesMax = 256;

struct Conversation {
    std::vector<std::string> requests;
    bool failed = false;
    bool too_large = false;
};

std::string describe(const Request& request) {
    std::string text = request.method + " " + request.target + "\n";
    for (const fermata::http::Field& field : request.headers) {
        text += field.name + ": " + field.value + "\n";
    }
    return text + "\n" + request.body;
}

// Reads all that is complete in unread; false when the conversation is over.
bool read_requests(RequestParser& parser, std::string& unread, Conversation& conversation) {
    while (true) {
        std::size_t consumed = 0;
        const RequestParser::Step step = parser.feed(unread, consumed);
        FERMATA_CHECK(consumed <= unread.size());
        unread.erase(0, consumed);
        if (step == RequestParser::Step::kNeedMore) {
            // A client cannot make the server keep more than the header bound.
            FERMATA_CHECK(unread.size() <= kHeaderBytesMax);
            return true;
        }
        if (step == RequestParser::Step::kComplete) {
            const Request request = parser.take_request();
            FERMATA_CHECK(request.body.size() <= kBodyBytesMax);
            conversation.requests.push_back(describe(request));
            continue;
        }
        if (step == RequestParser::Step::kFailed || !parser.set_body_limit(kBodyBytesMax)) {
            FERMATA_CHECK(parser.failure().status >= 400 && !parser.failure().reason.empty());
            conversation.failed = true;
            conversation.too_large = parser.failure().status == 431;
            return false;
        }
    }
}

Conversation converse(std::string_view bytes, std::size_t piece_bytes) {
    RequestParser parser(kHeaderBytesMax);
    Conversation conversation;
    std::string unread;
    while (!bytes.empty()) {
        const std::string_view piece = bytes.substr(0, piece_bytes);
        bytes.remove_prefix(piece.size());
        unread += piece;
        if (!read_requests(parser, unread, conversation)) {
            break;
        }
    }
    return conversation;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Conversation whole = converse(bytes, std::max<std::size_t>(1, bytes.size()));
    const Conversation pieces = converse(bytes, std::size_t{data[0]} + 1);
    // A request that went through whole goes through in pieces, and the other way round; only where
    // a bad one is noticed may differ, for a piece may end before what is bad about it.
    // Chunk extensions and trailers are bounded by what has to be held of them, which is nothing
    // when they come at once.
    const std::size_t common = std::min(whole.requests.size(), pieces.requests.size());
    FERMATA_CHECK(pieces.too_large || whole.requests.size() == pieces.requests.size());
    for (std::size_t i = 0; i < common; ++i) {
        FERMATA_CHECK(whole.requests[i] == pieces.requests[i]);
    }
    return 0;
}

#include "http/request_parser.h"

#include <string>

#include <gtest/gtest.h>

namespace fermata::http {
namespace {

// A sender that trickles must get the same as one that sends all at once.
void expect_trickled(const std::string& chunks, const std::string& body) {
    const std::string sent =
        "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks;
    RequestParser parser(4096);
    std::string unread;
    bool is_complete = false;
    for (const char byte : sent) {
        unread += byte;
        RequestParser::Step step = RequestParser::Step::kHeader;
        while (step == RequestParser::Step::kHeader) {
            std::size_t consumed = 0;
            step = parser.feed(unread, consumed);
            unread.erase(0, consumed);
            if (step == RequestParser::Step::kHeader) {
                ASSERT_TRUE(parser.set_body_limit(100));
            }
        }
        ASSERT_NE(step, RequestParser::Step::kFailed) << parser.failure().reason;
        is_complete = step == RequestParser::Step::kComplete;
    }

    ASSERT_TRUE(is_complete);
    EXPECT_EQ(parser.take_request().body, body);
}

TEST(RequestParserTest, AChunkedBodyMayArriveByteByByte) {
    expect_trickled("3\r\nabc\r\n0\r\n\r\n", "abc");
    expect_trickled("0\r\n\r\n", "");
}

// However the bytes are cut.
TEST(RequestParserTest, TheHeaderBoundHoldsForAHeaderThatArrivesAtOnce) {
    const std::string head = "GET / HTTP/1.1\r\nHost: x\r\nFiller: ";
    const std::string request = head + std::string(100 - head.size() - 4, 'a') + "\r\n\r\n";

    std::size_t consumed = 0;
    EXPECT_EQ(RequestParser(100).feed(request, consumed), RequestParser::Step::kHeader);
    RequestParser narrow(99);
    EXPECT_EQ(narrow.feed(request, consumed), RequestParser::Step::kFailed);
    EXPECT_EQ(narrow.failure().status, 431);
}

}  // namespace
}  // namespace fermata::http

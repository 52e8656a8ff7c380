#include "redis/reply.h"

#include <gtest/gtest.h>

#include "redis/reply_error.h"
#include "redis/testing.h"

namespace fermata::redis {
namespace {

TEST(ReplyTest, ReadsTheTypesOfBothProtocols) {
    const Reply reply = *decode_reply(
        "*8\r\n$4\r\ntext\r\n+OK\r\n:-7\r\n$-1\r\n_\r\n#t\r\n$2\r\n42\r\n-ERR inner\r\n");
    const ReplyView view = reply.view();

    ASSERT_EQ(view.size(), 8U);
    EXPECT_EQ(view[0].text(), "text");
    EXPECT_EQ(view[0].integer(), std::nullopt);
    EXPECT_EQ(view[1].text(), "OK");
    EXPECT_EQ(view[2].integer(), -7);
    EXPECT_TRUE(view[3].is_nil());
    EXPECT_TRUE(view[4].is_nil());
    EXPECT_EQ(view[5].integer(), 1);
    EXPECT_EQ(view[6].integer(), 42);
    EXPECT_TRUE(view[7].is_error());
    EXPECT_EQ(view[7].text(), "ERR inner");
}

TEST(ReplyTest, WhatIsNotThereIsNil) {
    const Reply reply = *decode_reply("*1\r\n:1\r\n");
    EXPECT_TRUE(reply.view()[1].is_nil());
    EXPECT_TRUE(reply.view()[0][5].is_nil());
    EXPECT_TRUE(reply.view().find("name").is_nil());
    EXPECT_TRUE(Reply().view().is_nil());
    EXPECT_EQ(Reply().view().size(), 0U);
}

TEST(ReplyTest, FindsInMapsAndInFlatArrays) {
    for (const std::string_view bytes :
         {"%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n", "*4\r\n+a\r\n:1\r\n+b\r\n:2\r\n"}) {
        const Reply reply = *decode_reply(bytes);
        EXPECT_EQ(reply.view().find("b").integer(), 2);
        EXPECT_TRUE(reply.view().find("c").is_nil());
    }
}

TEST(ReplyTest, HalfAReplyIsNone) {
    EXPECT_FALSE(decode_reply("*2\r\n:1\r\n"));
    EXPECT_FALSE(decode_reply("no protocol"));
}

struct ErrorCase {
    std::string_view text;
    ErrorKind kind;
};

class ReplyErrorTest : public testing::TestWithParam<ErrorCase> {};

TEST_P(ReplyErrorTest, IsClassifiedByItsPrefix) {
    EXPECT_EQ(classify_error(GetParam().text), GetParam().kind) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    All, ReplyErrorTest,
    testing::Values(
        ErrorCase{"MOVED 3999 127.0.0.1:6381", ErrorKind::kMoved},
        ErrorCase{"ASK 3999 127.0.0.1:6381", ErrorKind::kAsk},
        ErrorCase{"TRYAGAIN Multiple keys request during rehashing of slot", ErrorKind::kTryAgain},
        ErrorCase{"ERR Script attempted to access a non local key in a cluster node script: x",
                  ErrorKind::kTryAgain},
        ErrorCase{"CLUSTERDOWN Hash slot not served", ErrorKind::kRefresh},
        ErrorCase{"READONLY You can't write against a read only replica.", ErrorKind::kRefresh},
        ErrorCase{"MASTERDOWN Link with MASTER is down", ErrorKind::kRefresh},
        ErrorCase{"UNBLOCKED force unblock from blocking operation", ErrorKind::kRefresh},
        ErrorCase{"LOADING Redis is loading the dataset in memory", ErrorKind::kLater},
        ErrorCase{"BUSY Redis is busy running a script.", ErrorKind::kLater},
        ErrorCase{"BUSYGROUP Consumer Group name already exists", ErrorKind::kFailed},
        ErrorCase{"OOM command not allowed when used memory > 'maxmemory'.", ErrorKind::kFull},
        ErrorCase{"NOREPLICAS Not enough good replicas to write.", ErrorKind::kLater},
        ErrorCase{"MISCONF Redis is configured to save RDB snapshots", ErrorKind::kLater},
        ErrorCase{"ERR max number of clients reached", ErrorKind::kLater},
        ErrorCase{"NOSCRIPT No matching script.", ErrorKind::kNoScript},
        ErrorCase{"NOAUTH Authentication required.", ErrorKind::kDenied},
        ErrorCase{"WRONGPASS invalid username-password pair", ErrorKind::kDenied},
        ErrorCase{"NOPERM this user has no permissions", ErrorKind::kDenied},
        ErrorCase{"DENIED Redis is running in protected mode", ErrorKind::kDenied},
        ErrorCase{"WRONGTYPE Operation against a key", ErrorKind::kFailed},
        ErrorCase{"ERR unknown command", ErrorKind::kFailed}, ErrorCase{"OOM", ErrorKind::kFull},
        ErrorCase{"", ErrorKind::kFailed}));

TEST(RedirectionTest, NamesItsTarget) {
    EXPECT_EQ(redirection_target("MOVED 3999 127.0.0.1:6381", "asked"),
              (Address{"127.0.0.1", 6381}));
    EXPECT_EQ(redirection_target("ASK 3999 ::1:6381", "asked"), (Address{"::1", 6381}));
    EXPECT_EQ(redirection_target("MOVED 3999 :6381", "asked"), (Address{"asked", 6381}));
    EXPECT_EQ(redirection_target("MOVED 3999 ?:6381", "asked"), (Address{"asked", 6381}));
    EXPECT_EQ(redirection_target("MOVED 3999", "asked"), std::nullopt);
    EXPECT_EQ(redirection_target("MOVED 3999 host", "asked"), std::nullopt);
    EXPECT_EQ(redirection_target("MOVED 3999 host:99999", "asked"), std::nullopt);
}

TEST(ErrorTextTest, LoginAndRightsNameWhatToMend) {
    EXPECT_NE(explain_error("WRONGPASS x").find("username and password"), std::string::npos);
    EXPECT_NE(explain_error("NOAUTH x").find("username and password"), std::string::npos);
    EXPECT_NE(explain_error("NOPERM x").find("ACL"), std::string::npos);
    EXPECT_EQ(explain_error("TRYAGAIN x"), "TRYAGAIN x");
}

}  // namespace
}  // namespace fermata::redis

#include "redis/greeting.h"

#include <gtest/gtest.h>

#include "redis/testing.h"

namespace fermata::redis {
namespace {

Options options_with_login() {
    Options options;
    options.username = "u";
    options.password = "p";
    options.client_name = "n";
    return options;
}

Result<std::string> tell(Greeting& greeting, std::string_view reply) {
    return greeting.next(decode_reply(reply)->view());
}

constexpr std::string_view kAskInfo = "*3\r\n$4\r\nINFO\r\n$6\r\nserver\r\n$11\r\nreplication\r\n";

TEST(GreetingTest, LogsInAndAsksWhatTheServerIs) {
    const Options options = options_with_login();
    Greeting greeting(options);

    EXPECT_EQ(greeting.begin(),
              "*7\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n$7\r\nSETNAME"
              "\r\n$1\r\nn\r\n");
    EXPECT_EQ(*tell(greeting, "%0\r\n"), kAskInfo);
    EXPECT_FALSE(greeting.is_done());
    EXPECT_EQ(*tell(greeting, "$9\r\nrun_id:ab\r\n"), "");
    EXPECT_TRUE(greeting.is_done());
    EXPECT_EQ(greeting.facts().run_id, "ab");
}

TEST(GreetingTest, FallsBackToTheOldProtocol) {
    for (const std::string_view refusal :
         {"-NOPROTO unsupported protocol version\r\n", "-ERR unknown command `HELLO`\r\n",
          "-NOPERM this user has no permissions to run the 'hello' command\r\n"}) {
        const Options options = options_with_login();
        Greeting greeting(options);
        EXPECT_EQ(*tell(greeting, refusal), "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n");
        EXPECT_EQ(*tell(greeting, "+OK\r\n"), "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$1\r\nn\r\n");
        EXPECT_EQ(*tell(greeting, "-NOPERM no name for you\r\n"), kAskInfo);
    }
}

TEST(GreetingTest, ARefusedLoginIsForbiddenAndKeepsThePasswordToItself) {
    Options options = options_with_login();
    options.password = "secret-word";
    Greeting greeting(options);

    const auto refused = tell(greeting, "-WRONGPASS invalid username-password pair\r\n");

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kForbidden);
    EXPECT_EQ(refused.error().message().find("secret-word"), std::string::npos);
}

TEST(GreetingTest, TooManyClientsIsNoMatterOfRights) {
    const Options options;
    Greeting greeting(options);

    const auto refused = tell(greeting, "-ERR max number of clients reached\r\n");

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
}

TEST(OptionsTest, AreCheckedByName) {
    Options good;
    good.nodes = {{"localhost", 6379}};
    EXPECT_TRUE(check(good));

    const auto message_after = [&good](const auto& change) {
        Options bad = good;
        change(bad);
        const Result<void> checked = check(bad);
        return checked ? std::string() : checked.error().message();
    };
    EXPECT_NE(message_after([](Options& bad) { bad.nodes.clear(); }).find("redis-nodes"),
              std::string::npos);
    EXPECT_NE(message_after([](Options& bad) { bad.username = "u"; }).find("password"),
              std::string::npos);
    EXPECT_NE(message_after([](Options& bad) { bad.tls.cert = "c"; }).find("tls-key"),
              std::string::npos);
    EXPECT_NE(message_after([](Options& bad) { bad.socket_timeout = {}; }).find("socket-timeout"),
              std::string::npos);
    EXPECT_NE(message_after([](Options& bad) { bad.batch_requests_max = 0; }).find("limit"),
              std::string::npos);
}

}  // namespace
}  // namespace fermata::redis

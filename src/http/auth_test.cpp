#include "http/auth.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "http/test_server.h"

namespace fermata::http {
namespace {

using testing::HasSubstr;
using testing::Not;

class AuthTest : public testing::Test {
  public:
    ~AuthTest() override { std::filesystem::remove(path_); }

  protected:
    void write(const std::string& text) const { std::ofstream(path_) << text; }

    static Request request_with(const std::string& authorization) {
        Request request;
        request.headers.add("Authorization", authorization);
        return request;
    }

    const std::string path_ =
        (std::filesystem::temp_directory_path() / ("fermata-tokens-" + std::to_string(getpid())))
            .string();
};

TEST_F(AuthTest, knows_plain_and_hashed_tokens) {
    // The hash is that of "abc".
    write(
        "# tokens\n\nsecret admin Front desk\n"
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad reader  Robot \n");
    const auto tokens = TokenFile::load(path_);
    ASSERT_TRUE(tokens) << tokens.error().to_string();
    const auto check = [&](const std::string& authorization) {
        const auto result = (*tokens)->check(request_with(authorization));
        const Principal* principal = std::get_if<Principal>(&result);
        return principal == nullptr ? std::string("denied")
                                    : principal->role + ":" + principal->name;
    };
    EXPECT_EQ(check("Bearer secret"), "admin:Front desk");
    EXPECT_EQ(check("bearer abc"), "reader:Robot");
    EXPECT_EQ(check("Bearer secre"), "denied");
    EXPECT_EQ(check("Bearer "), "denied");
    EXPECT_EQ(check("Basic secret"), "denied");
}

TEST_F(AuthTest, tells_401_from_403) {
    write("secret reader Robot\n");
    const auto tokens = TokenFile::load(path_);
    ASSERT_TRUE(tokens);
    const auto nobody = (*tokens)->check(Request());
    const Response unknown = std::get<Denial>(nobody).to_response();
    EXPECT_EQ(unknown.status, 401);
    EXPECT_EQ(unknown.headers.get("WWW-Authenticate"), "Bearer realm=\"fermata\"");
    const auto weak = (*tokens)->check(request_with("Bearer secret"), {"admin", "writer"});
    const Response forbidden = std::get<Denial>(weak).to_response();
    EXPECT_EQ(forbidden.status, 403);
    EXPECT_FALSE(forbidden.headers.contains("WWW-Authenticate"));
    const auto strong = (*tokens)->check(request_with("Bearer secret"), {"admin", "reader"});
    EXPECT_TRUE(std::holds_alternative<Principal>(strong));
}

TEST_F(AuthTest, names_the_wrong_line_but_never_the_token) {
    for (const char* bad :
         {"# x\nsecret admin\n", "# x\nsha256:12 admin name\n", "# x\nsecret\n"}) {
        write(bad);
        const auto tokens = TokenFile::load(path_);
        ASSERT_FALSE(tokens) << bad;
        EXPECT_THAT(tokens.error().message(), HasSubstr("line 2"));
        EXPECT_THAT(tokens.error().message(), Not(HasSubstr("secret")));
    }
    EXPECT_FALSE(TokenFile::load(path_ + ".missing"));
}

TEST_F(AuthTest, reads_a_changed_file_and_keeps_the_last_good_one) {
    write("first admin A\n");
    const auto tokens = TokenFile::load(path_);
    ASSERT_TRUE(tokens);
    const auto knows = [&](const std::string& token) {
        return std::holds_alternative<Principal>((*tokens)->check(request_with("Bearer " + token)));
    };
    EXPECT_TRUE(knows("first"));
    write("second admin B\n");
    EXPECT_TRUE(becomes([&] { return knows("second"); }));
    EXPECT_FALSE(knows("first"));
    write("wrong\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // pause: one look at the file
    EXPECT_TRUE(knows("second"));
}

TEST(LoopbackTest, knows_the_addresses_that_stay_here) {
    for (const char* address : {"127.0.0.1", "127.1.2.3", "::1", "localhost", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(is_loopback(address)) << address;
    }
    for (const char* address :
         {"", "0.0.0.0", "::", "10.0.0.1", "127.evil.example", "1127.0.0.1"}) {
        EXPECT_FALSE(is_loopback(address)) << address;
    }
}

}  // namespace
}  // namespace fermata::http

#include "app/outside.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/command_line.h"
#include "app/file_reader.h"
#include "app/run_script.h"
#include "store/testing.h"

namespace fermata::app {
namespace {

namespace fs = std::filesystem;

struct PrefixCase {
    std::string name;
    std::string url;
    bool allowed;
};

class PrefixTest : public testing::TestWithParam<PrefixCase> {};

TEST_P(PrefixTest, EndsAtABoundary) {
    EXPECT_EQ(is_below(GetParam().url, {"http://host/a", "https://host:8443/b/"}),
              GetParam().allowed);
}

INSTANTIATE_TEST_SUITE_P(
    Urls, PrefixTest,
    testing::Values(PrefixCase{"itself", "http://host/a", true},
                    PrefixCase{"below", "http://host/a/b.scxml", true},
                    PrefixCase{"query", "http://host/a?x=1", true},
                    PrefixCase{"slash", "https://host:8443/b/c", true},
                    PrefixCase{"longer_name", "http://host/ab", false},
                    PrefixCase{"other_host", "http://host.evil/a", false},
                    PrefixCase{"other_scheme", "https://host/a", false},
                    PrefixCase{"user_info", "http://host@evil/a", false},
                    PrefixCase{"dots", "http://host/a/../secret", false},
                    PrefixCase{"encoded_dots", "http://host/a/%2e%2e/secret", false},
                    PrefixCase{"encoded_slash", "http://host/a/..%2fsecret", false},
                    PrefixCase{"broken_encoding", "http://host/a/%zz", false}),
    [](const auto& param) { return param.param.name; });

TEST(PrefixTest, NoPrefixAllowsNothing) {
    EXPECT_FALSE(is_below("http://host/", {}));
}

class FolderTest : public testing::Test {
  protected:
    FolderTest() {
        fs::create_directories(root_ / "allowed" / "sub");
        write("allowed/a.scxml", "inside");
        write("allowed/sub/b.scxml", "below");
        write("secret", "outside");
    }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(root_ / name) << text;
    }
    [[nodiscard]] Result<FileText> read(const std::string& name,
                                        std::size_t bytes_max = 100) const {
        return read_file_within((root_ / name).string(), {(root_ / "allowed").string()}, bytes_max);
    }

    const store::TemporaryFolder folder_;
    const fs::path root_ = folder_.path();
};

TEST_F(FolderTest, FilesInAndBelowTheFolderAreRead) {
    EXPECT_EQ(read("allowed/a.scxml")->bytes, "inside");
    EXPECT_EQ(read("allowed/sub/b.scxml")->bytes, "below");
    EXPECT_EQ(read("allowed/sub/../a.scxml")->bytes, "inside");
}

TEST_F(FolderTest, DotsDoNotLeadOut) {
    EXPECT_EQ(read("allowed/../secret").error().code(), ErrorCode::kForbidden);
}

TEST_F(FolderTest, SymbolicLinksDoNotLeadOut) {
    fs::create_symlink(root_ / "secret", root_ / "allowed" / "link.scxml");
    fs::create_directory_symlink(root_, root_ / "allowed" / "up");

    EXPECT_EQ(read("allowed/link.scxml").error().code(), ErrorCode::kForbidden);
    EXPECT_EQ(read("allowed/up/secret").error().code(), ErrorCode::kForbidden);
}

TEST_F(FolderTest, AFolderWithALongerNameIsNotTheFolder) {
    fs::create_directories(root_ / "allowed-not");
    write("allowed-not/c.scxml", "x");

    EXPECT_EQ(read("allowed-not/c.scxml").error().code(), ErrorCode::kForbidden);
}

TEST_F(FolderTest, FoldersMissingFilesAndLargeFilesAreRefused) {
    EXPECT_EQ(read("allowed/sub").error().code(), ErrorCode::kForbidden);
    EXPECT_EQ(read("allowed/none").error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(read("allowed/a.scxml", 5).error().code(), ErrorCode::kTooLarge);
}

TEST_F(FolderTest, AnUnchangedFileIsNotReadTwice) {
    OutsideOptions options;
    options.policy.folders = {(root_ / "allowed").string()};
    const SystemClock clock;
    const WorldOutside outside(options, clock);
    const std::string url = to_url((root_ / "allowed" / "a.scxml").string());

    const auto first = outside.read_file({url, "", ""});
    ASSERT_TRUE(first) << first.error().message();
    const auto second = outside.read_file({url, first->etag, ""});
    write("allowed/a.scxml", "changed now");
    const auto third = outside.read_file({url, first->etag, ""});

    EXPECT_EQ(first->bytes, "inside");
    EXPECT_TRUE(second->not_modified);
    EXPECT_FALSE(third->not_modified);
    EXPECT_EQ(third->bytes, "changed now");
}

TEST(OutsideTest, WhatNoPolicyNamesIsRefusedWithTheOption) {
    const SystemClock clock;
    WorldOutside outside({}, clock);
    std::string fetched;
    std::string sent;

    outside.fetch({"http://127.0.0.1:1/a", "", ""},
                  [&](const auto& answer) { fetched = answer.error().message(); });
    outside.send({"id", "http://127.0.0.1:1/a", "", "text/plain"},
                 [&](const auto& answer) { sent = answer.error().message(); });

    EXPECT_THAT(fetched, testing::HasSubstr("fetch-prefixes"));
    EXPECT_THAT(sent, testing::HasSubstr("send-prefixes"));
}

TEST(OutsideTest, LocationsNeedAListener) {
    const SystemClock clock;
    WorldOutside outside({}, clock);
    EXPECT_EQ(outside.basic_http_location("S"), "");

    outside.set_listener("http://127.0.0.1:8077", "https://fermata.example");

    EXPECT_EQ(outside.basic_http_location("S"),
              "https://fermata.example/scxml/session/S/basichttp");
}

TEST(CommandLineTest, OptionsOfTheTableAreTakenOut) {
    std::vector<std::string> arguments{"serve",       "--http.port=1", "--config", "a.toml",
                                       "--log.level", "debug",         "--",       "--x.y=1"};

    const auto taken = take_option_arguments(arguments);

    EXPECT_THAT(taken, testing::ElementsAre("http.port=1", "log.level=debug"));
    EXPECT_THAT(arguments, testing::ElementsAre("serve", "--config", "a.toml", "--", "--x.y=1"));
}

TEST(RunScriptTest, ReadsSteps) {
    const auto script =
        parse_script(R"([{"after":5,"event":{"name":"go","data":[1]},"expect":["b","a"]},{}])");

    ASSERT_TRUE(script) << script.error().message();
    ASSERT_EQ(script->size(), 2U);
    EXPECT_EQ(script->front().after.count(), 5);
    EXPECT_EQ(script->front().event->name, "go");
    EXPECT_EQ(script->front().event->data.to_json(), "[1]");
    EXPECT_THAT(*script->front().expect, testing::ElementsAre("a", "b"));
    EXPECT_FALSE(script->back().expect);
}

TEST(RunScriptTest, NamesTheStepThatIsWrong) {
    for (const char* text : {"{}", "[{}, 5]", R"([{}, {"event":"go"}])", R"([{}, {"expect":"a"}])",
                             R"([{}, {"afterwards":1}])"}) {
        const auto script = parse_script(text);
        ASSERT_FALSE(script) << text;
        if (std::string_view(text) != "{}") {
            EXPECT_THAT(script.error().message(), testing::HasSubstr("step 2")) << text;
        }
    }
}

}  // namespace
}  // namespace fermata::app

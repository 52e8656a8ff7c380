#include "app/settings_watch.h"

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/testing.h"

namespace fermata::app {
namespace {

using testing::HasSubstr;

class SettingsWatchTest : public testing::Test {
  protected:
    void write(const std::string& text) { std::ofstream(path_) << text; }
    void watch(SettingsSources sources) {
        sources.file = path_;
        watch_.emplace(
            sources, *Settings::load(sources),
            [this](Result<std::vector<OptionChange>> changes) {
                const std::lock_guard lock(mutex_);
                told_ = std::move(changes);
                arrived_.notify_all();
            },
            std::chrono::milliseconds(5));
    }
    // What is told next.
    Result<std::vector<OptionChange>> told() {
        std::unique_lock lock(mutex_);
        if (!arrived_.wait_for(lock, std::chrono::seconds(20),
                               [this] { return told_.has_value(); })) {
            return Error(ErrorCode::kTimeout, "nothing was told");
        }
        return *std::exchange(told_, std::nullopt);
    }

    store::TemporaryFolder folder_;
    const std::string path_ = (folder_.path() / "fermata.toml").string();
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::optional<Result<std::vector<OptionChange>>> told_;
    std::optional<SettingsWatch> watch_;
};

TEST_F(SettingsWatchTest, TellsWhatTheNextStartWouldChange) {
    write("[http]\nport = 1\n");
    watch({});
    write("[http]\nport = 2\nthreads = 3\n");

    const auto changes = told();
    ASSERT_TRUE(changes) << changes.error().message();
    ASSERT_EQ(changes->size(), 2U);
    EXPECT_EQ(full_name(*changes->at(0).option), "http.port");
    EXPECT_EQ(changes->at(0).running, "1");
    EXPECT_EQ(changes->at(0).in_file, "2");
    EXPECT_EQ(full_name(*changes->at(1).option), "http.threads");
}

TEST_F(SettingsWatchTest, WhatTheCommandLineDecidesDoesNotChange) {
    write("[http]\nport = 1\n");
    watch({"", {{"FERMATA_HTTP_THREADS", "4"}}, {"http.port=9"}});
    write("[http]\nport = 20\nthreads = 3\n");

    const auto changes = told();
    ASSERT_TRUE(changes) << changes.error().message();
    EXPECT_TRUE(changes->empty());
}

TEST_F(SettingsWatchTest, ChangedPasswordsAreToldAndNotShown) {
    write("[persistence]\npassword = \"shark\"\n");
    watch({});
    write("[persistence]\npassword = \"swordfish\"\n");

    const auto changes = told();
    ASSERT_TRUE(changes) << changes.error().message();
    ASSERT_EQ(changes->size(), 1U);
    EXPECT_EQ(changes->at(0).running, "(secret)");
    EXPECT_EQ(changes->at(0).in_file, "(secret)");
}

TEST_F(SettingsWatchTest, AFileThatCannotBeUsedIsToldAndThenThatItCanAgain) {
    write("[http]\nport = 1\n");
    watch({});
    write("[http]\nprot = 1\n");
    const auto broken = told();
    ASSERT_FALSE(broken);
    EXPECT_THAT(broken.error().message(), HasSubstr("did you mean http.port?"));

    write("[http]\nport = 1\n\n");
    const auto mended = told();
    ASSERT_TRUE(mended) << mended.error().message();
    EXPECT_TRUE(mended->empty());
}

}  // namespace
}  // namespace fermata::app

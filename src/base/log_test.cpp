#include "base/log.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace fermata {
namespace {

std::string written_by(log::Format format) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("fermata-log-test-" + std::to_string(::getpid()) + ".log");
    std::filesystem::remove(path);
    log::configure({log::Level::kInfo, format, path.string()});
    log::debug("not shown");
    log::info("session started", {{"name", "two\nlines \"quoted\""}, {"count", 3}});
    log::flush();
    log::configure({});
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    std::filesystem::remove(path);
    return text.str();
}

TEST(LogTest, OutsideInputCannotForgeALine) {
    const std::string text = written_by(log::Format::kText);

    EXPECT_NE(text.find(R"(session started name="two\nlines \"quoted\"" count=3)"),
              std::string::npos);
    EXPECT_EQ(text.find("not shown"), std::string::npos);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(LogTest, JsonLinesCarryTheFields) {
    const std::string text = written_by(log::Format::kJson);

    EXPECT_NE(text.find(R"("msg":"session started","name":"two\nlines \"quoted\"","count":"3"})"),
              std::string::npos);
}

}  // namespace
}  // namespace fermata

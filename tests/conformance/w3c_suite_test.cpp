// Runs the automatic documents of the W3C suite that need no HTTP, unchanged, against the
// interpreter with a simulated engine. A document passes when its session ends in the final state
// "pass".
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scxml/testing.h"

namespace fermata::scxml {
namespace {

// The longest guard of the suite is 30 s (SOURCES.md of the suite).
constexpr std::int64_t kPatienceMs = 35'000;

std::string suite_folder() {
    return std::string(FERMATA_SHARED_DIR) + "/suites/w3c-ecma/";
}

Result<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return Error(ErrorCode::kNotFound, "no file " + path);
    }
    return std::string(std::istreambuf_iterator<char>(file), {});
}

struct Document {
    std::string file;
    bool is_mandatory = false;
};

std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> fields;
    std::istringstream text(line);
    for (std::string field; std::getline(text, field, '\t');) {
        fields.push_back(field);
    }
    return fields;
}

std::vector<Document> documents() {
    constexpr std::size_t kFile = 1;
    constexpr std::size_t kConformance = 4;
    constexpr std::size_t kMode = 5;
    constexpr std::size_t kBasicHttp = 7;
    std::vector<Document> found;
    std::ifstream manifest(suite_folder() + "manifest.tsv");
    for (std::string line; std::getline(manifest, line);) {
        const std::vector<std::string> fields = split(line);
        if (fields.size() > kBasicHttp && fields[kMode] == "auto" && fields[kBasicHttp] == "no") {
            found.push_back({fields[kFile], fields[kConformance] == "mandatory"});
        }
    }
    return found;
}

class W3cSuiteTest : public ::testing::TestWithParam<Document> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(W3cSuiteTest);

TEST_P(W3cSuiteTest, EndsInPass) {
    const Result<std::string> text = read_file(suite_folder() + GetParam().file);
    ASSERT_TRUE(text) << text.error().to_string();
    testing::Simulation simulation;
    const std::string base = "file:///suite/";
    simulation.set_fetch([&](const std::string& url) -> Result<std::string> {
        return read_file(suite_folder() + url.substr(url.find_last_of("/:") + 1));
    });

    simulation.start(*text, {}, base + GetParam().file);
    simulation.run_for(kPatienceMs);

    ASSERT_EQ(simulation.ends().size(), 1U) << "still in: " << simulation.active() << "\n"
                                            << simulation.take_trace();
    EXPECT_THAT(simulation.ends().front().configuration, ::testing::ElementsAre("pass"))
        << simulation.ends().front().detail << simulation.take_trace();
}

INSTANTIATE_TEST_SUITE_P(Documents, W3cSuiteTest, ::testing::ValuesIn(documents()),
                         [](const auto& each) {
                             const std::string& file = each.param.file;
                             return (each.param.is_mandatory ? "Mandatory_" : "Optional_") +
                                    file.substr(0, file.find('.'));
                         });

TEST(W3cSuite, IsThere) {
    const std::size_t count = documents().size();
    if (count == 0) {
        std::cout << "left out: no suite in " << suite_folder() << "\n";
        return;
    }
    // 193 automatic documents, 12 of them need BasicHTTP.
    EXPECT_EQ(count, 181U);
}

}  // namespace
}  // namespace fermata::scxml

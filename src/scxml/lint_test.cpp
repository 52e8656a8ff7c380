#include "scxml/lint.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scxml/loader.h"
#include "scxml/rule_ids.h"

namespace fermata::scxml {
namespace {

const std::filesystem::path kDocuments =
    std::filesystem::path(FERMATA_SOURCE_DIR) / "tests" / "lint";

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
}

// "line:column rule" for each finding; resources come from the document's folder.
std::vector<std::string> findings_of(const std::filesystem::path& path) {
    DocumentText text;
    text.url = "file://" + path.string();
    text.bytes = read_file(path);
    LoadOptions options;
    options.lint = true;
    ResourceSet resources;
    LoadOutcome outcome = load(text, resources, options);
    for (const std::string& url : outcome.missing) {
        resources.add(url, Error(ErrorCode::kNotFound, "no such file"));
    }
    if (!outcome.missing.empty()) {
        outcome = load(text, resources, options);
    }
    EXPECT_TRUE(outcome.missing.empty());
    EXPECT_EQ(outcome.chart == nullptr, has_errors(outcome.findings));
    std::vector<std::string> lines;
    for (const Finding& finding : outcome.findings) {
        lines.push_back(fmt::format("{}:{} {}", finding.line, finding.column, finding.rule));
    }
    return lines;
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back(line);
    }
    return lines;
}

TEST(LintTest, EveryRuleFindsWhatItsDocumentBreaksAndNothingElse) {
    for (const std::string_view rule : rule::kAll) {
        const std::filesystem::path document = kDocuments / (std::string(rule) + ".scxml");
        std::filesystem::path expected = document;
        expected.replace_extension(".expected");

        const std::vector<std::string> lines = lines_of(expected);

        EXPECT_EQ(findings_of(document), lines) << rule;
        const bool names_rule = std::any_of(
            lines.begin(), lines.end(),
            [&](const std::string& line) { return line.ends_with(" " + std::string(rule)); });
        EXPECT_TRUE(names_rule) << expected << " does not name its rule";
    }
}

TEST(LintTest, ASoundDocumentGetsNoFinding) {
    EXPECT_THAT(findings_of(kDocuments / "sound.scxml"), testing::IsEmpty());
}

TEST(LintTest, ThePageOfRulesListsExactlyTheRulesThereAre) {
    std::set<std::string> sections;
    for (const std::string& line :
         lines_of(std::filesystem::path(FERMATA_SOURCE_DIR) / "docs/reference/lint-rules.md")) {
        if (line.starts_with("### ")) {
            sections.insert(line.substr(4));
        }
    }

    EXPECT_EQ(sections, std::set<std::string>(rule::kAll.begin(), rule::kAll.end()));
}

}  // namespace
}  // namespace fermata::scxml

#include "scxml/validate.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scxml/document.h"

namespace fermata::scxml {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string chart(std::string_view inside) {
    return "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" version=\"1.0\" "
           "datamodel=\"ecmascript\">" +
           std::string(inside) + "</scxml>";
}

Findings findings_of(std::string_view bytes) {
    DocumentText text;
    text.url = "file:///main.scxml";
    text.bytes = bytes;
    return read_document(text, {}, {}).findings;
}

std::vector<std::string> rules_of(std::string_view bytes) {
    std::vector<std::string> rules;
    for (const Finding& finding : findings_of(bytes)) {
        rules.push_back(finding.rule);
    }
    return rules;
}

struct Case {
    const char* name;
    const char* inside;
    std::vector<std::string> rules;
};

void expect_rules(const std::vector<Case>& cases) {
    for (const Case& example : cases) {
        EXPECT_EQ(rules_of(chart(example.inside)), example.rules) << example.name;
    }
}

TEST(ValidateTest, ChecksTheDocumentElement) {
    const std::string ns = "xmlns=\"http://www.w3.org/2005/07/scxml\"";
    const std::string state = "><state id=\"a\"/></scxml>";

    EXPECT_THAT(rules_of("<chart/>"), ElementsAre("wrong-root"));
    EXPECT_THAT(rules_of("<scxml version=\"1.0\"/>"), ElementsAre("missing-namespace"));
    EXPECT_THAT(rules_of("<scxml " + ns + " version=\"2.0\"" + state),
                ElementsAre("wrong-version"));
    EXPECT_THAT(rules_of("<scxml " + ns + " version=\"1.0\" datamodel=\"xpath\"" + state),
                ElementsAre("unknown-datamodel"));
    EXPECT_THAT(rules_of("<scxml " + ns + " version=\"1.0\" binding=\"never\"" + state),
                ElementsAre("attribute-value"));
    EXPECT_THAT(rules_of("<scxml " + ns + " version=\"1.0\"/>"), ElementsAre("missing-element"));
    EXPECT_THAT(rules_of("<scxml " + ns + " version=\"1.0\" datamodel=\"null\"" + state),
                IsEmpty());
}

TEST(ValidateTest, ChecksElementsAndAttributes) {
    expect_rules({
        {"unknown element", "<stat id=\"a\"/><state/>", {"unknown-element"}},
        {"transition at the top",
         "<state id=\"a\"/><transition target=\"a\"/>",
         {"document-transition"}},
        {"transition in final",
         "<final id=\"a\"><transition target=\"a\"/></final>",
         {"misplaced-element"}},
        {"executable content in state", "<state><log expr=\"1\"/></state>", {"misplaced-element"}},
        {"state in parallel's history",
         "<parallel><history id=\"h\"><state/></history></parallel>",
         {"missing-element", "misplaced-element"}},
        {"unknown attribute",
         "<state><transition targt=\"a\"/></state>",
         {"unknown-attribute", "aimless-transition"}},
        {"attribute of another namespace",
         "<state xmlns:e=\"http://editor\" e:x=\"12\" id=\"a\"/>",
         {}},
        {"element of another namespace outside executable content",
         "<e:layout xmlns:e=\"http://editor\"/><state/>",
         {}},
        {"element without namespace",
         "<state><onentry><log xmlns=\"\"/></onentry></state>",
         {"missing-namespace"}},
        {"missing attribute", "<state><onentry><raise/></onentry></state>", {"missing-attribute"}},
        {"second donedata", "<final><donedata/><donedata/></final>", {"repeated-element"}},
        {"text", "<state>hello</state>", {"unexpected-text"}},
        {"old attribute", "<state/><state id=\"b\" src=\"x\"/>", {"unknown-attribute"}},
    });
}

TEST(ValidateTest, ChecksAttributesThatExcludeEachOther) {
    expect_rules({
        {"data", "<datamodel><data id=\"a\" expr=\"1\">2</data></datamodel><state/>", {"conflict"}},
        {"assign",
         "<state><onentry><assign location=\"a\" expr=\"1\">2</assign></onentry></state>",
         {"conflict"}},
        {"content",
         "<final><donedata><content expr=\"1\">2</content></donedata></final>",
         {"conflict"}},
        {"content with blanks",
         "<final><donedata><content expr=\"1\"> </content></donedata></final>",
         {}},
        {"donedata",
         "<final><donedata><content expr=\"1\"/><param name=\"a\" expr=\"1\"/></donedata></final>",
         {"conflict"}},
        {"param",
         "<final><donedata><param name=\"a\" expr=\"1\" location=\"b\"/></donedata></final>",
         {"conflict"}},
        {"param without value",
         "<final><donedata><param name=\"a\"/></donedata></final>",
         {"missing-attribute"}},
        {"send",
         "<state><onentry><send event=\"a\" eventexpr=\"a\" target=\"b\" targetexpr=\"b\" "
         "type=\"c\" typeexpr=\"c\" id=\"d\" idlocation=\"d\" delay=\"1s\" delayexpr=\"1\"/>"
         "</onentry></state>",
         {"conflict", "conflict", "conflict", "conflict", "conflict"}},
        {"send namelist and content",
         "<state><onentry><send event=\"a\" namelist=\"b\"><content>1</content></send>"
         "</onentry></state>",
         {"conflict"}},
        {"send namelist and param",
         "<state><onentry><send event=\"a\" namelist=\"b\"><param name=\"c\" expr=\"1\"/></send>"
         "</onentry></state>",
         {}},
        {"delayed internal event",
         "<state><onentry><send event=\"a\" target=\"#_internal\" delay=\"1s\"/></onentry></state>",
         {"conflict"}},
        {"send of nothing", "<state><onentry><send/></onentry></state>", {"missing-attribute"}},
        {"cancel", "<state><onentry><cancel/></onentry></state>", {"missing-attribute"}},
        {"cancel both",
         "<state><onentry><cancel sendid=\"a\" sendidexpr=\"a\"/></onentry></state>",
         {"conflict"}},
        {"invoke src and content",
         "<state><invoke src=\"a\"><content>b</content></invoke></state>",
         {"conflict"}},
        {"invoke namelist and param",
         "<state><invoke src=\"a\" namelist=\"b\"><param name=\"c\" expr=\"1\"/></invoke></state>",
         {"conflict"}},
        {"autoforward",
         "<state><invoke src=\"a\" autoforward=\"yes\"/></state>",
         {"attribute-value"}},
        {"transition type",
         "<state><transition event=\"a\" type=\"inner\"/></state>",
         {"attribute-value"}},
        {"elseif behind else",
         "<state><onentry><if cond=\"a\"><else/><elseif cond=\"b\"/></if></onentry></state>",
         {"misplaced-element"}},
        {"two else",
         "<state><onentry><if cond=\"a\"><else/><else/></if></onentry></state>",
         {"repeated-element"}},
        {"both initials",
         "<state initial=\"a\"><initial><transition target=\"a\"/></initial><state id=\"a\"/>"
         "</state>",
         {"conflict"}},
    });
}

TEST(ValidateTest, ChecksIdsAndTargets) {
    expect_rules({
        {"id", "<state id=\"1a\"/>", {"invalid-id"}},
        {"id with blanks", "<state id=\"a b\"/>", {"invalid-id"}},
        {"unicode id", "<state id=\"\xc3\xa4\"/>", {}},
        {"same state twice", "<state id=\"a\"/><final id=\"a\"/>", {"duplicate-id"}},
        {"same data twice",
         "<datamodel><data id=\"a\"/></datamodel><state id=\"a\"><datamodel><data id=\"a\"/>"
         "</datamodel></state>",
         {"duplicate-id"}},
        {"unknown target", "<state><transition target=\"b\"/></state>", {"unknown-target"}},
        {"empty target",
         "<state><transition event=\"a\" target=\"\"/></state>",
         {"attribute-value"}},
        {"nothing to do", "<state><transition/></state>", {"aimless-transition"}},
        {"siblings",
         "<state id=\"a\"><transition target=\"a b\"/></state><state id=\"b\"/>",
         {"illegal-target"}},
        {"regions",
         "<state id=\"a\"><transition target=\"c d\"/></state><parallel id=\"p\"><state id=\"b\">"
         "<state id=\"c\"/></state><state id=\"d\"/></parallel>",
         {}},
        {"third disagrees with first",
         "<state id=\"a\"><transition target=\"c d e\"/></state><parallel id=\"p\"><state id=\"b\">"
         "<state id=\"c\"/><state id=\"e\"/></state><state id=\"d\"/></parallel>",
         {"illegal-target"}},
        {"ancestor and descendant",
         "<state id=\"a\"><transition target=\"b c\"/></state><state id=\"b\"><state id=\"c\"/>"
         "</state>",
         {}},
    });
}

TEST(ValidateTest, ChecksInitialStatesAndHistories) {
    expect_rules({
        {"initial elsewhere",
         "<state initial=\"b\"><state id=\"a\"/></state><state id=\"b\"/>",
         {"illegal-target"}},
        {"initial deep inside",
         "<state initial=\"b\"><state id=\"a\"><state id=\"b\"/></state></state>",
         {}},
        {"initial of an atomic state",
         "<state initial=\"b\"/><state id=\"b\"/>",
         {"initial-state"}},
        {"empty initial", "<state initial=\" \"><state id=\"a\"/></state>", {"initial-state"}},
        {"initial without transition",
         "<state><initial/><state id=\"a\"/></state>",
         {"missing-element"}},
        {"initial with condition",
         "<state><initial><transition cond=\"true\" target=\"a\"/></initial><state id=\"a\"/>"
         "</state>",
         {"default-transition"}},
        {"initial without target",
         "<state><initial><transition><log/></transition></initial><state id=\"a\"/></state>",
         {"default-transition", "aimless-transition"}},
        {"initial leads out",
         "<state><initial><transition target=\"b\"/></initial><state id=\"a\"/></state>"
         "<state id=\"b\"/>",
         {"illegal-target"}},
        {"history without transition",
         "<state><history id=\"h\"/><state id=\"a\"/></state>",
         {"missing-element"}},
        {"history leads out",
         "<state><history id=\"h\"><transition target=\"b\"/></history><state id=\"a\"/></state>"
         "<state id=\"b\"/>",
         {"illegal-target"}},
        {"history with event",
         "<state><history id=\"h\"><transition event=\"e\" target=\"a\"/></history>"
         "<state id=\"a\"/></state>",
         {"default-transition"}},
        {"history type",
         "<state><history id=\"h\" type=\"low\"><transition target=\"a\"/></history>"
         "<state id=\"a\"/></state>",
         {"attribute-value"}},
    });
}

TEST(ValidateTest, SaysWhereItIsAndWhatToDo) {
    const Findings findings = findings_of(chart("\n  <state id=\"a\">\n    <transiton/></state>"));

    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].line, 3U);
    EXPECT_EQ(findings[0].column, 5U);
    EXPECT_EQ(findings[0].hint, "did you mean transition?");
}

TEST(ValidateTest, HugeTargetListsAreCheckedInLinearTime) {
    std::string list;
    std::string states;
    for (int at = 0; at < 50'000; ++at) {
        const std::string id = "s" + std::to_string(at);
        list += id + " ";
        states += "<state id=\"" + id + "\"/>";
    }

    EXPECT_THAT(rules_of(chart("<state><transition target=\"" + list + "\"/></state><parallel>" +
                               states + "</parallel>")),
                IsEmpty());
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
}

// Reads a document with whatever it asks for from the same folder.
ReadOutcome read_with_neighbours(const std::filesystem::path& path) {
    DocumentText text;
    text.url = "file://" + path.string();
    text.bytes = read_file(path);
    ResourceSet resources;
    ReadOutcome outcome = read_document(text, resources, {});
    while (!outcome.missing.empty()) {
        for (const std::string& url : outcome.missing) {
            const std::string file = url.starts_with("file://") ? url.substr(7) : url;
            if (std::filesystem::exists(file)) {
                resources.add(url, read_file(file));
            } else {
                resources.add(url, Error(ErrorCode::kNotFound, "no such file"));
            }
        }
        outcome = read_document(text, resources, {});
    }
    return outcome;
}

TEST(ValidateTest, LoadsTheW3cSuiteExactlyAsItShould) {
    const std::filesystem::path folder =
        std::filesystem::path(FERMATA_SHARED_DIR) / "suites" / "w3c-ecma";
    if (!std::filesystem::exists(folder)) {
        GTEST_SKIP() << "no suite in " << folder;
    }
    std::size_t loaded = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".scxml") {
            continue;
        }
        const ReadOutcome outcome = read_with_neighbours(entry.path());
        if (entry.path().filename() == "test301.scxml") {
            ASSERT_EQ(outcome.document, nullptr);
            EXPECT_EQ(outcome.findings[0].rule, "script-unavailable");
            continue;
        }
        EXPECT_NE(outcome.document, nullptr) << entry.path() << "\n"
                                             << findings_text(outcome.findings);
        loaded += outcome.document == nullptr ? 0 : 1;
    }
    EXPECT_EQ(loaded, 205U);
}

}  // namespace
}  // namespace fermata::scxml

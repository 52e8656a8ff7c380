#include "scxml/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fermata::scxml {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kUrl = "file:///charts/main.scxml";

std::string chart(std::string_view inside) {
    return "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" version=\"1.0\" "
           "datamodel=\"ecmascript\" xmlns:xi=\"http://www.w3.org/2001/XInclude\">\n" +
           std::string(inside) + "</scxml>";
}

ReadOutcome read(std::string_view bytes, const ResourceSet& resources = {},
                 const LoadOptions& options = {}) {
    DocumentText text;
    text.url = kUrl;
    text.bytes = bytes;
    return read_document(text, resources, options);
}

TEST(DocumentTest, ReadsASoundDocumentWithoutAWord) {
    const ReadOutcome outcome = read(chart("<state id=\"a\"/>"));

    ASSERT_NE(outcome.document, nullptr) << findings_text(outcome.findings);
    EXPECT_TRUE(outcome.findings.empty()) << findings_text(outcome.findings);
    EXPECT_EQ(outcome.document->hash.size(), 64U);
    EXPECT_EQ(outcome.document->xml.root().name, "scxml");
}

TEST(DocumentTest, MalformedXmlIsAFindingWithItsPlace) {
    const ReadOutcome outcome = read(chart("<state id=\"a\">\n"));

    ASSERT_EQ(outcome.findings.size(), 1U);
    EXPECT_EQ(outcome.document, nullptr);
    EXPECT_EQ(outcome.findings[0].rule, "malformed-xml");
    EXPECT_EQ(outcome.findings[0].url, kUrl);
    EXPECT_EQ(outcome.findings[0].line, 3U);
}

TEST(DocumentTest, AsksForScriptAndDataByAbsoluteUrlOnce) {
    const ReadOutcome outcome =
        read(chart("<script src=\"lib/a.js\"/><datamodel><data id=\"x\" src=\"/x.json\"/><data "
                   "id=\"y\" src=\"/x.json\"/></datamodel><state id=\"a\"/>"));

    EXPECT_THAT(outcome.missing, ElementsAre("file:///charts/lib/a.js", "file:///x.json"));
    EXPECT_EQ(outcome.document, nullptr);
    EXPECT_TRUE(outcome.findings.empty());
}

TEST(DocumentTest, ResourcesInsideContentBelongToTheChild) {
    const ReadOutcome outcome = read(
        chart("<state id=\"a\"><invoke><content><scxml version=\"1.0\"><script src=\"child.js\"/>"
              "</scxml></content></invoke></state>"));

    EXPECT_TRUE(outcome.missing.empty());
    EXPECT_NE(outcome.document, nullptr) << findings_text(outcome.findings);
}

TEST(DocumentTest, AScriptThatCannotBeHadRefusesTheDocument) {
    ResourceSet resources;
    resources.add("file:///charts/a.js", Error(ErrorCode::kNotFound, "no such file"));

    const ReadOutcome outcome = read(chart("<script src=\"a.js\"/><state id=\"a\"/>"), resources);

    EXPECT_EQ(outcome.document, nullptr);
    ASSERT_EQ(outcome.findings.size(), 1U);
    EXPECT_EQ(outcome.findings[0].rule, "script-unavailable");
    EXPECT_EQ(outcome.findings[0].line, 2U);
    EXPECT_THAT(outcome.findings[0].message, HasSubstr("no such file"));
}

TEST(DocumentTest, DataThatCannotBeHadIsLeftToTheSession) {
    ResourceSet resources;
    resources.add("file:///charts/a.json", Error(ErrorCode::kNotFound, "no such file"));

    const ReadOutcome outcome =
        read(chart("<datamodel><data id=\"x\" src=\"a.json\"/></datamodel><state id=\"a\"/>"),
             resources);

    ASSERT_NE(outcome.document, nullptr);
    EXPECT_FALSE(outcome.document->resources.at("file:///charts/a.json"));
    ASSERT_EQ(outcome.findings.size(), 1U);
    EXPECT_EQ(outcome.findings[0].severity, Severity::kWarning);
}

TEST(DocumentTest, DecodesResourcesByTheirByteOrderMark) {
    ResourceSet resources;
    resources.add("file:///charts/a.js", std::string("\xff\xfe"
                                                     "1\0;\0",
                                                     6));

    const ReadOutcome outcome = read(chart("<script src=\"a.js\"/><state id=\"a\"/>"), resources);

    ASSERT_NE(outcome.document, nullptr) << findings_text(outcome.findings);
    EXPECT_EQ(*outcome.document->resources.at("file:///charts/a.js"), "1;");
}

TEST(DocumentTest, TheHashChangesWithEverythingTheSessionDependsOn) {
    const std::string text = chart("<script src=\"a.js\"/><state id=\"a\"/>");
    ResourceSet one;
    one.add("file:///charts/a.js", std::string("var a = 1"));
    ResourceSet two;
    two.add("file:///charts/a.js", std::string("var a = 2"));

    const std::string hash = read(text, one).document->hash;

    EXPECT_EQ(read(text, one).document->hash, hash);
    EXPECT_NE(read(text, two).document->hash, hash);
    EXPECT_NE(read(text + "\n", one).document->hash, hash);
}

TEST(DocumentTest, RefusesTheOrsDialectAndForeignActionsByName) {
    const ReadOutcome ors = read(
        "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" version=\"1.0\" "
        "profile=\"ecmascript\"><state id=\"a\"/></scxml>");
    const ReadOutcome foreign =
        read(chart("<state id=\"a\"><onentry><q:submit xmlns:q=\"www.example.com/queue\"/>"
                   "</onentry></state>"));

    ASSERT_EQ(ors.findings.size(), 1U);
    EXPECT_THAT(ors.findings[0].message, HasSubstr("the ORS dialect"));
    ASSERT_EQ(foreign.findings.size(), 1U);
    EXPECT_EQ(foreign.findings[0].message,
              "executable content <q:submit> of namespace www.example.com/queue is not available "
              "in this build");
}

TEST(DocumentTest, AcceptsRegisteredActions) {
    ActionRegistry actions;
    ActionKind submit;
    submit.ns = "www.example.com/queue";
    submit.name = "submit";
    actions.add(submit);
    LoadOptions options;
    options.actions = &actions;

    const ReadOutcome outcome =
        read(chart("<state id=\"a\"><onentry><q:submit xmlns:q=\"http://www.example.com/queue\"/>"
                   "</onentry></state>"),
             {}, options);

    EXPECT_NE(outcome.document, nullptr) << findings_text(outcome.findings);
}

TEST(DocumentTest, CountsResourcesAgainstMaxIncludes) {
    LoadOptions options;
    options.limits.includes_max = 1;
    ResourceSet resources;
    resources.add("file:///charts/a.js", std::string("1"));
    resources.add("file:///charts/b.js", std::string("2"));

    const ReadOutcome outcome = read(chart("<script src=\"a.js\"/><state id=\"a\"><onentry><script "
                                           "src=\"b.js\"/></onentry></state>"),
                                     resources, options);

    ASSERT_EQ(outcome.findings.size(), 1U);
    EXPECT_EQ(outcome.findings[0].rule, "include-limit");
}

}  // namespace
}  // namespace fermata::scxml

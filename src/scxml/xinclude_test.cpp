#include "scxml/xinclude.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fermata::scxml {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string with_root(std::string_view inside) {
    return "<r xmlns:xi=\"http://www.w3.org/2001/XInclude\">" + std::string(inside) + "</r>";
}

Expanded expand(std::string_view text, const ResourceSet& resources,
                const DocumentLimits& limits = {}) {
    auto document = value::parse_xml(text, "file:///a/main.xml", {});
    EXPECT_TRUE(document);
    return expand_includes(std::move(*document), resources, limits);
}

std::string inside(const Expanded& expanded) {
    return expanded.xml.inner_xml(0);
}

std::vector<std::string> rules(const Expanded& expanded) {
    std::vector<std::string> found;
    for (const Finding& finding : expanded.findings) {
        found.push_back(finding.rule);
    }
    return found;
}

TEST(XIncludeTest, AsksForWhatItDoesNotHave) {
    const Expanded expanded =
        expand(with_root("<xi:include href=\"x.xml\"/><xi:include href=\"../b/y.xml\"/>"), {});

    EXPECT_THAT(expanded.missing, ElementsAre("file:///a/x.xml", "file:///b/y.xml"));
    EXPECT_THAT(expanded.findings, IsEmpty());
}

TEST(XIncludeTest, IncludesADocumentAndKeepsItsPlaces) {
    ResourceSet resources;
    resources.add("file:///a/x.xml", std::string("<x>\n  <y/>\n</x>"));

    const Expanded expanded = expand(with_root("<xi:include href=\"x.xml\"/>"), resources);

    EXPECT_THAT(rules(expanded), IsEmpty());
    EXPECT_THAT(expanded.xml.sources, ElementsAre("file:///a/main.xml", "file:///a/x.xml"));
    EXPECT_THAT(expanded.used, ElementsAre("file:///a/x.xml"));
    const value::XmlNode& y = expanded.xml.at(3);
    EXPECT_EQ(y.name, "y");
    EXPECT_EQ(y.place.source, 1U);
    EXPECT_EQ(y.place.line, 2U);
    EXPECT_EQ(y.place.column, 3U);
}

TEST(XIncludeTest, NestedReferencesAreSeenFromTheirOwnFile) {
    ResourceSet resources;
    resources.add("file:///a/sub/x.xml",
                  std::string("<x><xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" "
                              "href=\"y.xml\"/></x>"));
    resources.add("file:///a/sub/y.xml", std::string("<y/>"));

    const Expanded expanded = expand(with_root("<xi:include href=\"sub/x.xml\"/>"), resources);

    EXPECT_THAT(rules(expanded), IsEmpty());
    EXPECT_EQ(inside(expanded), "<x><y/></x>");
}

TEST(XIncludeTest, XpointerPicksOneElement) {
    ResourceSet resources;
    resources.add("file:///a/x.xml",
                  std::string("<x><a/><b id=\"b\"><c/><d/></b><e xml:id=\"e\"/></x>"));
    const auto include = [&](std::string_view xpointer) {
        return expand(
            with_root("<xi:include href=\"x.xml\" xpointer=\"" + std::string(xpointer) + "\"/>"),
            resources);
    };

    EXPECT_EQ(inside(include("b")), "<b id=\"b\"><c/><d/></b>");
    EXPECT_EQ(inside(include("e")), "<e xml:id=\"e\"/>");
    EXPECT_EQ(inside(include("element(b)")), "<b id=\"b\"><c/><d/></b>");
    EXPECT_EQ(inside(include("element(b/2)")), "<d/>");
    EXPECT_EQ(inside(include("element(/1/2/1)")), "<c/>");
    EXPECT_THAT(rules(include("element(/2)")), ElementsAre("include-unavailable"));
    EXPECT_THAT(rules(include("element(b/0)")), ElementsAre("include-unavailable"));
    EXPECT_THAT(rules(include("nothing")), ElementsAre("include-unavailable"));
    EXPECT_THAT(rules(include("xpath(//b)")), ElementsAre("include-unavailable"));
}

TEST(XIncludeTest, AnElementOfTheSameDocumentCanBeIncluded) {
    const Expanded expanded =
        expand(with_root("<a id=\"a\"><b/></a><xi:include xpointer=\"a\"/>"), {});

    EXPECT_THAT(rules(expanded), IsEmpty());
    EXPECT_EQ(inside(expanded), "<a id=\"a\"><b/></a><a id=\"a\"><b/></a>");
}

TEST(XIncludeTest, TextIsIncludedInItsEncoding) {
    ResourceSet resources;
    resources.add("file:///a/x.js", std::string("a < b // \xe4"));

    const Expanded latin = expand(
        with_root("<xi:include href=\"x.js\" parse=\"text\" encoding=\"ISO-8859-1\"/>"), resources);
    const Expanded utf8 =
        expand(with_root("<xi:include href=\"x.js\" parse=\"text\"/>"), resources);

    EXPECT_EQ(latin.xml.text_of(0), "a < b // \xc3\xa4");
    EXPECT_THAT(rules(utf8), ElementsAre("include-unavailable"));
}

TEST(XIncludeTest, FallbackStandsInForWhatCannotBeHad) {
    ResourceSet resources;
    resources.add("file:///a/x.xml", Error(ErrorCode::kNotFound, "no such file"));

    const Expanded with =
        expand(with_root("<xi:include href=\"x.xml\"><xi:fallback><f/></xi:fallback></xi:include>"),
               resources);
    const Expanded without = expand(with_root("<xi:include href=\"x.xml\"/>"), resources);

    EXPECT_EQ(inside(with), "<f/>");
    EXPECT_THAT(rules(with), IsEmpty());
    EXPECT_THAT(rules(without), ElementsAre("include-unavailable"));
}

TEST(XIncludeTest, MalformedIncludesAreNotCoveredByFallback) {
    ResourceSet resources;
    resources.add("file:///a/x.xml", std::string("<x>"));

    const Expanded expanded =
        expand(with_root("<xi:include href=\"x.xml\"><xi:fallback><f/></xi:fallback></xi:include>"),
               resources);

    ASSERT_THAT(rules(expanded), ElementsAre("malformed-xml"));
    EXPECT_EQ(expanded.findings[0].url, "file:///a/x.xml");
}

TEST(XIncludeTest, LoopsAreRefused) {
    ResourceSet resources;
    resources.add("file:///a/x.xml",
                  std::string("<x><xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" "
                              "href=\"y.xml\"/></x>"));
    resources.add("file:///a/y.xml",
                  std::string("<y><xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" "
                              "href=\"x.xml\"/></y>"));

    EXPECT_THAT(rules(expand(with_root("<xi:include href=\"x.xml\"/>"), resources)),
                ElementsAre("include-loop"));
    EXPECT_THAT(rules(expand(with_root("<xi:include href=\"main.xml\"/>"), resources)),
                ElementsAre("include-loop"));
    EXPECT_THAT(rules(expand(with_root("<a id=\"a\"><xi:include xpointer=\"a\"/></a>"), {})),
                ElementsAre("include-loop"));
}

TEST(XIncludeTest, InclusionsAreCountedSoThatNothingGrowsExponentially) {
    ResourceSet resources;
    const std::string twice =
        "<x xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include href=\"NEXT\"/><xi:include "
        "href=\"NEXT\"/></x>";
    for (int level = 0; level < 40; ++level) {
        std::string text = twice;
        const std::string next = std::to_string(level + 1) + ".xml";
        text.replace(text.rfind("NEXT"), 4, next);
        text.replace(text.find("NEXT"), 4, next);
        resources.add("file:///a/" + std::to_string(level) + ".xml", text);
    }
    resources.add("file:///a/40.xml", std::string("<x/>"));

    const Expanded expanded = expand(with_root("<xi:include href=\"0.xml\"/>"), resources);

    EXPECT_THAT(rules(expanded), ElementsAre("include-limit"));
}

TEST(XIncludeTest, DepthAndNodesCountWithIncludes) {
    ResourceSet resources;
    resources.add("file:///a/x.xml", std::string("<a><b><c/></b></a>"));
    DocumentLimits shallow;
    shallow.depth_max = 3;
    DocumentLimits small;
    small.nodes_max = 3;

    EXPECT_THAT(rules(expand(with_root("<xi:include href=\"x.xml\"/>"), resources, shallow)),
                ElementsAre("include-limit"));
    EXPECT_THAT(rules(expand(with_root("<xi:include href=\"x.xml\"/>"), resources, small)),
                ElementsAre("include-limit"));
}

TEST(XIncludeTest, WrongReferencesAreNamed) {
    EXPECT_THAT(rules(expand(with_root("<xi:include/>"), {})), ElementsAre("include-syntax"));
    EXPECT_THAT(rules(expand(with_root("<xi:include href=\"a\" parse=\"html\"/>"), {})),
                ElementsAre("include-syntax"));
    EXPECT_THAT(rules(expand(with_root("<xi:include href=\"a#b\"/>"), {})),
                ElementsAre("include-syntax"));
    EXPECT_THAT(
        rules(expand(with_root("<xi:include href=\"a\" parse=\"text\" xpointer=\"b\"/>"), {})),
        ElementsAre("include-syntax"));
    EXPECT_THAT(rules(expand(with_root("<xi:include href=\"a\" resolveid=\"true\"/>"), {})),
                ElementsAre("unavailable-dialect"));
}

}  // namespace
}  // namespace fermata::scxml

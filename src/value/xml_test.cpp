#include "value/xml.h"

#include <gtest/gtest.h>

namespace fermata::value {
namespace {

using namespace std::string_literals;

XmlDocument parsed(std::string_view bytes, const XmlOptions& options = {}) {
    auto document = parse_xml(bytes, "file:///chart.scxml", options);
    EXPECT_TRUE(document) << (document ? "" : document.error().message);
    return document ? *std::move(document) : XmlDocument{{XmlNode{}}, {}};
}

XmlError error_of(std::string_view bytes, const XmlOptions& options = {}) {
    const auto document = parse_xml(bytes, "", options);
    EXPECT_FALSE(document) << bytes;
    return document ? XmlError{} : document.error();
}

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string utf16(std::string_view ascii, bool little_endian) {
    std::string bytes = little_endian ? "\xff\xfe" : "\xfe\xff";
    for (const char character : ascii) {
        bytes.append(little_endian ? std::string{character, '\0'} : std::string{'\0', character});
    }
    return bytes;
}

TEST(XmlParseTest, KeepsElementsTextsAndTheOrderOfAttributes) {
    const XmlDocument document = parsed("<a z='1' b='2' m='&lt;'>x<b/>y</a>");

    EXPECT_EQ(document.sources, std::vector<std::string>{"file:///chart.scxml"});
    const XmlNode& root = document.root();
    EXPECT_TRUE(root.is_element("", "a"));
    EXPECT_EQ(root.parent, kNoXml);
    ASSERT_EQ(root.attributes.size(), 3U);
    EXPECT_EQ(root.attributes[0].name, "z");
    EXPECT_EQ(root.attributes[1].name, "b");
    EXPECT_EQ(root.attributes[2].value, "<");
    EXPECT_EQ(*root.find_attribute("b"), "2");
    EXPECT_EQ(root.find_attribute("c"), nullptr);
    ASSERT_EQ(root.children.size(), 3U);
    EXPECT_EQ(document.at(root.children[0]).text, "x");
    EXPECT_EQ(document.at(root.children[1]).name, "b");
    EXPECT_EQ(document.at(root.children[1]).parent, 0U);
    EXPECT_EQ(document.at(root.children[2]).text, "y");
}

TEST(XmlParseTest, ResolvesNamespacesAndKeepsPrefixes) {
    const XmlDocument document =
        parsed("<p:a xmlns:p='urn:p' xmlns='urn:d' p:x='1' xml:lang='de'><b x='2'/></p:a>");

    const XmlNode& root = document.root();
    EXPECT_TRUE(root.is_element("urn:p", "a"));
    EXPECT_EQ(root.prefix, "p");
    const std::vector<std::pair<std::string, std::string>> declarations = {{"p", "urn:p"},
                                                                           {"", "urn:d"}};
    EXPECT_EQ(root.declarations, declarations);
    EXPECT_EQ(*root.find_attribute("urn:p", "x"), "1");
    EXPECT_EQ(root.find_attribute("x"), nullptr);
    EXPECT_EQ(*root.find_attribute("http://www.w3.org/XML/1998/namespace", "lang"), "de");
    const XmlNode& child = document.at(root.children[0]);
    EXPECT_TRUE(child.is_element("urn:d", "b"));
    EXPECT_EQ(*child.find_attribute("x"), "2");
}

TEST(XmlParseTest, PlacesCountFromOneInCharacters) {
    const XmlDocument document = parsed("<?xml version='1.0'?>\n<a>\n  äö<b/>\n</a>");

    EXPECT_EQ(document.root().place.line, 2U);
    EXPECT_EQ(document.root().place.column, 1U);
    const XmlNode& text = document.at(document.root().children[0]);
    EXPECT_EQ(text.place.line, 2U);
    EXPECT_EQ(text.place.column, 4U);
    const XmlNode& child = document.at(document.root().children[1]);
    EXPECT_EQ(child.place.line, 3U);
    EXPECT_EQ(child.place.column, 5U);
}

TEST(XmlParseTest, AdjacentTextIsOneNodeAndCdataItsOwn) {
    const XmlDocument document = parsed(
        "<a>x\n&amp;&#65;<!-- no --><?pi?>y<![CDATA[<\n>]]>z"
        "<![CDATA[]]></a>");

    const auto& children = document.root().children;
    ASSERT_EQ(children.size(), 4U);
    EXPECT_EQ(document.at(children[0]).text, "x\n&Ay");
    EXPECT_EQ(document.at(children[1]).kind, XmlKind::kCdata);
    EXPECT_EQ(document.at(children[1]).text, "<\n>");
    EXPECT_EQ(document.at(children[2]).text, "z");
    EXPECT_EQ(document.at(children[3]).text, "");
    EXPECT_EQ(document.text_of(0), "x\n&Ay<\n>z");
}

TEST(XmlParseTest, CommentsAreNodesOnlyOnRequest) {
    constexpr std::string_view kXml = "<!--before--><a>x<!--in-->y</a><!--behind-->";

    EXPECT_EQ(parsed(kXml).nodes.size(), 2U);
    const XmlDocument document = parsed(kXml, {DocumentLimits{}, true});
    ASSERT_EQ(document.nodes.size(), 4U);
    EXPECT_EQ(document.at(2).kind, XmlKind::kComment);
    EXPECT_EQ(document.at(2).text, "in");
    EXPECT_EQ(document.text_of(0), "xy");
    EXPECT_EQ(document.to_xml(0), "<a>x<!--in-->y</a>");
}

struct Encoded {
    const char* name;
    std::string bytes;
    const char* text;
};

TEST(XmlParseTest, ReadsEveryEncoding) {
    const std::vector<Encoded> cases = {
        {"UTF-8", "<a>\xc3\xa4</a>", "ä"},
        {"UTF-8 with mark", "\xef\xbb\xbf<a>\xc3\xa4</a>", "ä"},
        {"UTF-16, little endian", utf16("<a>x</a>", true), "x"},
        {"UTF-16, big endian", utf16("<a>x</a>", false), "x"},
        {"UTF-16, declared", utf16("<?xml version='1.0' encoding='UTF-16'?><a>x</a>", true), "x"},
        {"ISO-8859-1", "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4</a>", "ä"},
        {"US-ASCII", "<?xml version='1.0' encoding='US-ASCII'?><a>x</a>", "x"},
        {"windows-1252", "<?xml version='1.0' encoding='Windows-1252'?><a>\x80\xe4</a>", "€ä"},
    };
    for (const Encoded& encoded : cases) {
        EXPECT_EQ(parsed(encoded.bytes).text_of(0), encoded.text) << encoded.name;
    }
}

TEST(XmlParseTest, RefusesBytesThatAreNotOfTheEncoding) {
    error_of("<a>\xe4</a>");
    error_of("<?xml version='1.0' encoding='US-ASCII'?><a>\xe4</a>");
    error_of("<?xml version='1.0' encoding='windows-1252'?><a>\x81</a>");
    const XmlError unknown = error_of("<?xml version='1.0' encoding='KOI8-R'?><a/>");
    EXPECT_TRUE(has(unknown.message, "windows-1252")) << unknown.message;
}

TEST(XmlParseTest, MistakesHaveTheirPlace) {
    const XmlError mismatch = error_of("<a>\n  <b>\n</a>");
    EXPECT_EQ(mismatch.place.line, 3U);
    EXPECT_EQ(mismatch.place.column, 3U);
    EXPECT_EQ(mismatch.message, "mismatched tag; <b> of line 2 is still open");
    EXPECT_TRUE(has(error_of("<a><b/>").message, "<a> of line 1 is still open"));
    EXPECT_TRUE(has(error_of("").message, "no element found"));
    EXPECT_TRUE(has(error_of("<p:a/>").message, "unbound prefix"));
    EXPECT_TRUE(has(error_of("<a b='1' b='2'/>").message, "duplicate attribute"));
    EXPECT_TRUE(has(error_of("<a/><b/>").message, "junk after document element"));
    error_of("<a xmlns:p='u' xmlns:q='u' p:x='1' q:x='2'/>");
    error_of("<a>\0</a>"s);
}

TEST(XmlParseTest, RefusesDeclaredEntities) {
    const XmlError laughs = error_of(R"(<?xml version="1.0"?>
<!DOCTYPE lolz [
 <!ENTITY lol "lol">
 <!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
]>
<lolz>&lol2;</lolz>)");
    EXPECT_TRUE(has(laughs.message, "declares the entity \"lol\"")) << laughs.message;
    EXPECT_EQ(laughs.place.line, 3U);
    error_of("<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>");
    error_of("<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1/x.dtd'> %p;]><a/>");
    error_of("<!DOCTYPE a [<!ENTITY % p '<!ELEMENT a ANY>'> %p;]><a/>");
}

TEST(XmlParseTest, NeverReadsExternalSubsets) {
    EXPECT_EQ(parsed("<!DOCTYPE a SYSTEM 'file:///does/not/exist.dtd'><a>x</a>").text_of(0), "x");
    const XmlError undeclared = error_of("<!DOCTYPE a SYSTEM 'x.dtd'><a>&e;</a>");
    EXPECT_TRUE(has(undeclared.message, "\"e\" is not declared")) << undeclared.message;
    EXPECT_TRUE(has(error_of("<a>&e;</a>").message, "undefined entity"));
}

TEST(XmlParseTest, EntitiesOfTheExternalSubsetAreRefusedInAttributesToo) {
    const XmlError undeclared = error_of("<!DOCTYPE a SYSTEM 'x.dtd'><a><b c='1&amp;&e;'/></a>");
    EXPECT_TRUE(has(undeclared.message, "\"e\" is not declared")) << undeclared.message;
    const auto sound = parsed("<!DOCTYPE a SYSTEM 'x.dtd'><a b='&#65;&amp;&lt;&gt;&quot;&apos;'/>");
    EXPECT_EQ(*sound.root().find_attribute("b"), "A&<>\"'");
}

TEST(XmlParseTest, SizeIsBounded) {
    XmlOptions options;
    options.limits.bytes_max = 4;
    parsed("<a/>", options);
    EXPECT_TRUE(has(error_of("<a />", options).message, "max-document-size"));
}

TEST(XmlParseTest, DepthIsBounded) {
    const auto nested = [](int depth) {
        std::string xml;
        for (int level = 0; level < depth; ++level) {
            xml += "<a>";
        }
        for (int level = 0; level < depth; ++level) {
            xml += "</a>";
        }
        return xml;
    };
    parsed(nested(256));
    const XmlError deep = error_of(nested(257));
    EXPECT_TRUE(has(deep.message, "max-xml-depth")) << deep.message;
    EXPECT_EQ(deep.place.column, 256U * 3 + 1);
    XmlOptions options;
    options.limits.depth_max = 100'000;
    const XmlDocument document = parsed(nested(100'000), options);
    EXPECT_EQ(document.to_xml(0).size(), 7U * 99'999 + 4);
}

TEST(XmlParseTest, NodesAreBounded) {
    XmlOptions options;
    options.limits.nodes_max = 4;
    parsed("<a b='1'>x<c/></a>", options);
    EXPECT_TRUE(has(error_of("<a b='1' d='2'>x<c/></a>", options).message, "max-xml-nodes"));
    EXPECT_TRUE(has(error_of("<a>x<c/>y<d/></a>", options).message, "max-xml-nodes"));
}

TEST(XmlWriteTest, IsReadBackAsWritten) {
    const std::string xml =
        "<p:a xmlns:p=\"urn:p\" xmlns=\"urn:d\" p:x=\"1&quot;&#10;&#9;\" xml:lang=\"de\">"
        "&lt;&amp;&gt;\"<b><![CDATA[a<b]]></b><c xmlns=\"\"><d/></c></p:a>";
    EXPECT_EQ(parsed(xml).to_xml(0), xml);
}

TEST(XmlWriteTest, PartsDeclareWhatTheyNeed) {
    const XmlDocument document = parsed(
        "<a xmlns='urn:d' xmlns:p='urn:p' xmlns:q='urn:q'>"
        "<b p:x='1'><p:c/></b> <d xmlns=''/></a>");

    const auto& children = document.root().children;
    EXPECT_EQ(document.to_xml(children[0]),
              R"(<b xmlns="urn:d" xmlns:p="urn:p" p:x="1"><p:c/></b>)");
    EXPECT_EQ(document.to_xml(children[2]), R"(<d xmlns=""/>)");
    EXPECT_EQ(document.inner_xml(0),
              R"(<b xmlns="urn:d" xmlns:p="urn:p" p:x="1"><p:c/></b> <d xmlns=""/>)");
}

TEST(XmlWriteTest, MergedNodesKeepTheirNamespaces) {
    // As XInclude leaves it: an element of one namespace below one with another default.
    XmlDocument document = parsed("<a xmlns='urn:one'><b/></a>");
    document.nodes[1].ns = "urn:two";

    EXPECT_EQ(document.to_xml(0), R"(<a xmlns="urn:one"><b xmlns="urn:two"/></a>)");
}

TEST(XmlWriteTest, CdataNeverEndsEarly) {
    XmlDocument document = parsed("<a><![CDATA[x]]></a>");
    document.nodes[1].text = "a]]>b";

    EXPECT_EQ(document.to_xml(0), "<a><![CDATA[a]]]]><![CDATA[>b]]></a>");
    EXPECT_EQ(parsed(document.to_xml(0)).text_of(0), "a]]>b");
}

TEST(DecodeTextTest, ReadsEveryEncoding) {
    EXPECT_EQ(*decode_text("\xef\xbb\xbfä"), "ä");
    EXPECT_EQ(*decode_text(utf16("x", true)), "x");
    EXPECT_EQ(*decode_text(utf16("x", false)), "x");
    EXPECT_EQ(*decode_text("\xff\xfe\x3d\xd8\x00\xde"s), "\xf0\x9f\x98\x80");
    EXPECT_EQ(*decode_text("\x78\x00"s, "utf-16LE"), "x");
    EXPECT_EQ(*decode_text("\xe4", "ISO-8859-1"), "ä");
    EXPECT_EQ(*decode_text("\x80", "windows-1252"), "€");
    EXPECT_EQ(*decode_text("x", "US-ASCII"), "x");
    EXPECT_EQ(*decode_text(""), "");
}

TEST(DecodeTextTest, RefusesBytesThatAreNotOfTheEncoding) {
    for (const auto& [bytes, encoding] : std::vector<std::pair<std::string, std::string>>{
             {"\xe4", "UTF-8"},
             {"\xed\xa0\x80", "UTF-8"},
             {"\xe4", "US-ASCII"},
             {"\x81", "windows-1252"},
             {"\xff\xfe\x00"s, "UTF-8"},
             {"\xff\xfe\x00\xd8"s, "UTF-8"},
             {"\xff\xfe\x00\xdc\x00\xdc"s, "UTF-8"},
             {"x", "KOI8-R"},
         }) {
        const auto text = decode_text(bytes, encoding);
        ASSERT_FALSE(text) << encoding;
        EXPECT_EQ(text.error().code(), ErrorCode::kInvalidArgument);
    }
}

// expat's own look at names differs between encodings.
TEST(XmlParseTest, NamesFollowTheSameRulesInEveryEncoding) {
    const std::string latin = "<?xml version='1.0' encoding='ISO-8859-1'?><a\xBA/>";

    EXPECT_FALSE(parse_xml(latin, "", XmlOptions{}).has_value());
    EXPECT_FALSE(parse_xml("<a\xC2\xBA/>", "", XmlOptions{}).has_value());
    EXPECT_TRUE(parse_xml("<a b='\xC2\xBA'/>", "", XmlOptions{}).has_value());
}

}  // namespace
}  // namespace fermata::value

#include "engine/document_bundle.h"

#include <gtest/gtest.h>

namespace fermata::engine {
namespace {

// In the newest format, which most tests do not care about.
template <typename Record>
std::string encode(const Record& record) {
    return engine::encode(record, record_format_newest());
}

DocumentBundle bundle() {
    DocumentBundle bundle;
    bundle.document = {"http://example.com/a.scxml", std::string("<scxml/>\0\xff", 10)};
    bundle.resources.add("http://example.com/b.xml", std::string("<b/>"));
    bundle.resources.add("http://example.com/c.json", Error(ErrorCode::kNotFound, "404"));
    return bundle;
}

TEST(DocumentBundleTest, TextsAndFailuresAreReadBack) {
    const auto read = decode_bundle(encode(bundle()));

    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->document.url, bundle().document.url);
    EXPECT_EQ(read->document.bytes, bundle().document.bytes);
    ASSERT_EQ(read->resources.entries().size(), 2U);
    EXPECT_EQ(**read->resources.find("http://example.com/b.xml"), "<b/>");
    EXPECT_EQ(read->resources.find("http://example.com/c.json")->error(),
              Error(ErrorCode::kNotFound, "404"));
}

TEST(DocumentBundleTest, EveryTruncationIsFound) {
    const std::string bytes = encode(bundle());

    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const auto read = decode_bundle(std::string_view(bytes).substr(0, length));
        ASSERT_FALSE(read) << length;
        EXPECT_EQ(read.error().code(), ErrorCode::kCorrupt);
    }
}

}  // namespace
}  // namespace fermata::engine

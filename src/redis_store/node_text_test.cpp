#include "redis_store/node_text.h"

#include <gtest/gtest.h>

namespace fermata::redis_store {
namespace {

store::NodeRecord some_node() {
    return {7,
            true,
            ~0ULL,
            5,
            true,
            17,
            {"http://n/?a=b", "http://10.0.0.1:8078", "1.2", 3, 4, 256, 1'700'000'000'000, "a=b",
             3000}};
}

TEST(NodeTextTest, RecordsAreReadAsTheyWereWritten) {
    const store::NodeRecord node = some_node();
    const auto text = encode_node(node);
    ASSERT_TRUE(text);

    EXPECT_EQ(text->substr(0, text->find('\n')), node_identity(node.instance, node.beat));
    const auto read = decode_node(node_field(7, true), *text);
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read, node);
    EXPECT_FALSE(decode_node("7", *text)->standby);
}

TEST(NodeTextTest, LinesOfLaterVersionsArePassedOver) {
    const auto read = decode_node("7", "1 2\nchanges=3\nsomething=new\n");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->changes, 3U);
}

TEST(NodeTextTest, DamagedRecordsAreCorrupt) {
    for (const char* const text :
         {"", "1", "x 2\n", "1 2\nchanges=x\n", "1 2\npartitions=70000\n"}) {
        EXPECT_FALSE(decode_node("7", text)) << text;
    }
    EXPECT_FALSE(decode_node("x", "1 2\n"));
    EXPECT_FALSE(decode_node(" standby", "1 2\n"));
}

TEST(NodeTextTest, TextsWithALinesEndAreRefused) {
    store::NodeRecord node = some_node();
    node.facts.version = "1\nx";
    EXPECT_FALSE(encode_node(node));
}

}  // namespace
}  // namespace fermata::redis_store

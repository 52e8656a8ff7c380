#include "app/node_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fermata::app {
namespace {

using testing::HasSubstr;

TEST(NodeListTest, TakesNamesAndAddresses) {
    EXPECT_EQ(*parse_node("redis1.example.org:6379"), (NodeAddress{"redis1.example.org", 6379}));
    EXPECT_EQ(*parse_node("10.1.2.3:1"), (NodeAddress{"10.1.2.3", 1}));
    EXPECT_EQ(*parse_node("[2001:db8::1]:65535"), (NodeAddress{"2001:db8::1", 65'535}));
    EXPECT_EQ(parse_nodes({"a:1", "[::1]:2"})->size(), 2U);
}

struct WrongNode {
    const char* name;
    const char* text;
    const char* why;
};

class WrongNodeTest : public testing::TestWithParam<WrongNode> {};

TEST_P(WrongNodeTest, IsRefusedWithWhatIsWrong) {
    const auto node = parse_node(GetParam().text);

    ASSERT_FALSE(node);
    EXPECT_EQ(node.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(node.error().message(), HasSubstr(std::string("'") + GetParam().text + "'"));
    EXPECT_THAT(node.error().message(), HasSubstr(GetParam().why));
}

INSTANTIATE_TEST_SUITE_P(
    Nodes, WrongNodeTest,
    testing::Values(WrongNode{"nothing", "", "has no port"},
                    WrongNode{"no_port", "redis1", "has no port: write host:port"},
                    WrongNode{"empty_port", "redis1:", "has no port between"},
                    WrongNode{"port_zero", "redis1:0", "has no port between"},
                    WrongNode{"port_too_large", "redis1:65536", "has no port between"},
                    WrongNode{"port_with_tail", "redis1:6379x", "has no port between"},
                    WrongNode{"commas", "redis1:6379,redis2:6379", "has several colons"},
                    WrongNode{"no_host", ":6379", "does not begin with a host name"},
                    WrongNode{"url", "redis/:6379", "does not begin with a host name"},
                    WrongNode{"space", "red is:6379", "does not begin with a host name"},
                    WrongNode{"bare_ipv6", "2001:db8::1:6379", "stands in brackets"},
                    WrongNode{"open_bracket", "[::1:6379", "lacks the closing bracket"},
                    WrongNode{"name_in_brackets", "[redis1]:6379", "has no IPv6 address"},
                    WrongNode{"bracket_without_port", "[::1]", "has no port: write"},
                    WrongNode{"bracket_with_tail", "[::1]x:6379", "has no port: write"}),
    [](const auto& param) { return param.param.name; });

TEST(NodeListTest, AListNamesEachNodeOnceAndAtLeastOne) {
    EXPECT_THAT(parse_nodes({}).error().message(), HasSubstr("no node is named"));
    EXPECT_THAT(parse_nodes({"a:1", "b:1", "a:1"}).error().message(),
                HasSubstr("'a:1' stands there twice"));
    EXPECT_THAT(parse_nodes({"a:1", "b"}).error().message(), HasSubstr("'b' has no port"));
}

}  // namespace
}  // namespace fermata::app

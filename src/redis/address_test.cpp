#include "redis/address.h"

#include <gtest/gtest.h>

namespace fermata::redis {
namespace {

TEST(AddressTest, ReadsNamesAndNumbersWithAndWithoutPort) {
    EXPECT_EQ(*parse_address("redis-1.example:7001"), (Address{"redis-1.example", 7001}));
    EXPECT_EQ(*parse_address(" 10.0.0.1 "), (Address{"10.0.0.1", 6379}));
    EXPECT_EQ(*parse_address("[2001:db8::1]:7001"), (Address{"2001:db8::1", 7001}));
    EXPECT_EQ(*parse_address("[::1]"), (Address{"::1", 6379}));
}

TEST(AddressTest, IsWrittenAsItIsRead) {
    for (const std::string_view text : {"host:1", "10.0.0.1:65535", "[::1]:6379"}) {
        EXPECT_EQ(parse_address(text)->to_string(), text);
    }
}

TEST(AddressTest, RefusesWhatIsNoAddressAndShowsIt) {
    for (const std::string_view text :
         {"", ":6379", "host:", "host:0", "host:65536", "host:12x", "host:-1", "::1", "[::1",
          "[]:1", "[::1]x", "redis://host:1", "user@host:1", "a b:1", "'host'"}) {
        const auto address = parse_address(text);
        ASSERT_FALSE(address) << text;
        EXPECT_EQ(address.error().code(), ErrorCode::kInvalidArgument);
        EXPECT_NE(address.error().message().find(text), std::string::npos);
    }
}

TEST(AddressTest, ReadsAListWithAnyEnd) {
    const std::vector<Address> expected = {{"a", 1}, {"::1", 2}, {"c", 6379}};
    EXPECT_EQ(*parse_address_list("a:1;[::1]:2;c"), expected);
    EXPECT_EQ(*parse_address_list(" a:1 ; [::1]:2 ; ; c ; "), expected);
    EXPECT_EQ(*parse_address_list("a:1,[::1]:2,c"), expected);
}

TEST(AddressTest, AnEmptyListAndOneBadEntryAreRefused) {
    EXPECT_FALSE(parse_address_list(""));
    EXPECT_FALSE(parse_address_list(" ; "));
    const auto bad = parse_address_list("a:1;b:x;c:3");
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().message().find("'b:x'"), std::string::npos);
}

}  // namespace
}  // namespace fermata::redis

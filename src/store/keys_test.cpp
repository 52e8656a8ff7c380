#include "store/keys.h"

#include <gtest/gtest.h>

#include "store/testing.h"

namespace fermata::store {
namespace {

TEST(KeyTest, OrderOfBytesIsOrderOfNumbers) {
    const auto timer = [](UnixMillis due_ms, std::uint64_t number) {
        return Key(1, Table::kTimer).time(due_ms).number(number).bytes();
    };
    EXPECT_LT(timer(-1, 0), timer(0, 0));
    EXPECT_LT(timer(255, 9), timer(256, 0));
    EXPECT_LT(timer(5, 255), timer(5, 256));
    EXPECT_LT(Key(255, Table::kTimer).bytes(), Key(256, Table::kInbox).bytes());
}

TEST(KeyTest, IsReadBackAsWritten) {
    const SessionId session = test_session(3);
    const Key key =
        Key(1, Table::kTimer).time(-7).number(9).number16(11).session(session).text("x");

    KeyReader reader(key.bytes());
    EXPECT_EQ(reader.time(), -7);
    EXPECT_EQ(reader.number(), 9U);
    EXPECT_EQ(reader.number16(), 11U);
    EXPECT_EQ(reader.session(), session);
    EXPECT_EQ(reader.rest(), "x");
}

TEST(KeyTest, EndIsBehindAllThatBeginAlike) {
    const Key table(0, Table::kInbox);
    const Key last = Key(0, Table::kInbox).number(~std::uint64_t{0});
    EXPECT_GT(table.end(), last.bytes());
    EXPECT_GT(last.end(), last.bytes() + "\xff");
    EXPECT_LE(last.end(), table.end());
}

TEST(KeyTest, ShortKeysReadAsZero) {
    KeyReader reader("ab");
    EXPECT_EQ(reader.number(), 0U);
    EXPECT_EQ(reader.session(), SessionId());
}

}  // namespace
}  // namespace fermata::store

#include "store/entries.h"

#include <gtest/gtest.h>

namespace fermata::store {
namespace {

// NOLINTNEXTLINE(misc-unused-using-decls): the check does not see uses of a literal's suffix.
using std::string_literals::operator""s;

TEST(EntryTest, SessionsAreAsInTheExampleOfTheFormatPage) {
    EXPECT_EQ(encode_entry(SessionEntry{1, 1000, std::nullopt}), "\x01\xd0\x0f\x00"s);
}

TEST(EntryTest, EndedSessionsAreReadBackAsWritten) {
    SessionEntry entry;
    ASSERT_TRUE(decode_entry(encode_entry(SessionEntry{7, -5, EndRecord{"result", 99}}), entry));
    EXPECT_EQ(entry.seq, 7U);
    EXPECT_EQ(entry.created_ms, -5);
    ASSERT_TRUE(entry.end);
    EXPECT_EQ(entry.end->payload, "result");
    EXPECT_EQ(entry.end->expires_ms, 99);
}

TEST(EntryTest, NodesAreReadBackAlsoWithWhatNewerVersionsAdd) {
    NodeRecord written;
    written.node = 65'535;
    written.standby = true;
    written.instance = ~std::uint64_t{0};
    written.beat = 300;
    written.draining = true;
    written.changes = 9;
    written.facts = {"http://a/", "http://b:1", "2.0", 2, 3, 256, 5, "secret", 3000};
    NodeRecord read;
    ASSERT_TRUE(decode_entry(encode_entry(written) + "more", read));
    EXPECT_EQ(read, written);
    EXPECT_FALSE(decode_entry(encode_entry(written).substr(0, 20), read));
}

TEST(EntryTest, DamageIsCorruption) {
    PartitionEntry partition;
    const auto behind = decode_entry(encode_entry(PartitionEntry{1, 2, 3}) + "x", partition);
    ASSERT_FALSE(behind);
    EXPECT_EQ(behind.error().code(), ErrorCode::kCorrupt);
    SessionEntry session;
    EXPECT_FALSE(decode_entry("\x01\xd0", session));
    InboxRecord record;
    EXPECT_FALSE(decode_entry("short", record));
}

}  // namespace
}  // namespace fermata::store

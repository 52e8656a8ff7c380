#include "redis/command.h"

#include <limits>

#include <gtest/gtest.h>

#include "redis/outgoing.h"
#include "redis/script.h"
#include "redis/slot.h"

namespace fermata::redis {
namespace {

TEST(CommandTest, EncodesWordsAndNumbers) {
    const std::string binary("a\0\r\n", 4);
    const Command command = Command("SET").add("key").add(binary).add(-5).add(18U);
    EXPECT_EQ(command.encoded(),
              "*5\r\n$3\r\nSET\r\n$3\r\nkey\r\n$4\r\n" + binary + "\r\n$2\r\n-5\r\n$2\r\n18\r\n");
}

TEST(CommandTest, EncodesTheLargestNumbersAndEmptyWords) {
    const Command command = Command("X")
                                .add(std::numeric_limits<std::int64_t>::min())
                                .add(std::numeric_limits<std::uint64_t>::max())
                                .add("");
    EXPECT_EQ(command.encoded(),
              "*4\r\n$1\r\nX\r\n$20\r\n-9223372036854775808\r\n$20\r\n18446744073709551615\r\n"
              "$0\r\n\r\n");
}

TEST(CommandTest, AScriptGoesOutByItsHash) {
    const Script script("return 1");
    EXPECT_EQ(script.sha1(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    const Command command = Command(script, {"k1", "k2"}).add("argument");
    EXPECT_EQ(command.encoded(),
              "*6\r\n$7\r\nEVALSHA\r\n$40\r\ne0e1f9fabfc9d4800c877a703b823ac0578ff8db\r\n"
              "$1\r\n2\r\n$2\r\nk1\r\n$2\r\nk2\r\n$8\r\nargument\r\n");
}

TEST(CommandTest, SharedWordsStandBeforeThoseAddedLater) {
    Command command("SET");
    command.add("key").share();
    const Command one = Command(command).add("1");
    Command other = Command(command).add("2");
    EXPECT_EQ(one.shared_part().data(), command.shared_part().data());
    EXPECT_EQ(one.encoded(), "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1\r\n1\r\n");
    EXPECT_EQ(other.size(), one.size());
    other.share().add("NX");
    EXPECT_EQ(other.encoded(), "*4\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1\r\n2\r\n$2\r\nNX\r\n");
    EXPECT_EQ(command.encoded(), "*2\r\n$3\r\nSET\r\n$3\r\nkey\r\n");
}

TEST(CommandTest, WordsOfAnyLengthCarryTheirSize) {
    for (const std::size_t size : {0U, 9U, 10U, 99U, 100U, 12'345U}) {
        const std::string word(size, 'x');
        EXPECT_EQ(Command(word).encoded(),
                  "*1\r\n$" + std::to_string(size) + "\r\n" + word + "\r\n");
    }
}

TEST(OutgoingTest, KeepsTheOrderOfSmallAndLargePieces) {
    const std::string large(2'000, 'l');
    Outgoing outgoing;
    outgoing.copy("a");
    outgoing.borrow("b");
    outgoing.borrow(large);
    outgoing.copy(large);
    outgoing.copy("c");
    std::string whole;
    for (const iovec& piece : outgoing.pieces()) {
        whole.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    EXPECT_EQ(whole, "ab" + large + large + "c");
    EXPECT_EQ(outgoing.pieces().size(), 3U);
    EXPECT_EQ(outgoing.pieces()[1].iov_base, large.data());
    outgoing.clear();
    EXPECT_TRUE(outgoing.pieces().empty());
}

TEST(SlotTest, FollowsTheClusterSpecification) {
    EXPECT_EQ(crc16("123456789"), 0x31C3);
    EXPECT_EQ(slot_of(""), 0);
    EXPECT_EQ(slot_of("foo"), 12182);
    EXPECT_EQ(slot_of("{foo}bar"), slot_of("foo"));
    EXPECT_EQ(slot_of("a{foo}b{bar}"), slot_of("foo"));
    EXPECT_EQ(slot_of("{}foo"), crc16("{}foo") % kSlotCount);
    EXPECT_EQ(slot_of("foo{"), crc16("foo{") % kSlotCount);
    EXPECT_EQ(slot_of("foo{{bar}}"), slot_of("{bar"));
}

}  // namespace
}  // namespace fermata::redis

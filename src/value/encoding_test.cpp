#include "value/encoding.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "value/event.h"

namespace fermata::value {
namespace {

// NOLINTNEXTLINE(misc-unused-using-decls): the check does not see uses of a literal's suffix.
using std::string_literals::operator""s;

std::string bytes_of(double number) {
    Writer writer;
    writer.number(number);
    return writer.take();
}

TEST(WriterTest, IntegersOf32BitsAreZigzagVarints) {
    EXPECT_EQ(bytes_of(0), "\x04\x00"s);
    EXPECT_EQ(bytes_of(-1), "\x04\x01"s);
    EXPECT_EQ(bytes_of(1), "\x04\x02"s);
    EXPECT_EQ(bytes_of(300), "\x04\xd8\x04"s);
    EXPECT_EQ(bytes_of(2147483647), "\x04\xfe\xff\xff\xff\x0f"s);
    EXPECT_EQ(bytes_of(-2147483648.0), "\x04\xff\xff\xff\xff\x0f"s);
}

TEST(WriterTest, OtherNumbersAreDoubles) {
    EXPECT_EQ(bytes_of(-0.0), "\x05\x00\x00\x00\x00\x00\x00\x00\x80"s);
    EXPECT_EQ(bytes_of(1.5), "\x05\x00\x00\x00\x00\x00\x00\xf8\x3f"s);
    EXPECT_EQ(bytes_of(2147483648.0), "\x05\x00\x00\x00\x00\x00\x00\xe0\x41"s);
    EXPECT_EQ(bytes_of(std::nan("1")), bytes_of(-std::nan("2")));
}

TEST(ReaderTest, ReadsBackWhatWriterWrote) {
    Writer writer;
    writer.varint(0);
    writer.varint(std::numeric_limits<std::uint64_t>::max());
    writer.signed_varint(std::numeric_limits<std::int64_t>::min());
    writer.signed_varint(-1);
    writer.real(-2.25);
    writer.text("Grüße");
    writer.byte(7);

    Reader reader(writer.bytes());
    EXPECT_EQ(reader.varint(), 0U);
    EXPECT_EQ(reader.varint(), std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(reader.signed_varint(), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(reader.signed_varint(), -1);
    EXPECT_EQ(reader.real(), -2.25);
    EXPECT_EQ(reader.text(), "Grüße");
    EXPECT_EQ(reader.byte(), 7U);
    EXPECT_TRUE(reader.ok());
    EXPECT_TRUE(reader.at_end());
}

TEST(ReaderTest, GivesZeroAndEmptyAfterDamage) {
    Reader reader(
        "\x05"
        "abc");
    EXPECT_EQ(reader.text(), "");
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.varint(), 0U);
    EXPECT_EQ(reader.byte(), 0U);
    EXPECT_EQ(reader.fixed64(), 0U);
    EXPECT_FALSE(reader.ok());
}

TEST(ReaderTest, RefusesVarintsBeyond64Bits) {
    Reader fits("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    EXPECT_EQ(fits.varint(), std::numeric_limits<std::uint64_t>::max());
    Reader too_large("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
    too_large.varint();
    EXPECT_FALSE(too_large.ok());
    Reader endless("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
    endless.varint();
    EXPECT_FALSE(endless.ok());
}

TEST(ReaderTest, RefusesCountsLargerThanWhatIsLeft) {
    Reader reader(
        "\x03"
        "ab");
    EXPECT_EQ(reader.count(), 0U);
    EXPECT_FALSE(reader.ok());
}

std::string nested_arrays(std::uint32_t depth) {
    std::string bytes;
    for (std::uint32_t level = 0; level < depth; ++level) {
        bytes.append("\x08\x01");
    }
    return bytes + "\x01";
}

TEST(ReaderTest, SkipsOneValueAndReturnsItsBytes) {
    const std::string object = "\x09\x01\x01"s + "a\x08\x02\x04\x02\x17"s;
    const std::string both = object + "\x01";
    Reader reader(both);
    EXPECT_EQ(reader.skip_value(), object);
    EXPECT_EQ(reader.skip_value(), "\x01");
    EXPECT_TRUE(reader.ok());
    EXPECT_TRUE(reader.at_end());
}

TEST(ReaderTest, SkipsAtMostKNestingMaxLevels) {
    const std::string deepest = nested_arrays(Reader::kNestingMax);
    Reader fits(deepest);
    fits.skip_value();
    EXPECT_TRUE(fits.ok());
    EXPECT_TRUE(fits.at_end());
    const std::string deeper = nested_arrays(Reader::kNestingMax + 1);
    Reader too_deep(deeper);
    too_deep.skip_value();
    EXPECT_FALSE(too_deep.ok());
}

TEST(EventTest, IsReadBackAsWritten) {
    Event event;
    event.name = "done.invoke.child";
    event.type = EventType::kPlatform;
    event.sendid = "s1";
    event.origin = "#_scxml_1";
    event.origintype = "http://www.w3.org/TR/scxml/#SCXMLEventProcessor";
    event.invokeid = "child";
    event.data = Value::object({{"a", Value::number(1)}});
    event.raw = "POST / HTTP/1.1";
    Writer writer;
    write_event(writer, event);

    Reader reader(writer.bytes());
    EXPECT_EQ(read_event(reader), event);
    EXPECT_TRUE(reader.ok());
    EXPECT_TRUE(reader.at_end());
}

TEST(EventTest, DamageOfAnyByteCountIsNoticed) {
    Event event;
    event.name = "e";
    event.data = Value::string("text");
    Writer writer;
    write_event(writer, event);
    const std::string& bytes = writer.bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        Reader reader(std::string_view(bytes).substr(0, size));
        read_event(reader);
        EXPECT_FALSE(reader.ok()) << "cut to " << size;
    }
}

TEST(EventTest, DamagedDataIsRefused) {
    Event event;
    event.data = Value::from_trusted_bytes("\x7f");
    Writer writer;
    write_event(writer, event);
    Reader reader(writer.bytes());
    read_event(reader);
    EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace fermata::value

#include "value/value.h"

#include <gtest/gtest.h>

#include "value/encoding.h"

namespace fermata::value {
namespace {

// NOLINTNEXTLINE(misc-unused-using-decls): the check does not see uses of a literal's suffix.
using std::string_literals::operator""s;

Value checked(std::string bytes) {
    auto value = Value::from_bytes(std::move(bytes));
    EXPECT_TRUE(value) << (value ? "" : value.error().message());
    return value ? *value : Value();
}

TEST(ValueTest, IsUndefinedByDefault) {
    EXPECT_TRUE(Value().is_undefined());
    EXPECT_TRUE(Value::from_trusted_bytes("").is_undefined());
    EXPECT_EQ(Value(), Value::undefined());
}

TEST(ValueTest, EncodesTheExampleOfTheFormatPage) {
    const Value value = Value::object({
        {"name", Value::string("Ada")},
        {"tags", Value::array({Value::boolean(true), Value::null(), Value::number(1.5)})},
    });
    EXPECT_EQ(value.bytes(),
              "\x09\x02"
              "\x04name\x06\x03"
              "Ada"
              "\x04tags\x08\x03\x03\x01\x05\x00\x00\x00\x00\x00\x00\xf8\x3f"s);
    EXPECT_EQ(checked(value.bytes()), value);
}

TEST(ValueTest, ReferencesInsideElementsAreShifted) {
    // [x, x] with one and the same x = {}
    const Value shared = checked("\x08\x02\x09\x00\x10\x01"s);
    const Value both = Value::array({shared, shared});
    EXPECT_EQ(both.bytes(), "\x08\x02\x08\x02\x09\x00\x10\x02\x08\x02\x09\x00\x10\x04"s);
    EXPECT_EQ(both.to_json(), "[[{},{}],[{},{}]]");
}

struct Damage {
    const char* name;
    std::string bytes;
};

TEST(ValueTest, RefusesDamagedBytes) {
    const std::vector<Damage> damages = {
        {"empty", ""},
        {"unknown tag", "\x7f"},
        {"bytes behind", "\x01\x01"},
        {"string cut off",
         "\x06\x05"
         "abc"},
        {"string not UTF-8", "\x06\x01\xff"},
        {"key not UTF-8", "\x09\x01\x01\xff\x01"},
        {"flags not UTF-8", "\x0b\x01.\x01\xff"},
        {"stack not UTF-8", "\x14\x01n\x01m\x01\xff\x00"s},
        {"integer beyond 32 bits", "\x04\xff\xff\xff\xff\x1f"},
        {"double cut off", "\x05\x00\x00"s},
        {"count beyond the bytes", "\x08\xff\xff\x03\x01"},
        {"hole outside an array", "\x17"},
        {"hole in a set", "\x0d\x01\x17"},
        {"accessors outside an object", "\x08\x01\x18\x00\x00"s},
        {"reference to nothing", "\x08\x01\x10\x01"},
        {"reference to itself alone", "\x10\x00"s},
        {"big integer without digits", "\x07\x01-"},
        {"big integer with a letter",
         "\x07\x02"
         "1x"},
        {"unknown typed array", "\x0f\x0d\x00\x00\x0e\x00"s},
        {"boxed object", "\x19\x09\x00"s},
        {"boxed reference to itself", "\x19\x10\x00"s},
        {"instance without members", "\x13\x00"s},
    };
    for (const Damage& damage : damages) {
        const auto value = Value::from_bytes(damage.bytes);
        ASSERT_FALSE(value) << damage.name;
        EXPECT_EQ(value.error().code(), ErrorCode::kCorrupt) << damage.name;
    }
}

TEST(ValueTest, DamageIsNamedByItsOffset) {
    const auto value = Value::from_bytes("\x08\x02\x01\x06\x01\xff");
    ASSERT_FALSE(value);
    EXPECT_NE(value.error().message().find("at byte 3 "), std::string::npos)
        << value.error().message();
}

TEST(ValueTest, AcceptsEveryTag) {
    const std::vector<std::string> all = {
        "\x00"s,
        "\x01",
        "\x02",
        "\x03",
        "\x04\x02",
        "\x05\x00\x00\x00\x00\x00\x00\xf8\x7f"s,
        "\x06\x03\xed\xa0\x80",
        "\x07\x03-10",
        "\x08\x02\x17\x01",
        "\x09\x01\x01k\x01",
        "\x0a\x00\x00\x00\x00\x00\x00\x00\x00"s,
        "\x0b\x01.\x01g",
        "\x0c\x01\x01\x01",
        "\x0d\x01\x01",
        "\x0e\x01\xff",
        "\x0f\x01\x00\x01\x0e\x01\xff"s,
        "\x08\x01\x10\x00"s,
        "\x11\x02()\x00"s,
        "\x12\x08Math.max",
        "\x13\x01\x01\x01k\x01",
        "\x14\x01n\x01m\x01s\x00"s,
        "\x15\x01s",
        "\x16\x04<a/>",
        "\x09\x01\x01k\x18\x00\x00"s,
        "\x19\x04\x02",
        "\x1a\x16\x04<a/>\x02\x00\x01"s,
    };
    for (const std::string& bytes : all) {
        EXPECT_TRUE(Value::from_bytes(bytes)) << static_cast<int>(bytes[0]);
    }
}

TEST(ValueTest, NestingIsBounded) {
    std::string bytes;
    for (std::uint32_t level = 0; level < Reader::kNestingMax + 1; ++level) {
        bytes.append("\x08\x01");
    }
    const auto value = Value::from_bytes(bytes + "\x01");
    ASSERT_FALSE(value);
    EXPECT_NE(value.error().message().find("512"), std::string::npos);
}

TEST(ValueTest, MembersAreFoundInOrder) {
    const Value value = *Value::from_json(R"({"b": 1, "a": {"x": [2]}})");

    Value member;
    ASSERT_TRUE(value.find_member("a", member));
    EXPECT_EQ(member.to_json(), R"({"x":[2]})");
    EXPECT_FALSE(value.find_member("c", member));
    EXPECT_FALSE(Value::number(1).find_member("a", member));
    const auto members = value.members();
    ASSERT_EQ(members.size(), 2U);
    EXPECT_EQ(members[0].first, "b");
    EXPECT_EQ(members[1].second.to_json(), R"({"x":[2]})");
}

TEST(ValueTest, MembersBringAlongWhatTheyReferTo) {
    // {a: {}, b: [a, a]}
    const Value value = checked("\x09\x02\x01"s + "a\x09\x00\x01"s + "b\x08\x02\x10\x01\x10\x01"s);

    Value member;
    ASSERT_TRUE(value.find_member("b", member));
    EXPECT_EQ(member.bytes(), "\x08\x02\x09\x00\x10\x01"s);
    EXPECT_EQ(checked(member.bytes()), member);
}

// {big: [text], m0: big, m1: big, …}: each member needs the whole text for itself.
TEST(ValueTest, MembersThatShareDoNotGrowWithoutBound) {
    Writer writer;
    constexpr int kMembers = 1000;
    writer.tag(Tag::kObject);
    writer.varint(kMembers + 1);
    writer.text("big");
    writer.tag(Tag::kArray);
    writer.varint(1);
    writer.string(std::string(1U << 20U, 'x'));
    for (int member = 0; member < kMembers; ++member) {
        writer.text("m" + std::to_string(member));
        writer.tag(Tag::kReference);
        writer.varint(1);
    }

    const auto members = checked(writer.take()).members();

    ASSERT_EQ(members.size(), kMembers + 1U);
    EXPECT_EQ(members[1].second, members[0].second);
    EXPECT_TRUE(members[kMembers].second.is_undefined());
}

TEST(ValueTest, MembersOfACycleStayCyclic) {
    // o = {self: {back: o}}
    const Value value = checked("\x09\x01\x04self\x09\x01\x04"s + "back\x10\x00"s);

    Value member;
    ASSERT_TRUE(value.find_member("self", member));
    // m = {back: {self: m}}
    EXPECT_EQ(member.bytes(), "\x09\x01\x04"s + "back\x09\x01\x04self\x10\x00"s);
}

TEST(ValueTest, MembersOfInstancesAreTheirOwnProperties) {
    const Value value = checked("\x13\x09\x01\x01p\x01\x01\x01k\x03");
    Value member;
    ASSERT_TRUE(value.find_member("k", member));
    EXPECT_EQ(member, Value::boolean(true));
    EXPECT_FALSE(value.find_member("p", member));
}

TEST(ValueTest, MembersWithAccessorsAreUndefined) {
    const Value value = checked("\x09\x01\x01k\x18\x00\x00"s);
    Value member = Value::null();
    ASSERT_TRUE(value.find_member("k", member));
    EXPECT_TRUE(member.is_undefined());
}

TEST(ValueTest, TextIsWhatStringGives) {
    EXPECT_EQ(Value().to_text(), "undefined");
    EXPECT_EQ(Value::null().to_text(), "null");
    EXPECT_EQ(Value::boolean(true).to_text(), "true");
    EXPECT_EQ(Value::number(1e21).to_text(), "1e+21");
    EXPECT_EQ(Value::number(-0.0).to_text(), "0");
    EXPECT_EQ(Value::number(0.0 / 0.0).to_text(), "NaN");
    EXPECT_EQ(Value::string("a\"b").to_text(), "a\"b");
    EXPECT_EQ(Value::xml("<a/>").to_text(), "<a/>");
    EXPECT_EQ(Value::array({Value::number(1)}).to_text(), "[1]");
}

}  // namespace
}  // namespace fermata::value

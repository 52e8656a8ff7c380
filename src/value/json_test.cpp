#include "value/json.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "value/iso_date.h"
#include "value/number_text.h"
#include "value/value.h"

namespace fermata::value {
namespace {

// NOLINTNEXTLINE(misc-unused-using-decls): the check does not see uses of a literal's suffix.
using std::string_literals::operator""s;

std::string text_of(double number) {
    std::string text;
    append_number(text, number);
    return text;
}

TEST(NumberTextTest, IsThatOfEcmaScript) {
    EXPECT_EQ(text_of(0.1), "0.1");
    EXPECT_EQ(text_of(-0.0), "0");
    EXPECT_EQ(text_of(123456789012345680000.0), "123456789012345680000");
    EXPECT_EQ(text_of(1e21), "1e+21");
    EXPECT_EQ(text_of(1.5e300), "1.5e+300");
    EXPECT_EQ(text_of(0.000001), "0.000001");
    EXPECT_EQ(text_of(0.0000001), "1e-7");
    EXPECT_EQ(text_of(-1.25e-9), "-1.25e-9");
    EXPECT_EQ(text_of(5e-324), "5e-324");
    EXPECT_EQ(text_of(1.7976931348623157e308), "1.7976931348623157e+308");
    EXPECT_EQ(text_of(100), "100");
    EXPECT_EQ(text_of(-12.5), "-12.5");
    EXPECT_EQ(text_of(-HUGE_VAL), "-Infinity");
}

TEST(NumberTextTest, NumbersOutOfRangeAreInfinityOrZero) {
    EXPECT_EQ(parse_json_number("1e400"), HUGE_VAL);
    EXPECT_EQ(parse_json_number("-1e400"), -HUGE_VAL);
    EXPECT_EQ(parse_json_number("1e-400"), 0.0);
    EXPECT_TRUE(std::signbit(parse_json_number("-1e-400")));
    EXPECT_EQ(parse_json_number("1" + std::string(400, '0')), HUGE_VAL);
    EXPECT_EQ(parse_json_number("0." + std::string(400, '0') + "1"), 0.0);
    EXPECT_EQ(parse_json_number("0." + std::string(400, '0') + "1e401"), 1.0);
    EXPECT_EQ(parse_json_number("1e99999999999999999999"), HUGE_VAL);
    EXPECT_EQ(parse_json_number("1e-99999999999999999999"), 0.0);
}

TEST(IsoDateTest, CoversTheWholeRange) {
    EXPECT_EQ(iso_date(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(iso_date(-1), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(iso_date(951782400000), "2000-02-29T00:00:00.000Z");
    EXPECT_EQ(iso_date(8.64e15), "+275760-09-13T00:00:00.000Z");
    EXPECT_EQ(iso_date(-8.64e15), "-271821-04-20T00:00:00.000Z");
    EXPECT_EQ(iso_date(-62198755200000), "-000001-01-01T00:00:00.000Z");
    EXPECT_EQ(iso_date(8.640000000000001e15), "");
    EXPECT_EQ(iso_date(std::nan("")), "");
}

std::string rewritten(std::string_view json) {
    const auto value = Value::from_json(json);
    return value ? value->to_json() : value.error().to_string();
}

TEST(JsonTest, IsReadBackAsWritten) {
    for (const std::string_view json :
         {"null", "true", "false", "0", "-1", "2147483648", "1.5", "\"\"", "\"a\\\"\\\\b\"", "[]",
          "{}", "[[],{},[1,2,3]]", R"({"a":{"b":[null]},"":1})", R"("\u0000\u001f\n\t")",
          R"("\ud800")"}) {
        EXPECT_EQ(rewritten(json), json);
    }
}

TEST(JsonTest, WhatIsReadIsSoundInItself) {
    const auto value = Value::from_json(R"([{"a":1,"a":[2]},"\ud83d\ude00",1e5,"\udc00"])");
    ASSERT_TRUE(value);
    EXPECT_TRUE(Value::from_bytes(value->bytes()));
}

TEST(JsonTest, SpaceAndEscapesAreRead) {
    EXPECT_EQ(rewritten(" [ 1 ,\t2 ]\r\n"), "[1,2]");
    EXPECT_EQ(rewritten(R"("\u0041\/\b\u00e9")"), "\"A/\\b\xc3\xa9\"");
    EXPECT_EQ(rewritten(R"("\ud83d\ude00")"), "\"\xf0\x9f\x98\x80\"");
    EXPECT_EQ(rewritten(R"("\ud83d\u0041")"), R"("\ud83dA")");
    EXPECT_EQ(rewritten("\"\x7f\""), "\"\x7f\"");
}

TEST(JsonTest, TheLastOfRepeatedMembersWins) {
    EXPECT_EQ(rewritten(R"({"a":1,"b":2,"a":{"c":3,"c":4}})"), R"({"a":{"c":4},"b":2})");
}

TEST(JsonTest, LargeContainersKeepTheirCounts) {
    std::string json = "[0";
    for (int number = 1; number < 1000; ++number) {
        json += "," + std::to_string(number);
    }
    json += "]";
    const std::string nested = "{\"x\":" + json + ",\"y\":[" + json + "]}";
    EXPECT_EQ(rewritten(nested), nested);
}

struct Wrong {
    const char* json;
    const char* place;
};

TEST(JsonTest, RefusesWhatIsNotJsonAndSaysWhere) {
    const std::vector<Wrong> wrongs = {
        {"", "line 1, column 1:"},
        {"[1,\n 2,]", "line 2, column 4:"},
        {"{\"a\" 1}", "line 1, column 6:"},
        {"{a:1}", "line 1, column 2:"},
        {"{\"a\":1,}", "line 1, column 8:"},
        {"[1 2]", "line 1, column 4:"},
        {"01", "line 1, column 2:"},
        {"+1", "line 1, column 1:"},
        {"1.", "line 1, column 3:"},
        {".5", "line 1, column 1:"},
        {"1e", "line 1, column 3:"},
        {"-", "line 1, column 2:"},
        {"NaN", "line 1, column 1:"},
        {"nul", "line 1, column 1:"},
        {"truex", "line 1, column 5:"},
        {"'a'", "line 1, column 1:"},
        {"\"a", "line 1, column 3:"},
        {"\"\t\"", "line 1, column 2:"},
        {"\"\\x\"", "line 1, column 3:"},
        {"\"\\u12g4\"", "line 1, column 6:"},
        {"\"\xff\"", "line 1, column 2:"},
        {"\"\xed\xa0\x80\"", "line 1, column 2:"},
        {"[", "line 1, column 2:"},
        {"{", "line 1, column 2:"},
        {"1 //", "line 1, column 3:"},
        {"\xef\xbb\xbf"
         "1",
         "line 1, column 1:"},
    };
    for (const Wrong& wrong : wrongs) {
        const auto value = Value::from_json(wrong.json);
        ASSERT_FALSE(value) << wrong.json;
        EXPECT_EQ(value.error().code(), ErrorCode::kInvalidArgument) << wrong.json;
        EXPECT_EQ(value.error().message().substr(0, std::string_view(wrong.place).size()),
                  wrong.place)
            << wrong.json << ": " << value.error().message();
    }
}

TEST(JsonTest, NulIsNoEndOfText) {
    EXPECT_FALSE(Value::from_json("1\0"s));
    EXPECT_FALSE(Value::from_json("[1\0]"s));
    EXPECT_FALSE(Value::from_json("\"\0\""s));
}

TEST(JsonTest, NestingIsBounded) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(Value::from_json(nested(128)));
    const auto deeper = Value::from_json(nested(129));
    ASSERT_FALSE(deeper);
    EXPECT_EQ(deeper.error().code(), ErrorCode::kTooLarge);
    EXPECT_FALSE(Value::from_json(nested(3), 2));
    EXPECT_FALSE(Value::from_json(std::string(1000000, '['), 1000000));
}

struct Written {
    const char* name;
    std::string bytes;
    const char* json;
};

TEST(JsonTest, WhatJsonCannotSayIsWrittenAsStringifyWould) {
    const std::vector<Written> cases = {
        {"undefined", "\x00"s, "null"},
        {"NaN", "\x05\x00\x00\x00\x00\x00\x00\xf8\x7f"s, "null"},
        {"undefined in an array", "\x08\x02\x00\x17"s, "[null,null]"},
        {"undefined in an object", "\x09\x02\x01"s + "a\x00\x01"s + "b\x01"s, R"({"b":null})"},
        {"function in an object", "\x09\x01\x01"s + "f\x11\x02()\x00"s, "{}"},
        {"accessors", "\x09\x01\x01g\x18\x00\x00"s, "{}"},
        {"big integer", "\x07\x03-10", "\"-10\""},
        {"date", "\x0a\x00\x00\x00\x00\x00\x00\x00\x00"s, "\"1970-01-01T00:00:00.000Z\""},
        {"regular expression", "\x0b\x01.\x01g", "{}"},
        {"map with string keys", "\x0c\x01\x06\x01k\x03", R"({"k":true})"},
        {"map with other keys", "\x0c\x02\x06\x01k\x03\x04\x02\x01", R"([["k",true],[1,null]])"},
        {"set", "\x0d\x02\x03\x02", "[true,false]"},
        {"typed array", "\x0f\x03\x02\x02\x0e\x06\x00\x00\x01\x00\xff\xff"s, "[1,-1]"},
        {"typed array beyond its buffer", "\x0f\x01\x01\x09\x0e\x02\x07\x08"s, "[8]"},
        {"boxed", "\x19\x06\x01x", "\"x\""},
        {"instance", "\x13\x09\x00\x01\x01k\x01"s, R"({"k":null})"},
        {"error", "\x14\x01n\x01m\x01s\x09\x01\x01k\x01", R"({"name":"n","message":"m","k":null})"},
        {"XML", "\x16\x04<a/>", "\"<a/>\""},
        {"XML node", "\x1a\x16\x10<a>x<!--c--></a>"s + "\x01\x01"s, "\"<!--c-->\""},
        {"XML node that is not there", "\x1a\x16\x04<a/>\x01\x00"s, "null"},
        {"XML node of no document", "\x1a\x16\x03<a>\x00"s, "null"},
        {"shared", "\x08\x02\x08\x00\x10\x01"s, "[[],[]]"},
        {"cycle", "\x09\x01\x03"s + "a/b\x08\x01\x10\x00"s, R"({"a/b":[{"$ref":"#"}]})"},
        {"inner cycle", "\x09\x01\x03"s + "a/b\x08\x01\x10\x01"s, R"({"a/b":[{"$ref":"#/a~1b"}]})"},
    };
    for (const Written& expected : cases) {
        const auto value = Value::from_bytes(expected.bytes);
        ASSERT_TRUE(value) << expected.name << ": " << value.error().message();
        EXPECT_EQ(value->to_json(), expected.json) << expected.name;
    }
}

// [l1, l1] with l1 = [l2, l2] …: 2^64 elements if it were all written.
TEST(JsonTest, SharedValuesDoNotMakeTheTextExponential) {
    std::string bytes;
    for (int level = 0; level < 64; ++level) {
        bytes.append("\x08\x02");
    }
    bytes.append("\x08\x00"s);
    for (int level = 64; level > 0; --level) {
        bytes.append("\x10").push_back(static_cast<char>(level));
    }
    const auto value = Value::from_bytes(bytes);
    ASSERT_TRUE(value);
    EXPECT_LT(value->to_json().size(), 2 * kSharedJsonBytesMax);
}

}  // namespace
}  // namespace fermata::value

// The time limit reaches into built-ins: each of these works for minutes when nobody interrupts it.

#include <gtest/gtest.h>

#include "script/script_fixture.h"

namespace fermata::script {
namespace {

struct Endless {
    const char* name;
    const char* script;
};

class InterruptionTest : public ::testing::TestWithParam<Endless> {};

TEST_P(InterruptionTest, EndsTheBuiltIn) {
    auto runtime = Runtime::create({});
    ASSERT_TRUE(runtime);
    FixtureSession session(
        **runtime, {},
        {{ExpressionKind::kScript, GetParam().script}, {ExpressionKind::kValue, "1"}});
    session.host.polls_max = 30;
    const auto ran = session.model->run(0);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().kind, FailureKind::kTimeout) << ran.error().message;
    session.host.polls = 0;
    EXPECT_EQ(session.model->evaluate(1)->to_json(), "1");
}

constexpr Endless kEndless[] = {
    {"Includes", "[].includes.call({length: 2 ** 53 - 1}, 1)"},
    {"IndexOf", "Array(2 ** 32 - 1).indexOf(1)"},
    {"LastIndexOf", "Array(2 ** 32 - 1).lastIndexOf(1)"},
    {"Reverse", "Array(2 ** 32 - 1).reverse()"},
    {"Sort", "Array(2 ** 32 - 1).sort()"},
    {"Join", "Array(2 ** 32 - 1).join('')"},
    {"CopyWithin", "Array(2 ** 32 - 1).copyWithin(1, 0)"},
    {"Shift", "Array(2 ** 32 - 1).shift()"},
    {"Slice", "Array(2 ** 32 - 1).slice(1)"},
    {"Concat", "[].concat(Array(2 ** 32 - 1))"},
    {"SetThatDoesNothing", "[].fill.call({__proto__: new Uint8Array(0), length: 2 ** 31}, 1)"},
    {"FlatOfSharedArrays", "var a = []; for (var i = 0; i < 60; i++) a = [a, a]; a.flat(1 / 0)"},
    {"TextOfSharedArrays",
     "var a = []; for (var i = 0; i < 60; i++) a = [a, a]; for (;;) JSON.stringify(a, null, '')"},
    {"SearchInText", "var n = 'a'.repeat(1e6) + 'b', h = 'a'.repeat(2e7); for (;;) h.indexOf(n)"},
    {"LastInText", "var n = 'a'.repeat(1e6) + 'b', h = 'a'.repeat(2e7); for (;;) h.lastIndexOf(n)"},
    {"IncludesInText",
     "var n = '\u0101'.repeat(1e6) + 'b'; for (;;) '\u0101'.repeat(9e6).includes(n)"},
    {"Split", "var n = 'a'.repeat(1e6) + 'b', h = 'a'.repeat(2e7); for (;;) h.split(n)"},
    {"ReplaceAll",
     "var n = 'a'.repeat(1e6) + 'b', h = 'a'.repeat(2e7); for (;;) h.replaceAll(n, '')"},
    {"OrderOfLongTexts",
     "var s = 'a'.repeat(1e6), t = 'a'.repeat(1e6), a = [];"
     "for (var i = 0; i < 100000; i++) a.push(i % 2 ? s : t); for (;;) a.sort()"},
    {"EqualTexts", "var s = 'a'.repeat(1e7), t = 'a'.repeat(1e7); for (;;) s === t"},
    {"Fill", "var a = new Uint8Array(1e8); for (;;) a.fill(1)"},
    {"Number", "var s = '1'.repeat(1e7); for (;;) Number(s)"},
    {"Keys", "var o = {}; for (var i = 0; i < 1e5; i++) o['k' + i] = i; for (;;) Object.keys(o)"},
    {"Prototypes", "var o = {}; for (var i = 0; i < 1e5; i++) o = Object.create(o); for (;;) o.x"},
    {"Declarations",
     "var t = []; for (var i = 0; i < 2e5; i++) t.push('a' + i);"
     "for (;;) Function('var ' + t.join(','))"},
};

INSTANTIATE_TEST_SUITE_P(BuiltIns, InterruptionTest, ::testing::ValuesIn(kEndless),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace fermata::script

// A script may run out of memory anywhere, also while an earlier error is being described. Each
// text is evaluated again and again, with a little more room than before, until there is enough.
#include <cstddef>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "script/memory_account.h"
#include "script/script_fixture.h"

namespace fermata::script {
namespace {

constexpr std::size_t kStep = 16;  // no block is smaller
constexpr std::size_t kEnough = 16U << 10U;

struct Text {
    const char* name;
    std::string_view script;
    std::string_view error;
};

class ScarceMemoryTest : public testing::TestWithParam<Text> {
  public:
    ~ScarceMemoryTest() override {
        JS_FreeContext(context_);
        JS_FreeRuntime(runtime_);
    }

  protected:
    // The name of the error that the text ends with; empty when there was no memory to make one.
    std::string evaluate(std::string_view script, std::size_t room) {
        account_.set_limit(room == kNoLimit ? kNoLimit : account_.used() + room, 0);
        const js::Value result(
            context_, JS_Eval(context_, script.data(), script.size(), "text", JS_EVAL_TYPE_GLOBAL));
        account_.lift_limit();
        EXPECT_TRUE(result.is_exception()) << room;
        const js::Value error(context_, JS_GetException(context_));
        if (!error.is_object()) {
            return {};
        }
        const js::Value name(context_, JS_GetPropertyStr(context_, error.get(), "name"));
        return std::string(js::Text(context_, name.get()).view());
    }

    MemoryAccount account_;
    JSRuntime* runtime_ = create_runtime(account_);
    JSContext* context_ = JS_NewContext(runtime_);
};

TEST_P(ScarceMemoryTest, EveryRefusalOfMemoryIsAnException) {
    const std::string_view script = GetParam().script;
    for (std::size_t room = 0; room < kEnough; room += kStep) {
        evaluate(script, room);
    }

    EXPECT_EQ(evaluate(script, kEnough), GetParam().error);
    EXPECT_EQ(evaluate("(", kNoLimit), "SyntaxError");
}

INSTANTIATE_TEST_SUITE_P(
    Texts, ScarceMemoryTest,
    testing::Values(Text{"SyntaxError", "((1", "SyntaxError"},
                    Text{"RegularExpression", "/(/", "SyntaxError"},
                    Text{"FailingOperation", "(function f() { null.x; })()", "TypeError"},
                    Text{"ThrownError", "throw new Error('no')", "Error"}),
    [](const testing::TestParamInfo<Text>& tested) { return tested.param.name; });

constexpr std::string_view kManyThings = R"js(
    (new Function(`
        class Base { #x = 1; static list = [1, 2]; get x() { return this.#x; } *each() { yield* [1]; } }
        class Derived extends Base { constructor() { super(); this.y = {...{a: 1}, b: [...'abc']}; } }
        const call = (a, {b, ...c} = {b: 1}, ...d) => [a, b, c, d].flat();
        call(1, {b: 2, z: 3}, new Derived().x);
        const copy = JSON.parse(JSON.stringify({a: [1, {b: 'text'.repeat(20)}], m: [...new Map([[1, 2]])]}));
        const words = 'a1b2c3'.replace(/([a-z])(\\d)/g, '$2$1').split('').map(String).sort().join('-');
        let text = ''; for (let i = 0; i < 300; i++) text += i;
        text.slice(2).padStart(2000, words).toUpperCase();
        (async () => { await null; for await (const item of [1]) copy[item] = item; })();
        try { null.x } catch (e) { e.stack } try { eval('((') } catch (e) {} try { JSON.parse('{a') } catch (e) {}
        new Function('a', 'return a + arguments.length')(1);
    `)(), 'done'))js";

// With the grace of real runtimes nothing is refused, so the compiler never sees a failed
// allocation; the script just ends.
TEST(ScarceMemory, EndsAScriptAnywhere) {
    constexpr std::size_t kMuch = 1U << 20U;
    std::size_t ended = 0;
    for (std::size_t room = 0; room < kMuch; room += room < (64U << 10U) ? 512 : 32U << 10U) {
        SessionLimits limits;
        limits.script_memory_max = room;
        const auto runtime = std::move(*Runtime::create({limits}));
        FixtureSession session(*runtime, {}, {{ExpressionKind::kValue, std::string(kManyThings)}});
        const auto outcome = session.model->evaluate(0);
        if (!outcome) {
            ++ended;
            EXPECT_EQ(outcome.error().kind, FailureKind::kMemory) << outcome.error().message;
        } else {
            EXPECT_EQ(outcome->to_text(), "done");
        }
    }
    EXPECT_GT(ended, 20U);
    EXPECT_LT(ended, 150U);
}

}  // namespace
}  // namespace fermata::script

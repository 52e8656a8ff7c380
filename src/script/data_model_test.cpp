#include "script/data_model.h"

#include "script/script_fixture.h"

namespace fermata::script {
namespace {

using Kind = ExpressionKind;
using Texts = std::vector<std::pair<Kind, std::string>>;

std::unique_ptr<Runtime> make_runtime(const SessionLimits& limits = {}) {
    RuntimeOptions options;
    options.limits = limits;
    auto runtime = Runtime::create(options);
    EXPECT_TRUE(runtime.has_value());
    return std::move(*runtime);
}

class EcmascriptTest : public ::testing::Test {
  protected:
    // Runs `script` in a fresh session and gives the JSON of `expression`.
    std::string after(const std::string& script, const std::string& expression) {
        FixtureSession session(*runtime_, {},
                               {{Kind::kScript, script}, {Kind::kValue, expression}});
        if (const auto ran = session.model->run(0); !ran) {
            return "script: " + ran.error().message;
        }
        const auto value = session.model->evaluate(1);
        return value ? value->to_json() : value.error().message;
    }
    std::string value_of(const std::string& expression) { return after("", expression); }

    std::unique_ptr<Runtime> runtime_ = make_runtime();
};

TEST_F(EcmascriptTest, Values) {
    EXPECT_EQ(value_of("1 + 1"), "2");
    EXPECT_EQ(value_of("'a' + 'b'"), "\"ab\"");
    EXPECT_EQ(value_of("({a: [1, 2.5, null, true]})"), R"({"a":[1,2.5,null,true]})");
    EXPECT_EQ(value_of("{a: 1}"), R"({"a":1})");
    EXPECT_EQ(value_of("typeof undeclared"), "\"undefined\"");
    EXPECT_EQ(value_of("/a[/)]b/.test('a)b')"), "true");
}

TEST_F(EcmascriptTest, FailuresNameTheirPlace) {
    FixtureSession session(
        *runtime_, {},
        {{Kind::kValue, "1 +\n  missing"}, {Kind::kValue, "1 + * 2"}, {Kind::kValue, "missing"}});
    auto failed = session.model->evaluate(0);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "ReferenceError: 'missing' is not defined");
    EXPECT_EQ(failed.error().line, 1U);
    EXPECT_EQ(failed.error().column, 2U);
    failed = session.model->evaluate(1);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().line, 0U);
    EXPECT_EQ(failed.error().column, 4U);
    failed = session.model->evaluate(2);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().column, 0U);
}

TEST_F(EcmascriptTest, MessagesOfFailuresAreBounded) {
    const std::string large = "let t = 'x'; for (let i = 0; i < 29; ++i) t += t; ";
    for (const std::string thrown :
         {"throw t", "throw {t}", "throw ['y'.repeat(9000), 'y'.repeat(9000)]",
          "throw {toJSON() { return t }}", "throw {toString() { return t }, toJSON() {}}",
          "const e = new Error('m'); e.message = t; throw e",
          "const e = new Error('m'); e.name = '\u20ac'.repeat(9000); throw e"}) {
        FixtureSession session(*runtime_, {}, {{Kind::kScript, large + thrown}});
        const std::size_t memory = runtime_->memory_used();
        const auto failed = session.model->run(0);
        session.model->leave();
        ASSERT_FALSE(failed) << thrown;
        EXPECT_FALSE(failed.error().message.empty()) << thrown;
        EXPECT_LE(failed.error().message.size(), 10'100U) << thrown;
        EXPECT_LT(runtime_->memory_used(), memory + (1U << 20U)) << thrown;
    }
}

TEST_F(EcmascriptTest, TextsThatChartsNeedAreBoundedToo) {
    SessionLimits limits;
    limits.session_bytes_max = 1000;
    limits.event_bytes_max = 1000;
    runtime_ = make_runtime(limits);
    FixtureSession session(
        *runtime_, {}, {{Kind::kValue, "'x'.repeat(1001)"}, {Kind::kValue, "'x'.repeat(1000)"}});
    const auto large = session.model->evaluate_text(0);
    ASSERT_FALSE(large);
    EXPECT_NE(large.error().message.find("1000 bytes"), std::string::npos);
    EXPECT_EQ(session.model->evaluate_text(1)->size(), 1000U);
}

TEST_F(EcmascriptTest, TextsCannotLeaveTheirBrackets) {
    EXPECT_EQ(value_of("1)); let leak = 1; (()=>(2").substr(0, 11), "SyntaxError");
    EXPECT_EQ(value_of("1);let leak=1;(2").substr(0, 11), "SyntaxError");
    EXPECT_EQ(after("}} let leak = 1; {{", "1").substr(0, 19), "script: SyntaxError");
    EXPECT_EQ(after("return 1", "1").substr(0, 19), "script: SyntaxError");
    EXPECT_EQ(value_of("/* ( */ 1 /* [ */"), "1");
    EXPECT_EQ(value_of("1 // )"), "1");
}

TEST_F(EcmascriptTest, ScriptDeclarationsBelongToTheSession) {
    const std::string script =
        "var a = 1; let b = 2\nconst c = 3; function f() { return a + g() } function g() { return "
        "b }\n"
        "class P { constructor(n) { this.n = n } twice() { return 2 * this.n } }\n"
        "for (let i = 0; i < 2; ++i) { var inner = i }\n"
        "var {x, y: [z]} = {x: 7, y: [8]}; undeclared = 9;";
    EXPECT_EQ(after(script, "[a, b, c, f(), new P(4).twice(), inner, x, z, undeclared, typeof i]"),
              R"([1,2,3,3,8,1,7,8,9,"undefined"])");
    EXPECT_EQ(value_of("typeof a + typeof undeclared + typeof P"),
              R"("undefinedundefinedundefined")");
}

TEST_F(EcmascriptTest, FunctionsSeeLaterAssignments) {
    FixtureSession session(*runtime_, {"n"},
                           {{Kind::kScript, "n = 1; function get() { return n }"},
                            {Kind::kLocation, "n"},
                            {Kind::kValue, "n + 1"},
                            {Kind::kValue, "get()"}});
    ASSERT_TRUE(session.model->run(0));
    ASSERT_TRUE(session.model->assign(1, ExpressionId{2}));
    EXPECT_EQ(session.model->evaluate(3)->to_json(), "2");
}

TEST_F(EcmascriptTest, AssignNeedsALocation) {
    FixtureSession session(*runtime_, {"o"},
                           {{Kind::kValue, "({a: {}})"},
                            {Kind::kLocation, "o"},
                            {Kind::kLocation, "o.a.b"},
                            {Kind::kLocation, "missing"},
                            {Kind::kLocation, "missing.x"},
                            {Kind::kLocation, "not a location"},
                            {Kind::kLocation, "o.f()"},
                            {Kind::kLocation, "_sessionid"},
                            {Kind::kLocation, "_event.name"},
                            {Kind::kLocation, "o['a'].c"},
                            {Kind::kValue, "JSON.stringify(o)"}});
    EXPECT_TRUE(session.model->assign(1, ExpressionId{0}));
    EXPECT_TRUE(session.model->assign(2, value::Value::integer(5)));
    EXPECT_TRUE(session.model->assign(9, value::Value::string("x")));
    session.model->set_event(
        value::Event{"e", value::EventType::kExternal, "", "", "", "", {}, ""});
    for (const ExpressionId wrong : {3U, 4U, 5U, 6U, 7U, 8U}) {
        const auto assigned = session.model->assign(wrong, value::Value::integer(1));
        ASSERT_FALSE(assigned) << wrong;
        EXPECT_EQ(assigned.error().kind, FailureKind::kExecution);
    }
    EXPECT_EQ(session.model->evaluate(10)->to_text(), R"({"a":{"b":5,"c":"x"}})");
}

TEST_F(EcmascriptTest, SystemVariables) {
    FixtureSession session(
        *runtime_, {},
        {{Kind::kValue,
          "[_sessionid, _name, _ioprocessors.scxml.location,"
          " _ioprocessors['http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor'].location]"},
         {Kind::kValue, "typeof _event"},
         {Kind::kValue,
          "[_event.name, _event.type, typeof _event.sendid, _event.data.k, _event === _event]"},
         {Kind::kScript, "_sessionid = 1"},
         {Kind::kScript, "_event.name = 'other'; _event = 5"},
         {Kind::kValue, "In('s1') && !In('s2')"},
         {Kind::kValue, "typeof _x"}});
    session.host.active = {"s1"};
    EXPECT_EQ(session.model->evaluate(0)->to_json(),
              R"(["S1","chart","#_scxml_S1","http://localhost/S1"])");
    EXPECT_EQ(session.model->evaluate(1)->to_text(), "undefined");
    value::Event event;
    event.name = "go";
    event.data = value::Value::object({{"k", value::Value::integer(3)}});
    session.model->set_event(event);
    EXPECT_EQ(session.model->evaluate(2)->to_json(), R"(["go","external","undefined",3,true])");
    EXPECT_FALSE(session.model->run(3));
    EXPECT_FALSE(session.model->run(4));
    EXPECT_EQ(session.model->evaluate(2)->to_json(), R"(["go","external","undefined",3,true])");
    EXPECT_TRUE(*session.model->condition(5));
    EXPECT_EQ(session.model->evaluate(6)->to_text(), "object");
}

TEST_F(EcmascriptTest, ForeachWorksOnACopy) {
    FixtureSession session(*runtime_, {"list", "seen"},
                           {{Kind::kValue, "[1, 2, 3]"},
                            {Kind::kValue, "list"},
                            {Kind::kScript, "list.push(9); seen.push(item * 10 + at)"},
                            {Kind::kValue, "seen"},
                            {Kind::kValue, "7"},
                            {Kind::kValue, "[]"}});
    ASSERT_TRUE(session.model->initialise(0, ExpressionId{0}));
    ASSERT_TRUE(session.model->initialise(1, ExpressionId{5}));
    ASSERT_TRUE(session.model->foreach_begin(1, "item", "at"));
    while (*session.model->foreach_next()) {
        ASSERT_TRUE(session.model->run(2));
    }
    session.model->foreach_end();
    EXPECT_EQ(session.model->evaluate(3)->to_json(), "[10,21,32]");
    EXPECT_FALSE(session.model->foreach_begin(4, "item", ""));
    EXPECT_FALSE(session.model->foreach_begin(1, "continue", ""));
    EXPECT_FALSE(session.model->foreach_begin(1, "_event", ""));
    EXPECT_FALSE(session.model->foreach_begin(1, "a b", ""));
}

TEST_F(EcmascriptTest, TimeLimitCannotBeCaught) {
    FixtureSession session(
        *runtime_, {},
        {{Kind::kScript, "for (;;) { try { for (;;); } catch (e) {} finally { } }"},
         {Kind::kScript, "(async () => { for (;;) await 0 })()"},
         {Kind::kValue, "1"}});
    session.host.polls_max = 20;
    auto ran = session.model->run(0);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().kind, FailureKind::kTimeout);
    session.host.polls = 0;
    ran = session.model->run(1);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().kind, FailureKind::kTimeout);
    session.host.polls = 0;
    EXPECT_EQ(session.model->evaluate(2)->to_json(), "1");
}

TEST_F(EcmascriptTest, MemoryLimit) {
    SessionLimits limits;
    limits.script_memory_max = 2U << 20U;
    runtime_ = make_runtime(limits);
    FixtureSession session(*runtime_, {},
                           {{Kind::kScript, "var a = []; for (;;) a.push({})"},
                            {Kind::kScript, "a = null"},
                            {Kind::kValue, "new Array(1000).fill(1).length"}});
    const auto ran = session.model->run(0);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().kind, FailureKind::kMemory);
    ASSERT_TRUE(session.model->run(1));
    EXPECT_EQ(session.model->evaluate(2)->to_json(), "1000");
}

TEST_F(EcmascriptTest, StackLimit) {
    FixtureSession session(*runtime_, {}, {{Kind::kScript, "function f() { return f() + 1 } f()"}});
    const auto ran = session.model->run(0);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().kind, FailureKind::kExecution);
    EXPECT_NE(ran.error().message.find("stack"), std::string::npos) << ran.error().message;
}

TEST_F(EcmascriptTest, PromisesRunAtTheEnd) {
    FixtureSession session(
        *runtime_, {"n"},
        {{Kind::kScript, "(async () => { await 0; n = 5 })(); n = 1"}, {Kind::kValue, "n"}});
    ASSERT_TRUE(session.model->run(0));
    EXPECT_EQ(session.model->evaluate(1)->to_json(), "5");
}

TEST_F(EcmascriptTest, OwnRealmMayChangeBuiltins) {
    const Texts texts = {
        {Kind::kScript, "Array.prototype.last = function () { return this[this.length - 1] }"},
        {Kind::kValue, "[1, 2].last ? [1, 2].last() : 'none'"}};
    FixtureSession own(*runtime_, {}, texts, true);
    ASSERT_TRUE(own.model->run(0));
    EXPECT_EQ(own.model->evaluate(1)->to_json(), "2");
    own.model->leave();
    FixtureSession shared(*runtime_, {}, texts);
    EXPECT_EQ(shared.model->evaluate(1)->to_json(), "\"none\"");
}

TEST(NullModel, KnowsOnlyIn) {
    const auto runtime = make_runtime();
    auto program = std::make_shared<Program>();
    for (const char* text :
         {"In('a')", " In ( \"a\" ) ", "In('b')", "true", "In('a') || true", "In(a)"}) {
        program->expressions.push_back({Kind::kCondition, text, 1, 1, 0});
    }
    const auto model = runtime->create_data_model(program);
    FixtureHost host;
    host.active = {"a"};
    model->enter(host);
    EXPECT_TRUE(*model->condition(0));
    EXPECT_TRUE(*model->condition(1));
    EXPECT_FALSE(*model->condition(2));
    for (const ExpressionId wrong : {3U, 4U, 5U}) {
        EXPECT_FALSE(model->condition(wrong)) << wrong;
    }
    EXPECT_FALSE(model->evaluate(0));
    EXPECT_FALSE(model->run(0));
}

TEST(NullModel, IsLeftOutWhereNothingCanBeAsked) {
    const auto runtime = make_runtime();
    const auto program = std::make_shared<Program>();
    EXPECT_EQ(runtime->create_data_model(program), nullptr);

    program->data_ids = {"x"};  // its value is refused, which the chart must hear of
    EXPECT_NE(runtime->create_data_model(program), nullptr);

    program->data_ids.clear();
    program->datamodel = DataModelKind::kEcmascript;
    EXPECT_NE(runtime->create_data_model(program), nullptr);
}

}  // namespace
}  // namespace fermata::script

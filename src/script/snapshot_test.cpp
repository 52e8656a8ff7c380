// What a session's data is after it was written out and read back into another session.
#include <gmock/gmock.h>

#include "script/script_fixture.h"

namespace fermata::script {
namespace {

using Kind = ExpressionKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SnapshotTest : public ::testing::Test {
  protected:
    Snapshot snapshot_of(const std::string& script, bool own_realm = false) {
        FixtureSession session(*runtime_, {}, {{Kind::kScript, script}}, own_realm);
        const auto ran = session.model->run(0);
        EXPECT_TRUE(ran) << script << ": " << ran.error().message;
        session.model->leave();
        return take_snapshot(*session.model);
    }
    // JSON of `expression` in a session restored from what `script` made.
    std::string restored(const std::string& script, const std::string& expression,
                         bool own_realm = false) {
        snapshot_ = snapshot_of(script, own_realm);
        FixtureSession session(*runtime_, {}, {{Kind::kValue, expression}}, own_realm);
        for (const auto& [name, bytes] : snapshot_.items) {
            auto value = value::Value::from_bytes(bytes);
            if (!value) {
                return name + ": " + value.error().message();
            }
            if (const auto done = session.model->restore(name, *value); !done) {
                return name + ": " + done.error().message;
            }
        }
        const auto value = session.model->evaluate(0);
        return value ? value->to_json() : value.error().message;
    }

    std::unique_ptr<Runtime> runtime_ = std::move(*Runtime::create({}));
    Snapshot snapshot_;
};

struct Case {
    const char* script;
    const char* holds;  // must be true in the restored session
};

class RoundTripTest : public SnapshotTest, public ::testing::WithParamInterface<Case> {};

TEST_P(RoundTripTest, Holds) {
    EXPECT_EQ(restored(GetParam().script, GetParam().holds), "true");
    EXPECT_THAT(snapshot_.warnings, IsEmpty());
    EXPECT_EQ(restored(GetParam().script, GetParam().holds, true), "true") << "own realm";
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, RoundTripTest,
    ::testing::Values(
        Case{"v = undefined", "typeof v === 'undefined' && 'v' in globalThis"},
        Case{"v = [null, true, false, 1, -1, 1.5, 2147483648, 1e300]",
             "JSON.stringify(v) === '[null,true,false,1,-1,1.5,2147483648,1e+300]'"},
        Case{"v = [NaN, -0, 0, Infinity, -Infinity]",
             "Object.is(v[0], NaN) && Object.is(v[1], -0) && Object.is(v[2], 0) && v[3] === "
             "Infinity && v[4] === -Infinity"},
        Case{"v = ['', 'abc', '\\u00e9\\u20ac\\ud83d\\ude00', '\\ud800', 'a\\0b']",
             "v[2] === '\\u00e9\\u20ac\\ud83d\\ude00' && v[3] === '\\ud800' && v[4] === 'a\\0b'"},
        Case{"v = 'x'.repeat(300) + 'y'; v += v", "v.length === 602"},
        Case{"v = [10n, -12345678901234567890123n]",
             "v[0] === 10n && v[1] === -12345678901234567890123n"},
        Case{"v = {a: {b: {c: [1, [2]]}}}", "v.a.b.c[1][0] === 2"},
        Case{"v = [1,,3,,]", "v.length === 4 && !(1 in v) && !(3 in v)"},
        Case{"v = {}; v.self = v", "v.self === v && v.self.self === v"},
        Case{"v = []; v.push(v, {v})", "v[0] === v && v[1].v === v"},
        Case{"const a = {n: 1}; v = {x: a, y: a}; a2 = 3", "v.x === v.y && v.x.n === 1"},
        Case{"var a = {n: 1}, b = {a}", "b.a === a"},
        Case{"v = new Date(86400000); w = new Date(NaN)", "v.getTime() === 86400000 && isNaN(w)"},
        Case{"v = /a\\/b/gi", "v.source === 'a\\\\/b' && v.flags === 'gi' && v.test('A/B')"},
        Case{"v = new Map([[1, 'a'], [{k: 1}, new Set([1, 2])]]); v.set('self', v)",
             "v instanceof Map && v.get(1) === 'a' && v.get('self') === v && "
             "[...v.values()][1].has(2)"},
        Case{"v = new Set(); v.add(v).add(1)", "v.has(v) && v.size === 2"},
        Case{"v = new Uint8Array([1, 2, 255]); w = new Float64Array([1.5]); x = new "
             "BigInt64Array([5n])",
             "v[2] === 255 && v.length === 3 && w[0] === 1.5 && x[0] === 5n"},
        Case{"var b = new ArrayBuffer(8), v = new Int16Array(b, 2, 2), d = new DataView(b, 4); "
             "v[0] = 7",
             "v.buffer === b && d.buffer === b && new Int16Array(b)[1] === 7 && d.byteOffset === 4 "
             "&& v.length === 2"},
        Case{"v = new Uint8ClampedArray([300])", "v instanceof Uint8ClampedArray && v[0] === 255"},
        Case{"function f(a) { return a + n } n = 2", "f(3) === 5 && f.name === 'f'"},
        Case{"f = (a, b = 2) => a * b; g = async () => 1; h = function* () { yield 4 }",
             "f(3) === 6 && g() instanceof Promise && h().next().value === 4"},
        Case{"f = function () { return 1 }; f.extra = {a: 1}; f.f = f",
             "f() === 1 && f.extra.a === 1 && f.f === f"},
        Case{"v = { n: 4, m(a) { return a + this.n }, get x() { return this.n }, set x(a) { this.n "
             "= a }, async as() {}, *g() { yield 1 }, ['c' + 1]() { return 9 } }",
             "v.m(1) === 5 && v.x === 4 && (v.x = 6, v.n === 6) && v.g().next().value === 1 && "
             "v.c1() === 9 && v.as() instanceof Promise"},
        Case{"v = [Math.max, Math, Array.prototype.push, Object.prototype, parseInt, globalThis, "
             "JSON, Symbol.iterator]",
             "v[0] === Math.max && v[1] === Math && v[2] === [].push && v[3] === Object.prototype "
             "&& v[4] === parseInt && v[5] === globalThis && v[7] === Symbol.iterator"},
        Case{"class P { constructor(n) { this.n = n } twice() { return 2 * this.n } static make() "
             "{ return new P(1) } } v = new P(4)",
             "v.twice() === 8 && v instanceof P && P.make() instanceof P && v.constructor === P"},
        Case{"v = new (class { m() { return 3 } })()", "v.m() === 3"},
        Case{"class A { a() { return 1 } } class B extends A { b() { return this.a() + super.a() } "
             "} v = new B()",
             "v.b() === 2 && v instanceof A && v instanceof B"},
        Case{"function F(n) { this.n = n } F.prototype.get = function () { return this.n }; v = "
             "[new F(1), new F(2)]",
             "v[0].get() === 1 && v[1].get() === 2 && v[0] instanceof F"},
        Case{"function F() {} function G() {} G.prototype = Object.create(F.prototype); "
             "G.prototype.constructor = G; v = new G()",
             "v instanceof F && v instanceof G"},
        Case{"p = {hello() { return 'hi' }}; v = Object.create(p); v.own = 1; w = Object.create(p)",
             "v.hello() === 'hi' && v.own === 1 && Object.getPrototypeOf(v) === p && "
             "Object.getPrototypeOf(w) === p"},
        Case{"v = Object.create(null); v.a = 1", "Object.getPrototypeOf(v) === null && v.a === 1"},
        Case{"v = {constructor: function () { return 1 }, b: 2}",
             "v.constructor() === 1 && v.b === 2"},
        Case{"v = {'__proto__x': 1}; Object.defineProperty(v, '__proto__', {value: 5, enumerable: "
             "true})",
             "Object.keys(v).length === 2 && ({}).x === undefined"},
        Case{"v = new TypeError('bad'); v.code = 7; w = new Error('e'); w.name = 'Mine'",
             "v instanceof TypeError && v.message === 'bad' && v.code === 7 && w.name === 'Mine' "
             "&& Object.keys(w).join() === 'name'"},
        Case{"s = Symbol('d'); v = {s}", "s.description === 'd' && v.s === s"},
        Case{"v = [Object(1), Object('a'), Object(true), Object(1n)]",
             "v[0] instanceof Number && v[0] == 1 && v[1].length === 1 && v[2] instanceof Boolean "
             "&& typeof v[3].valueOf() === 'bigint'"},
        Case{"v = {}; Object.defineProperty(v, 'x', {get: () => 3, enumerable: true})",
             "v.x === 3"},
        Case{"Object = 1; Reflect = 2; v = {m() { return 3 }}; w = Object",
             "v.m() === 3 && w === 1"},
        Case{"v = {1: 'a', b: 2, 0: 'c'}", "Object.keys(v).join() === '0,1,b'"}));

TEST_F(SnapshotTest, ItemsAreSeparateUnlessTheyShare) {
    const Snapshot separate = snapshot_of("a = {x: 1}; b = [a.x]");
    ASSERT_EQ(separate.items.size(), 2U);
    EXPECT_EQ(separate.items[0].first, "a");
    const Snapshot shared = snapshot_of("a = {x: 1}; b = [a]");
    ASSERT_EQ(shared.items.size(), 1U);
    EXPECT_EQ(shared.items[0].first, kWholeScope);
}

TEST_F(SnapshotTest, WhatCannotBeStoredIsNamed) {
    snapshot_ = snapshot_of(
        "a = {list: [1, (function* () {})()]}; p = Promise.resolve(1); w = new WeakMap();"
        "x = new Proxy({}, {ownKeys() { throw 1 }}); b = (function () {}).bind(null)");
    EXPECT_THAT(snapshot_.warnings,
                ElementsAre(::testing::StartsWith("a.list[1]: "), ::testing::StartsWith("p: "),
                            ::testing::StartsWith("w: "), ::testing::StartsWith("x: "),
                            ::testing::StartsWith("b: ")));
}

TEST_F(SnapshotTest, CapturedVariablesAreNamed) {
    snapshot_ =
        snapshot_of("f = (() => { let count = 0; return () => ++count + other })(); other = 1");
    ASSERT_EQ(snapshot_.warnings.size(), 1U);
    EXPECT_NE(snapshot_.warnings[0].find("count"), std::string::npos);
    EXPECT_EQ(snapshot_.warnings[0].find("other"), std::string::npos);
}

TEST_F(SnapshotTest, DeepNestingIsCut) {
    snapshot_ =
        snapshot_of("v = {}; { let at = v; for (let i = 0; i < 1000; ++i) at = at.next = {} }");
    EXPECT_EQ(snapshot_.warnings.size(), 1U);
    EXPECT_TRUE(value::Value::from_bytes(snapshot_.items.at(0).second).has_value());
}

// What takes little memory while a script has it may be much larger as a value of its own: texts
// and names are shared, and a text that is put together from parts is made when it is asked for.
class ValueBoundTest : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        RuntimeOptions options;
        options.limits.session_bytes_max = 1U << 20U;
        options.limits.event_bytes_max = 1U << 20U;
        runtime_ = *Runtime::create(options);
    }

    std::unique_ptr<Runtime> runtime_;
};

TEST_P(ValueBoundTest, WhatIsLargerIsNeitherStoredNorSentAndDoesNoHarm) {
    for (const bool own_realm : {false, true}) {
        FixtureSession session(
            *runtime_, {},
            {{Kind::kScript, GetParam()}, {Kind::kValue, "v"}, {Kind::kScript, "v = [1, 'two']"}},
            own_realm);
        const auto ran = session.model->run(0);
        ASSERT_TRUE(ran) << ran.error().message;
        const std::size_t memory = runtime_->memory_used();
        const auto evaluated = session.model->evaluate(1);
        session.model->leave();

        Snapshot snapshot;
        FixtureSink sink(snapshot);
        EXPECT_FALSE(session.model->snapshot(sink));
        EXPECT_THAT(snapshot.items, IsEmpty());
        EXPECT_LT(runtime_->memory_used(), memory + (2U << 20U));
        ASSERT_FALSE(evaluated);
        EXPECT_EQ(evaluated.error().kind, FailureKind::kExecution);
        EXPECT_THAT(evaluated.error().message, ::testing::HasSubstr("1048576 bytes"));

        session.model->enter(session.host);
        ASSERT_TRUE(session.model->run(2));
        EXPECT_EQ(session.model->evaluate(1)->to_json(), R"([1,"two"])");
        session.model->leave();
        EXPECT_TRUE(session.model->snapshot(sink));
        EXPECT_EQ(snapshot.items.size(), 1U);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Values, ValueBoundTest,
    ::testing::Values(
        "v = 'x'; for (let i = 0; i < 29; ++i) v += v",
        "v = 'x'; for (let i = 0; i < 21; ++i) v += v; v = Object(v)",
        "v = []; { let s = 'x'.repeat(1 << 19); for (let i = 0; i < 3; ++i) v.push(s) }",
        "v = {}; { let s = 'x'.repeat(1 << 19); v.a = s; v.b = [s]; v.c = new Set([s]) }",
        "v = 'x'.repeat(1 << 20)",
        "v = new Map(); { let s = 'x'.repeat(1 << 19); for (let i = 0; i < 9; ++i) "
        "v.set(i, s) }",
        "v = []; { let k = 'k'.repeat(1 << 19); for (let i = 0; i < 3; ++i) "
        "v.push({[k]: i}) }",
        "v = new Error('m'); { let t = 'x'; for (let i = 0; i < 29; ++i) t += t; "
        "v.message = t }",
        "{ let o = {}; let s = 'x'.repeat(1 << 19); v = [o, o, s, s, s] }"));

TEST_F(SnapshotTest, XmlDataIsADocument) {
    FixtureSession session(
        *runtime_, {"doc", "book"},
        {{Kind::kValue, "doc.documentElement.getElementsByTagName('book')[1]"},
         {Kind::kValue,
          "[doc.nodeType, doc.getElementsByTagName('book')[1].getAttribute('title'), book === "
          "doc.documentElement.lastChild,"
          " book.parentNode.tagName, book.textContent, book.previousSibling.hasAttribute('title'), "
          "book.attributes[0].value,"
          " book.ownerDocument === doc, doc.getElementById('b2') === book, String(book)]"}});
    const value::Value xml = value::Value::xml(
        "<books xmlns=''><book title='t1'/><book id='b2' title='t2'>text</book></books>");
    ASSERT_TRUE(session.model->initialise(0, xml));
    ASSERT_TRUE(session.model->initialise(1, ExpressionId{0}));
    const char* expected =
        R"([9,"t2",true,"books","text",true,"b2",true,true,"<book id=\"b2\" title=\"t2\">text</book>"])";
    EXPECT_EQ(session.model->evaluate(1)->to_json(), expected);
    session.model->leave();
    const Snapshot snapshot = take_snapshot(*session.model);
    EXPECT_THAT(snapshot.warnings, IsEmpty());
    FixtureSession again(
        *runtime_, {},
        {{Kind::kValue, "1"},
         {Kind::kValue, "[book.textContent, doc.nodeType, book.ownerDocument === doc]"}});
    for (const auto& [name, bytes] : snapshot.items) {
        ASSERT_TRUE(again.model->restore(name, *value::Value::from_bytes(bytes)));
    }
    EXPECT_EQ(again.model->evaluate(1)->to_json(), R"(["text",9,true])");
}

// Every damaged form of a snapshot either fails or gives some value; nothing else happens.
TEST_F(SnapshotTest, DamagedBytesAreSafe) {
    snapshot_ = snapshot_of(
        "a = {x: [1, , 'two', 3.5, {y: null}], m: new Map([[1, new Set([2])]]), d: new Date(1)};"
        "a.self = a; f = function () { return 1 }; f.p = 1; class P {} v = new P(); e = new "
        "Error('x');"
        "t = new Uint8Array(4); r = /x/g; s = Symbol('q'); o = Object(1); g = {get z() { return 1 "
        "}}; b = 5n");
    FixtureSession session(*runtime_, {}, {{Kind::kValue, "1"}});
    for (const auto& [name, bytes] : snapshot_.items) {
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            for (const unsigned flip : {1U, 2U, 4U, 8U, 16U, 32U, 64U, 128U, 255U}) {
                std::string damaged = bytes;
                damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ flip);
                static_cast<void>(session.model->restore(
                    "target", value::Value::from_trusted_bytes(std::move(damaged))));
            }
            static_cast<void>(session.model->restore(
                "target", value::Value::from_trusted_bytes(bytes.substr(0, at) + '\0')));
        }
    }
    EXPECT_EQ(session.model->evaluate(0)->to_json(), "1");
}

}  // namespace
}  // namespace fermata::script

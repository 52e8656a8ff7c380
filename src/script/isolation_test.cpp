// One session tries everything to leave a mark that another session of the same runtime sees.
#include "script/script_fixture.h"

namespace fermata::script {
namespace {

using Kind = ExpressionKind;

// Statements that leave `mark` somewhere, and the expression by which another session would find
// it.
struct Attempt {
    const char* attack;
    const char* sees;
};

// `sees` must give the same before and after.
const Attempt kAttempts[] = {
    {"mark = 1", "typeof mark"},
    {"this.mark = 1", "typeof mark + typeof this.mark"},
    {"globalThis.mark = 1", "typeof globalThis.mark"},
    {"(function () { return this })().mark = 1", "typeof globalThis.mark"},
    {"Function('return this')().mark = 1", "typeof globalThis.mark"},
    {"Function('mark = 1')()", "typeof mark"},
    {"Function('}); let mark = 1; (function () {')", "typeof mark"},
    {"(0, eval)('let mark = 1; const mark2 = 2; class mark3 {}')",
     "typeof mark + typeof mark2 + typeof mark3"},
    {"(0, eval)('var mark = 1')", "typeof mark"},
    {"(0, eval)('function mark() {}')", "typeof mark"},
    {"eval('var mark = 1; mark5 = 5')", "typeof mark + typeof mark5"},
    {"Object.defineProperty(globalThis, 'mark', {value: 1})", "typeof mark"},
    {"Object.setPrototypeOf(globalThis, {mark: 1})", "typeof mark"},
    {"Object.getPrototypeOf(globalThis).mark = 1", "typeof mark"},
    {"Object.defineProperty(Object.getPrototypeOf(globalThis), 'mark', {value: 1})", "typeof mark"},
    {"Object.setPrototypeOf(Object.getPrototypeOf(globalThis), {mark: 1})", "typeof mark"},
    {"Reflect.set(Object.getPrototypeOf(globalThis), 'mark', 1)", "typeof mark"},
    {"Object.prototype.mark = 1", "typeof ({}).mark"},
    {"({}).__proto__.mark = 1", "typeof ({}).mark"},
    {"Object.prototype.toString = () => 'mark'", "String({})"},
    {"Object.prototype.__defineGetter__('mark', () => 1)", "typeof ({}).mark"},
    {"Array.prototype.push = () => 'mark'", "[].push(1)"},
    {"Array.prototype[0] = 'mark'", "[,1][0]"},
    {"[].constructor.mark = 1", "typeof Array.mark"},
    {"Array = function () {}", "Array.isArray([])"},
    {"Math.mark = 1", "typeof Math.mark"},
    {"Math.max = () => 'mark'", "Math.max(1, 2)"},
    {"delete Math.max", "typeof Math.max"},
    {"JSON.stringify = () => 'mark'", "JSON.stringify(1)"},
    {"undefined = 1", "typeof undefined"},
    {"NaN = 1; Infinity = 1", "[NaN, Infinity]"},
    {"Function.prototype.call = () => 'mark'", "(function () { return 1 }).call()"},
    {"(function () {}).__proto__.mark = 1", "typeof (() => 0).mark"},
    {"Object.getPrototypeOf(function* () {}).mark = 1", "typeof (function* () {}).mark"},
    {"Object.getPrototypeOf(function* () {}).prototype.mark = 1",
     "typeof (function* () {})().mark"},
    {"Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())).mark = 1",
     "typeof (function* () {})().mark"},
    {"Object.getPrototypeOf(async function () {}).mark = 1", "typeof (async function () {}).mark"},
    {"Object.getPrototypeOf(async function* () {}).prototype.mark = 1",
     "typeof (async function* () {})().mark"},
    {"Object.getPrototypeOf([][Symbol.iterator]()).mark = 1", "typeof [][Symbol.iterator]().mark"},
    {"Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({done: true})", "[...[1, 2]]"},
    {"Object.getPrototypeOf(new Map().entries()).mark = 1", "typeof new Map().entries().mark"},
    {"Object.getPrototypeOf(new Set().values()).mark = 1", "typeof new Set().values().mark"},
    {"Object.getPrototypeOf(''[Symbol.iterator]()).mark = 1", "typeof ''[Symbol.iterator]().mark"},
    {"Object.getPrototypeOf('a'.matchAll(/a/g)).mark = 1", "typeof 'a'.matchAll(/a/g).mark"},
    {"Object.getPrototypeOf(Int8Array).mark = 1", "typeof Int8Array.mark"},
    {"Object.getPrototypeOf(Int8Array.prototype).mark = 1", "typeof new Int8Array(1).mark"},
    {"(function () { 'use strict'; return Object.getOwnPropertyDescriptor(arguments, 'callee').get "
     "})().mark = 1",
     "typeof (function () { 'use strict'; return Object.getOwnPropertyDescriptor(arguments, "
     "'callee').get })().mark"},
    {"/a(b)/.exec('ab'); RegExp.mark = 1; RegExp.$1 = 'mark'",
     "typeof RegExp.mark + typeof RegExp.$1"},
    {"RegExp.prototype.exec = () => 'mark'", "/a/.exec('b')"},
    {"Date.now = () => 'mark'", "typeof Date.now()"},
    {"Promise.prototype.then = () => 'mark'; Promise.mark = 1", "typeof Promise.mark"},
    {"Error.prototype.name = 'mark'", "new Error().name"},
    {"new Error().__proto__.message = 'mark'", "new Error().message"},
    {"Error.stackTraceLimit = 0; Error.mark = 1", "typeof Error.mark"},
    {"Symbol.prototype.mark = 1; Symbol.iterator.mark = 1", "typeof Symbol().mark"},
    {"Reflect.mark = 1; Reflect.get = () => 'mark'", "Reflect.get({a: 1}, 'a')"},
    {"Proxy.mark = 1", "typeof Proxy.mark"},
    {"Atomics.mark = 1", "typeof Atomics.mark"},
    {"In.mark = 1", "typeof In.mark"},
    {"In = () => 'mark'", "In('x')"},
    {"_x.mark = 1", "typeof _x.mark"},
    {"_ioprocessors.mark = 1", "typeof _ioprocessors.mark"},
    {"_ioprocessors.scxml.location = 'mark'", "_ioprocessors.scxml.location == 'mark'"},
    {"Object.getOwnPropertyDescriptor(Object.prototype, 'toString').get.mark = 1",
     "typeof Object.getOwnPropertyDescriptor(Object.prototype, 'toString').get.mark"},
    {"Object.getOwnPropertyDescriptor(Object.prototype, '__proto__').get.mark = 1",
     "typeof Object.getOwnPropertyDescriptor(Object.prototype, '__proto__').get.mark"},
    {"Object.getOwnPropertyDescriptor(Object.prototype, 'toString').set.call(Array.prototype, "
     "'mark')",
     "[].toString()"},
    {"Object.getOwnPropertyDescriptor(Object.prototype, 'toString').set.call(globalThis, 'mark')",
     "typeof toString"},
    {"Object.prototype.constructor.mark = 1", "typeof Object.mark"},
    {"(() => 0).constructor('mark = 1')()", "typeof mark"},
    {"(function* () {}).constructor('mark = 1')().next()", "typeof mark"},
    {"(async () => { await 0; mark = 1 })()", "typeof mark"},
    {"new Promise(() => { throw 1 }); Promise.reject(1)", "1"},
    {"Symbol.for('mark').description; Object(Symbol.for('mark')).mark = 1",
     "typeof Symbol.for('mark').mark"},
    {"globalThis.globalThis = {mark: 1}", "typeof globalThis.mark"},
    {"(tag => tag`x`)(parts => { parts.mark = 1 })", "(tag => tag`x`)(parts => typeof parts.mark)"},
    {"try { arguments.callee.mark = 1 } catch (e) {}",
     "typeof arguments === 'undefined' ? 'undefined' : typeof arguments.callee.mark"},
    {"$scope.mark = 1; $scope.constructor", "typeof mark"},
    {"Object.create(globalThis).mark = 1", "typeof mark"},
    {"try { WeakRef } catch (e) { mark = e.name }", "typeof mark"},
    {"Promise.resolve().then(() => { mark = 1 }); throw 1", "typeof mark"},
    {"(async () => { for (;;) { await 0; mark = 1 } })(); throw 1", "typeof mark"},
    {"var Object = {mark: 1}", "typeof Object.mark"},
    {"function parseInt() { return 'mark' }", "parseInt('7')"},
    {"with (Math) { max = () => 'mark' }", "Math.max(1, 2)"},
    {"new Proxy(Math, {}).mark = 1", "typeof Math.mark"},
    {"Object.assign(Math, {mark: 1})", "typeof Math.mark"},
    {"Object.freeze(globalThis); Object.seal(Math)", "(() => { y = 1; return y })()"},
    {"class M extends Map { } M.prototype.__proto__.mark = 1", "typeof new Map().mark"},
    {"String.prototype.split.call.mark = 1", "typeof ''.split.mark"},
    {"escape.mark = 1; unescape = null", "typeof unescape"},
};

class IsolationTest : public ::testing::TestWithParam<Attempt> {
  protected:
    void SetUp() override { runtime_ = std::move(*Runtime::create({})); }
    // What a session of its own sees; `attack` runs in it first unless empty.
    std::string seen() {
        FixtureSession session(*runtime_, {}, {{Kind::kValue, GetParam().sees}});
        const auto value = session.model->evaluate(0);
        std::string result = value ? value->to_json() : value.error().message;
        session.model->leave();
        return result;
    }
    std::unique_ptr<Runtime> runtime_;
};

TEST_P(IsolationTest, NothingIsSeen) {
    const std::string before = seen();
    FixtureSession attacker(*runtime_, {},
                            {{Kind::kScript, GetParam().attack},
                             {Kind::kScript, std::string("'use strict';") + GetParam().attack}});
    static_cast<void>(attacker.model->run(0));
    static_cast<void>(attacker.model->run(1));
    attacker.model->leave();
    EXPECT_EQ(seen(), before);
}

INSTANTIATE_TEST_SUITE_P(Attempts, IsolationTest, ::testing::ValuesIn(kAttempts));

class OverrideTest : public ::testing::TestWithParam<const char*> {};

// Each must be true: own objects may have properties of any name.
TEST_P(OverrideTest, OwnObjectsTakeAnyProperty) {
    const auto runtime = std::move(*Runtime::create({}));
    FixtureSession session(*runtime, {}, {{Kind::kValue, GetParam()}});
    const auto value = session.model->evaluate(0);
    EXPECT_EQ(value ? value->to_json() : value.error().message, "true");
}

INSTANTIATE_TEST_SUITE_P(
    Assignments, OverrideTest,
    ::testing::Values(
        "(() => { const o = {}; o.toString = () => 'x'; return String(o) === 'x' && "
        "Object.keys(o)[0] === 'toString' })()",
        "(() => { 'use strict'; const o = {}; o.constructor = 1; o.valueOf = () => 4; return o + 1 "
        "=== 5 && o.constructor === 1 })()",
        "(() => { const e = new Error('a'); e.message = 'b'; e.name = 'N'; return String(e) === "
        "'N: b' })()",
        "(() => { function F() {} F.prototype = Object.create(Array.prototype); "
        "F.prototype.constructor = F; return new F().constructor === F })()",
        "(() => { function E() {} E.prototype = new Error(); E.prototype.name = 'E'; "
        "E.prototype.constructor = E; return new E().name === 'E' })()",
        "(() => { const f = () => 0; f.toString = () => 'f'; return String(f) === 'f' })()",
        "(() => { const a = []; a.toString = () => 'a'; return String(a) === 'a' })()",
        "(() => { const o = {}; o.hasOwnProperty = 1; return o.hasOwnProperty === 1 })()",
        "(() => { class A { toString() { return 'A' } } return String(new A()) === 'A' })()",
        "(() => { const d = new Date(0); d.toJSON = () => 1; return JSON.stringify(d) === '1' })()",
        "(() => { const o = Object.assign({}, {toString: 1, constructor: 2}); return o.toString "
        "=== 1 && o.constructor === 2 })()",
        "(() => { const o = JSON.parse('{\"toString\": 1}'); return o.toString === 1 })()",
        "new Error('m').toString() === 'Error: m' && new TypeError() instanceof Error",
        "[1, 2].slice(1).constructor === Array && new (class extends Array {})(3).length === 3"));

}  // namespace
}  // namespace fermata::script

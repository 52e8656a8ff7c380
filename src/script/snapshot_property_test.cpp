// Any data a chart can build is the same after being stored and read back, says a comparison that
// is written in JavaScript and knows nothing of the encoding.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "script/script_fixture.h"

namespace fermata::script {
namespace {

using Kind = ExpressionKind;

// Compares two graphs; pairs of objects met before must meet again.
constexpr const char* kSame = R"js(
function same(a, b, pairs) {
    pairs = pairs || new Map();
    if (typeof a !== 'object' || a === null) return Object.is(a, b);
    if (pairs.has(a)) return pairs.get(a) === b;
    pairs.set(a, b);
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    if (a instanceof Date) return Object.is(a.getTime(), b.getTime());
    if (a instanceof RegExp) return String(a) === String(b);
    if (a instanceof Map || a instanceof Set) { a = [...a]; b = [...b]; }
    const keys = Object.keys(a), others = Object.keys(b);
    return a.length === b.length && keys.length === others.length &&
        keys.every((key, at) => key === others[at] && same(a[key], b[key], pairs));
})js";

// Builds a graph from random numbers: each number makes a value and puts it somewhere.
constexpr const char* kBuild = R"js(
function build(numbers) {
    const made = [{}];
    const leaves = [undefined, null, true, 0, -0, NaN, 1.5, -7, 2 ** 40, '', 'text', '\u20ac\ud800',
                    10n ** 30n, 1e-300, Infinity];
    for (const number of numbers) {
        const kind = number % 11, rest = Math.floor(number / 11);
        const parent = made[rest % made.length];
        let value = leaves[rest % leaves.length];
        if (kind === 5) value = [];
        if (kind === 6) value = {};
        if (kind === 7) value = new Map();
        if (kind === 8) value = new Set();
        if (kind === 9) value = rest % 2 ? new Date(rest) : /x/g;
        if (kind === 10) value = made[(rest * 7) % made.length];
        if (kind >= 5 && kind < 9) made.push(value);
        if (Array.isArray(parent)) parent[parent.length + rest % 2] = value;
        else if (parent instanceof Map) parent.set(rest % 3 ? 'k' + rest % 50 : value, value);
        else if (parent instanceof Set) parent.add(value);
        else parent[rest % 4 ? 'k' + rest % 50 : rest % 9] = value;
    }
    return made[0];
})js";

RC_GTEST_PROP(SnapshotProperty, GraphsSurvive, (const std::vector<std::uint16_t>& numbers)) {
    static const auto runtime = std::move(*Runtime::create({}));
    std::string list;
    for (const std::uint16_t number : numbers) {
        list += std::to_string(number) + ",";
    }
    const std::string make = "build([" + list + "])";
    FixtureSession before(
        *runtime, {},
        {{Kind::kScript, kBuild}, {Kind::kScript, "v = " + make + "; w = {inner: v.k1}"}});
    RC_ASSERT(before.model->run(0).has_value());
    RC_ASSERT(before.model->run(1).has_value());
    before.model->leave();
    const Snapshot snapshot = take_snapshot(*before.model);
    RC_ASSERT(snapshot.warnings.empty());

    FixtureSession after(*runtime, {},
                         {{Kind::kScript, kSame},
                          {Kind::kValue, "same(" + make +
                                             ", v) && same(v.k1, w.inner) && "
                                             "(typeof v.k1 !== 'object' || v.k1 === w.inner)"}});
    for (const auto& [name, bytes] : snapshot.items) {
        const auto value = value::Value::from_bytes(bytes);
        RC_ASSERT(value.has_value());
        RC_ASSERT(after.model->restore(name, *value).has_value());
    }
    RC_ASSERT(after.model->run(0).has_value());
    const auto same = after.model->evaluate(1);
    RC_ASSERT(same.has_value());
    RC_ASSERT(same->to_json() == "true");
    after.model->leave();
    const Snapshot again = take_snapshot(*after.model);
    RC_ASSERT(again.warnings.empty());
}

}  // namespace
}  // namespace fermata::script

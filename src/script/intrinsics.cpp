#include "script/intrinsics.h"

#include <array>
#include <mutex>
#include <string>

namespace fermata::script {
namespace {

// In the order of enum Intrinsic.
constexpr std::string_view kFunctions = R"js((() => {
    const { apply, construct } = Reflect;
    const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
    const unbound = (method) => (self, ...rest) => apply(method, self, rest);
    const getter = (prototype, name) => {
        const get = getOwnPropertyDescriptor(prototype, name).get;
        return (self) => apply(get, self, []);
    };
    const mapEach = Map.prototype.forEach, setEach = Set.prototype.forEach;
    const errors = { __proto__: null, Error, EvalError, RangeError, ReferenceError, SyntaxError,
                     TypeError, URIError, InternalError, AggregateError };
    const kinds = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array,
                   Uint32Array, BigInt64Array, BigUint64Array, , Float32Array, Float64Array, DataView];
    const unboxers = [Number, String, Boolean, BigInt, Symbol]
        .map((type) => unbound(type.prototype.valueOf));
    const wellKnown = { __proto__: null };
    for (const name of Object.getOwnPropertyNames(Symbol)) {
        if (typeof Symbol[name] === 'symbol') wellKnown['@@' + name] = Symbol[name];
    }
    const NativeMap = Map, NativeSet = Set, NativeRegExp = RegExp, NativeBigInt = BigInt,
          NativeObject = Object, NativeSymbol = Symbol, NativeTypeError = TypeError;
    const slice = Array.prototype.slice;
    return [
        (map) => { const out = []; let n = 0; apply(mapEach, map, [(v, k) => { out[n++] = k; out[n++] = v; }]); return out; },
        (set) => { const out = []; let n = 0; apply(setEach, set, [(v) => { out[n++] = v; }]); return out; },
        () => new NativeMap(),
        unbound(Map.prototype.set),
        () => new NativeSet(),
        unbound(Set.prototype.add),
        unbound(Date.prototype.getTime),
        unbound(Function.prototype.toString),
        (source, flags) => new NativeRegExp(source, flags),
        getter(RegExp.prototype, 'source'),
        getter(RegExp.prototype, 'flags'),
        (digits) => NativeBigInt(digits),
        (boxed) => {
            for (let at = 0; at < 5; ++at) {
                try { return unboxers[at](boxed); } catch (e) { }
            }
            throw new NativeTypeError('not a boxed primitive');
        },
        (primitive) => NativeObject(primitive),
        (name) => construct(errors[name] || errors.Error, name === 'AggregateError' ? [[]] : []),
        (text) => wellKnown[text] || NativeSymbol(text),
        (kind, buffer, offset, length) => new kinds[kind](buffer, offset, length),
        getter(DataView.prototype, 'buffer'),
        getter(DataView.prototype, 'byteOffset'),
        getter(DataView.prototype, 'byteLength'),
        (array) => apply(slice, array, []),
    ];
})())js";

// One object of each ObjectClass in its order, functions last as they come in four kinds.
constexpr std::string_view kSamples = R"js([
    {}, [], new Error(), new Number(0), new String(''), new Boolean(false), Object(0n),
    Object(Symbol()), (function () { return arguments; })(), new Date(0), () => 0, /a/,
    new ArrayBuffer(0), new Int8Array(0), new Uint8Array(0), new Uint8ClampedArray(0),
    new Int16Array(0), new Uint16Array(0), new Int32Array(0), new Uint32Array(0),
    new BigInt64Array(0), new BigUint64Array(0), new Float32Array(0), new Float64Array(0),
    new DataView(new ArrayBuffer(0)), new Map(), new Set(),
    function* () {}, async () => 0, async function* () {},
    (function () { 'use strict'; return arguments; })()
])js";

constexpr std::size_t kClassesMax = 128;

struct ClassTable {
    std::array<ObjectClass, kClassesMax> classes;
    std::once_flag learnt;

    ClassTable() { classes.fill(ObjectClass::kOther); }
};

// Written once, before the first realm is handed out.
ClassTable& class_table() {
    static ClassTable table;
    return table;
}

JSValue evaluate(JSContext* context, std::string_view text) {
    const std::string source(text);
    return JS_Eval(context, source.c_str(), source.size(), "built-ins", JS_EVAL_TYPE_GLOBAL);
}

void learn_classes(JSContext* context, ClassTable& table) {
    constexpr auto kNamed = static_cast<std::uint32_t>(ObjectClass::kOther);
    const js::Value samples(context, evaluate(context, kSamples));
    for (std::uint32_t at = 0; at < kNamed + 4; ++at) {
        const js::Value sample(context, JS_GetPropertyUint32(context, samples.get(), at));
        const JSClassID id = JS_GetClassID(sample.get());
        ObjectClass kind = at < kNamed ? static_cast<ObjectClass>(at) : ObjectClass::kFunction;
        if (at == kNamed + 3) {
            kind = ObjectClass::kArguments;
        }
        if (id < kClassesMax) {
            table.classes[id] = kind;
        }
    }
}

}  // namespace

ObjectClass class_of(JSValueConst object) {
    const JSClassID id = JS_GetClassID(object);
    return id < kClassesMax ? class_table().classes[id] : ObjectClass::kOther;
}

Intrinsics::Intrinsics(JSContext* context) : context_(context), functions_{} {
    ClassTable& table = class_table();
    std::call_once(table.learnt, [&] { learn_classes(context, table); });
    const js::Value list(context, evaluate(context, kFunctions));
    std::uint32_t at = 0;
    for (JSValue& function : functions_) {
        function = JS_GetPropertyUint32(context, list.get(), at++);
    }
}

Intrinsics::~Intrinsics() {
    for (const JSValue& function : functions_) {
        JS_FreeValue(context_, function);
    }
}

JSValue Intrinsics::call(Intrinsic which, std::initializer_list<JSValueConst> arguments) const {
    std::array<JSValueConst, 4> copy{};
    std::size_t count = 0;
    for (const JSValueConst& argument : arguments) {
        copy[count++] = argument;
    }
    return JS_Call(context_, functions_[static_cast<std::size_t>(which)], js::undefined(),
                   static_cast<int>(count), copy.data());
}

}  // namespace fermata::script

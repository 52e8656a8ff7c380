// Intrinsics: operations on built-in objects that QuickJS's C interface lacks, done by functions of
// the language taken before any script could change them; and the class numbers of built-in
// objects.
//
// Threads: one owner at a time. Must go before its realm's context.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "script/quickjs_api.h"

namespace fermata::script {

// What kind of object it is, whatever its prototype and properties say.
enum class ObjectClass : std::uint8_t {
    kPlain,
    kArray,
    kError,
    kNumber,
    kString,
    kBoolean,
    kBigInt,
    kSymbol,
    kArguments,
    kDate,
    kFunction,
    kRegExp,
    kArrayBuffer,
    kInt8Array,
    kUint8Array,
    kUint8ClampedArray,
    kInt16Array,
    kUint16Array,
    kInt32Array,
    kUint32Array,
    kBigInt64Array,
    kBigUint64Array,
    kFloat32Array,
    kFloat64Array,
    kDataView,
    kMap,
    kSet,
    kOther,  // cannot be stored: promises, proxies, generators, iterators, native functions …
};

// The same in every realm and runtime of the process once one realm was made.
ObjectClass class_of(JSValueConst object);

enum class Intrinsic : std::uint8_t {
    kMapEntries,      // (map) -> [key, value, key, value, …]
    kSetValues,       // (set) -> [value, …]
    kMakeMap,         // () -> Map
    kMapPut,          // (map, key, value)
    kMakeSet,         // () -> Set
    kSetAdd,          // (set, value)
    kDateTime,        // (date) -> number
    kFunctionSource,  // (function) -> string
    kMakeRegExp,      // (source, flags) -> RegExp
    kRegExpSource,    // (regexp) -> string
    kRegExpFlags,     // (regexp) -> string
    kMakeBigInt,      // (digits) -> bigint
    kUnbox,           // (boxed) -> primitive
    kBox,             // (primitive) -> object
    kMakeError,       // (name) -> Error of that name's prototype
    kMakeSymbol,      // (description) -> symbol; "@@name" for a well-known one
    kMakeTyped,       // (kind, buffer, offset, length) -> typed array or DataView
    kViewBuffer,      // (DataView) -> ArrayBuffer
    kViewOffset,      // (DataView) -> number
    kViewLength,      // (DataView) -> number
    kCopyArray,       // (array) -> shallow copy
    kCount,
};

class Intrinsics {
  public:
    explicit Intrinsics(JSContext* context);
    Intrinsics(const Intrinsics&) = delete;
    Intrinsics& operator=(const Intrinsics&) = delete;
    ~Intrinsics();

    // A new reference, or an exception.
    [[nodiscard]] JSValue call(Intrinsic which,
                               std::initializer_list<JSValueConst> arguments) const;

  private:
    JSContext* context_;
    JSValue functions_[static_cast<std::size_t>(Intrinsic::kCount)];
};

}  // namespace fermata::script

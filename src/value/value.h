// Value: one immutable data value in Fermata's tagged encoding (docs/formats/value.md).
//
// Event data, parameters, data items and snapshots are all the same bytes: what a queue holds, what
// the store writes and what crosses from one session to another never needs a second conversion.
// Richer than JSON: undefined, NaN, -0, BigInt, Date, RegExp, Map, Set, typed arrays, XML, shared
// references and cycles, functions by their source.
//
// Threads: immutable, so any. Small values (up to 15 bytes) need no allocation.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace fermata::value {

// First byte of every encoded value. The numbers are stored: never change one, only add.
enum class Tag : std::uint8_t {
    kUndefined = 0,
    kNull = 1,
    kFalse = 2,
    kTrue = 3,
    kInteger = 4,  // zigzag varint; an ECMAScript number that is a 32-bit integer (never -0)
    kDouble = 5,   // 8 bytes, little endian IEEE 754; NaN, -0 and infinities included
    kString = 6,   // varint byte length, UTF-8 (a lone surrogate as its three bytes: WTF-8)
    kBigInt = 7,   // varint length, decimal digits with optional '-'
    kArray = 8,    // varint count, then that many values (kHole where absent)
    kObject = 9,   // varint count, then key (varint length, bytes) and value each; own enumerable
                   // data properties
    kDate = 10,    // 8 bytes, ms since the epoch as a double
    kRegExp = 11,  // source string, flags string (each varint length, bytes)
    kMap = 12,     // varint count, then key value, value value
    kSet = 13,     // varint count, then values
    kBuffer = 14,  // ArrayBuffer: varint length, bytes
    kTyped = 15,  // typed array or DataView: kind byte, varint byte offset, varint length, then its
                  // buffer value
    kReference = 16,  // varint index of an earlier array, object, date, … in order of appearance
    kFunction =
        17,  // source string, then an object value with its own properties (kUndefined for none)
    kBuiltin = 18,   // a built-in object of the language by its path, such as "Math.max"
    kInstance = 19,  // an object with a prototype of its own: prototype value, then as kObject
    kError = 20,     // name, message, stack strings, then an object value with further properties
    kSymbol = 21,    // description string; "@@name" for a well-known one
    kXml = 22,       // an XML document or element: its text
    kHole = 23,      // absent element of a sparse array
    kAccessors =
        24,  // getter value, setter value (kUndefined for none); only as a property of an object
    kBoxed = 25,  // Number, String, Boolean object: the primitive value
    kXmlNode =
        26,  // a node inside an XML document: document value, varint depth, varint child index each
};

class Value {
  public:
    // undefined
    Value() : bytes_(1, '\0') {}

    static Value undefined() { return {}; }
    static Value null();
    static Value boolean(bool flag);
    static Value number(double number);
    static Value integer(std::int64_t number);
    static Value string(std::string_view text);
    static Value xml(std::string_view text);
    static Value array(const std::vector<Value>& elements);
    // Keys in the given order; a repeated key is the caller's mistake.
    static Value object(const std::vector<std::pair<std::string, Value>>& members);

    // Checks the bytes as a whole (tags, lengths, references, nesting): what outside input must
    // pass. kCorrupt with the offset of the first wrong byte.
    static Result<Value> from_bytes(std::string bytes);
    // For bytes this process wrote itself.
    static Value from_trusted_bytes(std::string bytes) { return Value(std::move(bytes)); }

    // RFC 8259 text; kInvalidArgument with line and column, kTooLarge beyond depth_max.
    static Result<Value> from_json(std::string_view json, std::uint32_t depth_max = 128);
    // What JSON cannot say is written as JSON.stringify would (undefined in arrays and NaN as null,
    // members that are undefined or functions left out), Map as object or pairs, Set and typed
    // arrays as arrays, Date as ISO 8601, BigInt as string, XML as its text, errors with name and
    // message; a cycle as {"$ref": "#/pointer"}. A top-level undefined is null.
    [[nodiscard]] std::string to_json() const;

    [[nodiscard]] Tag tag() const { return static_cast<Tag>(bytes_[0]); }
    [[nodiscard]] bool is_undefined() const { return tag() == Tag::kUndefined; }
    [[nodiscard]] bool is_string() const { return tag() == Tag::kString; }
    // The text of a string or XML; what ECMAScript's String() gives for numbers, BigInts, booleans,
    // null, undefined; JSON for the rest. Used for log lines and form fields.
    [[nodiscard]] std::string to_text() const;
    // Member of an object (top level), if this is one and has it.
    [[nodiscard]] bool find_member(std::string_view key, Value& member) const;
    // Members of an object in order (empty for other kinds). References are resolved.
    [[nodiscard]] std::vector<std::pair<std::string, Value>> members() const;

    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    bool operator==(const Value&) const = default;

  private:
    explicit Value(std::string bytes) : bytes_(std::move(bytes)) {}

    std::string bytes_;
};

}  // namespace fermata::value

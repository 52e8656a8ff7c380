// Writer and Reader: the byte level of value::Value and of the stored records.
//
// Writer appends; it cannot fail. Reader never reads past its input: after the first damage every
// further read gives zero or empty and ok() is false, so callers check once at the end.
//
// Threads: one owner at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "value/value.h"

namespace fermata::value {

// Values that a later kReference may name; they are numbered from 0 in the order in which their
// tags appear. A built-in names itself and needs no number.
constexpr bool is_referable(Tag tag) {
    return tag >= Tag::kArray && tag <= Tag::kXmlNode && tag != Tag::kReference &&
           tag != Tag::kBuiltin && tag != Tag::kHole && tag != Tag::kAccessors;
}

// The kind byte of a kTyped value. Stored: never change one, only add.
enum class TypedKind : std::uint8_t {
    kInt8 = 0,
    kUint8 = 1,
    kUint8Clamped = 2,
    kInt16 = 3,
    kUint16 = 4,
    kInt32 = 5,
    kUint32 = 6,
    kBigInt64 = 7,
    kBigUint64 = 8,
    kFloat16 = 9,
    kFloat32 = 10,
    kFloat64 = 11,
    kDataView = 12,
};

class Writer {
  public:
    Writer() = default;
    // Goes on behind what the buffer holds: for callers that reuse one allocation.
    explicit Writer(std::string buffer) : bytes_(std::move(buffer)) {}

    void tag(Tag tag) { bytes_.push_back(static_cast<char>(tag)); }
    void byte(std::uint8_t byte) { bytes_.push_back(static_cast<char>(byte)); }
    // LEB128, least significant group first.
    void varint(std::uint64_t number) {
        while (number >= 0x80) {
            bytes_.push_back(static_cast<char>((number & 0x7fU) | 0x80U));
            number >>= 7U;
        }
        bytes_.push_back(static_cast<char>(number));
    }
    // Zigzag, so that small negative numbers stay short.
    void signed_varint(std::int64_t number) {
        varint((static_cast<std::uint64_t>(number) << 1U) ^
               static_cast<std::uint64_t>(number >> 63U));
    }
    void fixed64(std::uint64_t number) {
        char raw[8];
        for (unsigned at = 0; at < 8; ++at) {
            raw[at] = static_cast<char>(number >> (8 * at));
        }
        bytes_.append(raw, 8);
    }
    void real(double number) { fixed64(std::bit_cast<std::uint64_t>(number)); }
    // varint length, then the bytes.
    void text(std::string_view text) {
        varint(text.size());
        bytes_.append(text);
    }
    void raw(std::string_view bytes) { bytes_.append(bytes); }
    // A nested value; its own references start anew, so a value with references must be wrapped by
    // text() instead when it goes inside another value.
    void value(const Value& value) { bytes_.append(value.bytes()); }

    // A number as ECMAScript sees it: kInteger when it is a 32-bit integer and not -0, else
    // kDouble.
    void number(double number);
    void string(std::string_view text) {
        tag(Tag::kString);
        this->text(text);
    }

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    [[nodiscard]] std::string take() { return std::move(bytes_); }

  private:
    std::string bytes_;
};

class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }
    [[nodiscard]] std::size_t offset() const { return at_; }
    [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
    void fail() {
        ok_ = false;
        at_ = bytes_.size();
    }

    Tag tag() { return static_cast<Tag>(byte()); }
    [[nodiscard]] Tag peek_tag() const {
        return at_ < bytes_.size() ? static_cast<Tag>(bytes_[at_]) : Tag::kUndefined;
    }
    std::uint8_t byte() {
        if (at_ >= bytes_.size()) {
            fail();
            return 0;
        }
        return static_cast<std::uint8_t>(bytes_[at_++]);
    }
    std::uint64_t varint();
    std::int64_t signed_varint() {
        const std::uint64_t number = varint();
        return static_cast<std::int64_t>((number >> 1U) ^ (~(number & 1U) + 1U));
    }
    std::uint64_t fixed64();
    double real() { return std::bit_cast<double>(fixed64()); }
    // Borrowed from the input.
    std::string_view text();
    std::string_view raw(std::size_t size);
    // A count of items that take at least one byte each: more than the bytes left is damage, so
    // that a damaged count never makes anybody allocate.
    std::uint64_t count();
    // Steps over one whole value (iteratively; at most kNestingMax deep) and returns its bytes.
    std::string_view skip_value();

    static constexpr std::uint32_t kNestingMax = 512;

  private:
    std::string_view bytes_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

}  // namespace fermata::value

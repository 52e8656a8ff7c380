// Taking values with references out of other values, and putting them into others.
//
// References are numbers counted from the beginning of the outermost value, so a part that is moved
// needs them counted anew; what a part refers to outside itself comes along.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "value/encoding.h"
#include "value/value.h"

namespace fermata::value {

// Where the numbered values of an encoded value are; empty when it holds no reference at all.
class ReferenceTable {
  public:
    explicit ReferenceTable(std::string_view bytes);

    [[nodiscard]] bool empty() const { return offsets_.empty(); }
    [[nodiscard]] std::size_t size() const { return offsets_.size(); }
    // Offset of the tag; `reference` may be any number (kNowhere when there is no such value).
    [[nodiscard]] std::size_t offset(std::uint64_t reference) const {
        return reference < offsets_.size() ? offsets_[static_cast<std::size_t>(reference)]
                                           : kNowhere;
    }
    // Number of the value whose tag is at `offset`; there must be one.
    [[nodiscard]] std::size_t index(std::size_t offset) const;

    static constexpr std::size_t kNowhere = ~std::size_t{0};

  private:
    std::vector<std::size_t> offsets_;  // ascending
};

// What references may bring along into all excerpts of one value together. Members that share a
// large value would otherwise need its size once each.
inline constexpr std::size_t kBroughtAlongBytesMax = 16U << 20U;

// Parts of one value, each as a value of its own. `bytes` must outlive it.
class Excerpts {
  public:
    explicit Excerpts(std::string_view bytes) : bytes_(bytes), table_(bytes) {}

    // The value whose tag is at `offset`. What would nest deeper than kNestingMax (possible only
    // where references made it deep), and what references would bring along beyond
    // kBroughtAlongBytesMax, is undefined in it; so are
    // accessors, which only an object can have.
    [[nodiscard]] std::string take(std::size_t offset);

  private:
    // Returns the offset behind the value.
    std::size_t copy(std::size_t offset, std::uint32_t depth);
    void copy_target(std::uint64_t reference, std::uint32_t depth);
    void write_reference(std::uint32_t number);
    [[nodiscard]] std::size_t skip(std::size_t offset) const;

    static constexpr std::uint32_t kNotCopied = ~std::uint32_t{0};

    std::string_view bytes_;
    ReferenceTable table_;
    std::vector<std::uint32_t> copied_;  // new number of each numbered value
    std::uint32_t copied_count_ = 0;
    std::size_t brought_along_ = 0;  // bytes
    Writer writer_;
};

// Builds a container out of finished values, shifting their references.
class Assembly {
  public:
    void begin(Tag container, std::size_t count);
    void add_key(std::string_view key) { writer_.text(key); }
    void add(const Value& part);
    [[nodiscard]] std::string take() { return writer_.take(); }

  private:
    Writer writer_;
    std::uint64_t numbered_ = 0;
};

}  // namespace fermata::value

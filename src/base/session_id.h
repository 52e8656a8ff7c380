// SessionId: 160 bits, written as 32 characters of 0-9A-V, optionally followed by ~<node id>.
//
// The first ten bits (two characters) carry the partition, so that every node can route a request
// without a look-up. The node is the one that created the session: a hint where to look first,
// not part of the identity.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"

namespace fermata {

// Index of a partition, below the store's partition count (at most 1024).
using Partition = std::uint16_t;
inline constexpr Partition kPartitionsMax = 1024;
inline constexpr Partition kPartitionsDefault = 256;

class SessionId {
  public:
    static constexpr std::size_t kBytes = 20;
    static constexpr std::size_t kTextLength = 32;

    SessionId() = default;

    static SessionId random(Random& random, Partition partition, std::uint32_t node = 0);
    // The id that a client's own name (such as an order number) always maps to: derived by a stable
    // hash, so a repeated start with the same name meets the same session.
    static SessionId from_name(std::string_view name, Partition partition_count,
                               std::uint32_t node = 0);
    // The canonical text form, with or without "~<node>"; nothing else.
    static std::optional<SessionId> parse(std::string_view text);
    // A canonical id, or otherwise the id of a client's own name.
    static SessionId parse_or_name(std::string_view text, Partition partition_count);
    static SessionId from_bytes(const std::array<std::uint8_t, kBytes>& bytes,
                                std::uint32_t node = 0);

    [[nodiscard]] Partition partition() const;
    [[nodiscard]] std::uint32_t node() const { return node_; }
    [[nodiscard]] const std::array<std::uint8_t, kBytes>& bytes() const { return bytes_; }
    // 32 characters, and "~<node>" when a node is set.
    [[nodiscard]] std::string to_string() const;
    // 32 characters, never the node: the form of store keys.
    [[nodiscard]] std::string key() const;

    // Identity is the 160 bits; the node is only a hint.
    bool operator==(const SessionId& other) const { return bytes_ == other.bytes_; }
    std::strong_ordering operator<=>(const SessionId& other) const {
        return bytes_ <=> other.bytes_;
    }

    [[nodiscard]] std::size_t hash() const {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes_.data() + kBytes - sizeof word, sizeof word);
        return static_cast<std::size_t>(word * 0x9e3779b97f4a7c15U);
    }

  private:
    std::array<std::uint8_t, kBytes> bytes_{};
    std::uint32_t node_ = 0;
};

}  // namespace fermata

template <>
struct std::hash<fermata::SessionId> {
    std::size_t operator()(const fermata::SessionId& id) const { return id.hash(); }
};

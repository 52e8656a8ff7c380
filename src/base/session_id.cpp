#include "base/session_id.h"

#include <charconv>

namespace fermata {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUV";

int digit_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'A' && digit <= 'V' ? digit - 'A' + 10 : -1;
}

// FNV-1a over the name and a lane number, finished with a strong mix: stable for ever, since ids
// derived from names are stored.
std::uint64_t hash_lane(std::string_view name, std::uint64_t lane) {
    std::uint64_t hash = 0xcbf29ce484222325U ^ (lane * 0x9e3779b97f4a7c15U);
    for (const char byte : name) {
        hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3U;
    }
    hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdU;
    hash = (hash ^ (hash >> 33U)) * 0xc4ceb9fe1a85ec53U;
    return hash ^ (hash >> 33U);
}

void set_partition(std::array<std::uint8_t, SessionId::kBytes>& bytes, Partition partition) {
    bytes[0] = static_cast<std::uint8_t>(partition >> 2U);
    bytes[1] = static_cast<std::uint8_t>((bytes[1] & 0x3fU) | ((partition & 3U) << 6U));
}

}  // namespace

SessionId SessionId::random(Random& random, Partition partition, std::uint32_t node) {
    SessionId id;
    for (std::size_t at = 0; at < kBytes; at += 4) {
        const auto word = static_cast<std::uint32_t>(random.next() >> 32U);
        std::memcpy(id.bytes_.data() + at, &word, sizeof word);
    }
    set_partition(id.bytes_, partition);
    id.node_ = node;
    return id;
}

SessionId SessionId::from_name(std::string_view name, Partition partition_count,
                               std::uint32_t node) {
    SessionId id;
    for (std::size_t lane = 0; lane < 3; ++lane) {
        const std::uint64_t word = hash_lane(name, lane + 1);
        const std::size_t at = lane * 8;
        std::memcpy(id.bytes_.data() + at, &word, at + 8 <= kBytes ? 8 : kBytes - at);
    }
    set_partition(id.bytes_, static_cast<Partition>(hash_lane(name, 0) % partition_count));
    id.node_ = node;
    return id;
}

std::optional<SessionId> SessionId::parse(std::string_view text) {
    SessionId id;
    if (text.size() > kTextLength) {
        const std::string_view node = text.substr(kTextLength);
        const auto* end = node.data() + node.size();
        if (node.size() < 2 || node[0] != '~' ||
            std::from_chars(node.data() + 1, end, id.node_).ptr != end) {
            return std::nullopt;
        }
        text = text.substr(0, kTextLength);
    }
    if (text.size() != kTextLength) {
        return std::nullopt;
    }
    std::uint32_t pending = 0;
    unsigned bits = 0;
    std::size_t at = 0;
    for (const char digit : text) {
        const int value = digit_value(digit);
        if (value < 0) {
            return std::nullopt;
        }
        pending = (pending << 5U) | static_cast<std::uint32_t>(value);
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            id.bytes_[at++] = static_cast<std::uint8_t>(pending >> bits);
        }
    }
    return id;
}

SessionId SessionId::parse_or_name(std::string_view text, Partition partition_count) {
    const auto parsed = parse(text);
    return parsed ? *parsed : from_name(text, partition_count);
}

SessionId SessionId::from_bytes(const std::array<std::uint8_t, kBytes>& bytes, std::uint32_t node) {
    SessionId id;
    id.bytes_ = bytes;
    id.node_ = node;
    return id;
}

Partition SessionId::partition() const {
    return static_cast<Partition>((bytes_[0] << 2U) | (bytes_[1] >> 6U));
}

std::string SessionId::key() const {
    // Five bytes are eight digits.
    std::string text(kTextLength, '0');
    char* digit = text.data();
    for (std::size_t at = 0; at < kBytes; at += 5) {
        std::uint64_t pending = 0;
        for (std::size_t byte = at; byte < at + 5; ++byte) {
            pending = (pending << 8U) | bytes_[byte];
        }
        for (int shift = 35; shift >= 0; shift -= 5) {
            *digit++ = kDigits[(pending >> static_cast<unsigned>(shift)) & 31U];
        }
    }
    return text;
}

std::string SessionId::to_string() const {
    std::string text = key();
    if (node_ != 0) {
        text += '~';
        text += std::to_string(node_);
    }
    return text;
}

}  // namespace fermata

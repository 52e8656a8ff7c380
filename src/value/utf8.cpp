#include "value/utf8.h"

namespace fermata::value {
namespace {

constexpr std::uint32_t byte_at(std::string_view text, std::size_t at) {
    return static_cast<std::uint8_t>(text[at]);
}

struct Sequence {
    std::size_t length = 0;   // 0: not the beginning of a sequence
    std::uint32_t bits = 0;   // payload of the first byte
    std::uint32_t least = 0;  // smaller results are overlong
};

constexpr Sequence sequence_of(std::uint32_t first) {
    if (first < 0x80U) {
        return {1, first, 0};
    }
    if ((first & 0xe0U) == 0xc0U) {
        return {2, first & 0x1fU, 0x80U};
    }
    if ((first & 0xf0U) == 0xe0U) {
        return {3, first & 0x0fU, 0x800U};
    }
    if ((first & 0xf8U) == 0xf0U) {
        return {4, first & 0x07U, 0x10000U};
    }
    return {};
}

}  // namespace

std::uint32_t next_code_point(std::string_view text, std::size_t& at, Surrogates surrogates) {
    if (at >= text.size()) {
        return kNoCodePoint;
    }
    const Sequence sequence = sequence_of(byte_at(text, at));
    if (sequence.length == 0 || text.size() - at < sequence.length) {
        return kNoCodePoint;
    }
    std::uint32_t code_point = sequence.bits;
    for (std::size_t follow = 1; follow < sequence.length; ++follow) {
        const std::uint32_t byte = byte_at(text, at + follow);
        if ((byte & 0xc0U) != 0x80U) {
            return kNoCodePoint;
        }
        code_point = (code_point << 6U) | (byte & 0x3fU);
    }
    const bool surrogate = code_point >= 0xd800U && code_point <= 0xdfffU;
    if (code_point < sequence.least || code_point > 0x10ffffU ||
        (surrogate && surrogates == Surrogates::kRefuse)) {
        return kNoCodePoint;
    }
    at += sequence.length;
    return code_point;
}

std::size_t valid_utf8_prefix(std::string_view text, Surrogates surrogates) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (byte_at(text, at) < 0x80U) {
            ++at;
        } else if (next_code_point(text, at, surrogates) == kNoCodePoint) {
            return at;
        }
    }
    return at;
}

void append_utf8(std::string& out, std::uint32_t code_point) {
    const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code_point < 0x80U) {
        put(code_point);
        return;
    }
    if (code_point < 0x800U) {
        put(0xc0U | (code_point >> 6U));
    } else {
        if (code_point < 0x10000U) {
            put(0xe0U | (code_point >> 12U));
        } else {
            put(0xf0U | (code_point >> 18U));
            put(0x80U | ((code_point >> 12U) & 0x3fU));
        }
        put(0x80U | ((code_point >> 6U) & 0x3fU));
    }
    put(0x80U | (code_point & 0x3fU));
}

}  // namespace fermata::value

// Encodings of documents and fetched text; decode_text() in value/xml.h is the public way to them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fermata::value {

enum class TextEncoding : std::uint8_t {
    kUtf8,
    kUtf16LittleEndian,
    kUtf16BigEndian,
    kLatin1,
    kAscii,
    kWindows1252,
};

// By any of its usual names, in any case of letters; UTF-16 without a byte order is big endian
// (RFC 2781 4.3).
std::optional<TextEncoding> find_encoding(std::string_view name);

// Code points of the bytes 0x80 to 0x9f of windows-1252; 0 for the five that have none. All other
// bytes are as in ISO-8859-1.
extern const std::array<std::uint16_t, 32> kWindows1252High;

}  // namespace fermata::value

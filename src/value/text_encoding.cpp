#include "value/text_encoding.h"

#include <string>

#include "value/utf8.h"
#include "value/xml.h"

namespace fermata::value {

const std::array<std::uint16_t, 32> kWindows1252High = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

namespace {

struct NamedEncoding {
    std::string_view name;
    TextEncoding encoding;
};
constexpr NamedEncoding kEncodings[] = {
    {"utf-8", TextEncoding::kUtf8},
    {"utf8", TextEncoding::kUtf8},
    {"utf-16", TextEncoding::kUtf16BigEndian},
    {"utf-16be", TextEncoding::kUtf16BigEndian},
    {"utf-16le", TextEncoding::kUtf16LittleEndian},
    {"iso-8859-1", TextEncoding::kLatin1},
    {"latin1", TextEncoding::kLatin1},
    {"us-ascii", TextEncoding::kAscii},
    {"ascii", TextEncoding::kAscii},
    {"windows-1252", TextEncoding::kWindows1252},
    {"cp1252", TextEncoding::kWindows1252},
};

struct ByteOrderMark {
    std::string_view bytes;
    TextEncoding encoding;
};
constexpr ByteOrderMark kByteOrderMarks[] = {
    {"\xef\xbb\xbf", TextEncoding::kUtf8},
    {"\xff\xfe", TextEncoding::kUtf16LittleEndian},
    {"\xfe\xff", TextEncoding::kUtf16BigEndian},
};

Error not_of_encoding(std::string_view encoding, std::size_t offset) {
    return {ErrorCode::kInvalidArgument,
            "the byte at offset " + std::to_string(offset) + " is not " + std::string(encoding)};
}

Result<std::string> decode_utf8(std::string_view bytes) {
    const std::size_t valid = valid_utf8_prefix(bytes, Surrogates::kRefuse);
    if (valid != bytes.size()) {
        return not_of_encoding("UTF-8", valid);
    }
    return std::string(bytes);
}

Result<std::string> decode_utf16(std::string_view bytes, TextEncoding encoding) {
    const std::size_t low_at = encoding == TextEncoding::kUtf16LittleEndian ? 0 : 1;
    const auto unit = [bytes, low_at](std::size_t at) {
        const auto low = static_cast<std::uint8_t>(bytes[at + low_at]);
        const auto high = static_cast<std::uint8_t>(bytes[at + 1 - low_at]);
        return static_cast<std::uint32_t>(high << 8U | low);
    };
    std::string text;
    std::size_t at = 0;
    for (; at + 1 < bytes.size(); at += 2) {
        std::uint32_t code = unit(at);
        if (code >= 0xd800U && code <= 0xdfffU) {
            const std::uint32_t low = at + 3 < bytes.size() ? unit(at + 2) : 0;
            if (code >= 0xdc00U || low < 0xdc00U || low > 0xdfffU) {
                return not_of_encoding("UTF-16", at);
            }
            code = 0x10000U + ((code - 0xd800U) << 10U) + (low - 0xdc00U);
            at += 2;
        }
        append_utf8(text, code);
    }
    if (at != bytes.size()) {
        return not_of_encoding("UTF-16", at);
    }
    return text;
}

Result<std::string> decode_single_bytes(std::string_view bytes, TextEncoding encoding) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::uint32_t code = static_cast<std::uint8_t>(bytes[at]);
        if (encoding == TextEncoding::kAscii && code >= 0x80U) {
            return not_of_encoding("US-ASCII", at);
        }
        if (encoding == TextEncoding::kWindows1252 && code >= 0x80U && code < 0xa0U) {
            code = kWindows1252High[code - 0x80U];
            if (code == 0) {
                return not_of_encoding("windows-1252", at);
            }
        }
        append_utf8(text, code);
    }
    return text;
}

}  // namespace

std::optional<TextEncoding> find_encoding(std::string_view name) {
    std::string lower;
    for (const char character : name) {
        const bool upper = character >= 'A' && character <= 'Z';
        lower.push_back(upper ? static_cast<char>(character | 0x20) : character);
    }
    for (const NamedEncoding& known : kEncodings) {
        if (known.name == lower) {
            return known.encoding;
        }
    }
    return std::nullopt;
}

Result<std::string> decode_text(std::string_view bytes, std::string_view fallback) {
    std::optional<TextEncoding> encoding;
    for (const ByteOrderMark& mark : kByteOrderMarks) {
        if (bytes.substr(0, mark.bytes.size()) == mark.bytes) {
            encoding = mark.encoding;
            bytes.remove_prefix(mark.bytes.size());
            break;
        }
    }
    if (!encoding) {
        encoding = find_encoding(fallback);
    }
    if (!encoding) {
        return Error(ErrorCode::kInvalidArgument,
                     "unknown encoding \"" + std::string(fallback) +
                         "\" (known are UTF-8, UTF-16, ISO-8859-1, US-ASCII, windows-1252)");
    }
    switch (*encoding) {
        case TextEncoding::kUtf8:
            return decode_utf8(bytes);
        case TextEncoding::kUtf16LittleEndian:
        case TextEncoding::kUtf16BigEndian:
            return decode_utf16(bytes, *encoding);
        default:
            return decode_single_bytes(bytes, *encoding);
    }
}

}  // namespace fermata::value

#include "value/typed_array.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "value/number_text.h"

namespace fermata::value {
namespace {

template <typename Number>
Number load(std::string_view bytes) {
    Number number{};
    std::memcpy(&number, bytes.data(), sizeof number);
    return number;
}

double half_to_double(std::uint16_t half) {
    const int exponent = (half >> 10U) & 0x1f;
    const int fraction = half & 0x3ff;
    const double sign = (half & 0x8000U) != 0 ? -1.0 : 1.0;
    if (exponent == 0) {
        return sign * std::ldexp(fraction, -24);
    }
    if (exponent == 0x1f) {
        return fraction == 0 ? sign * HUGE_VAL : std::nan("");
    }
    return sign * std::ldexp(fraction + 1024, exponent - 25);
}

std::size_t element_size(TypedKind kind) {
    switch (kind) {
        case TypedKind::kInt8:
        case TypedKind::kUint8:
        case TypedKind::kUint8Clamped:
            return 1;
        case TypedKind::kInt16:
        case TypedKind::kUint16:
        case TypedKind::kFloat16:
            return 2;
        case TypedKind::kInt32:
        case TypedKind::kUint32:
        case TypedKind::kFloat32:
            return 4;
        case TypedKind::kBigInt64:
        case TypedKind::kBigUint64:
        case TypedKind::kFloat64:
            return 8;
        case TypedKind::kDataView:
            return 0;
    }
    return 0;
}

// Buffers hold elements in the order of the machine; those that Fermata runs on are little endian.
static_assert(std::endian::native == std::endian::little);

void append_element(std::string& out, TypedKind kind, std::string_view bytes) {
    const auto real = [&out](double number) {
        if (std::isfinite(number)) {
            append_number(out, number);
        } else {
            out.append("null");
        }
    };
    switch (kind) {
        case TypedKind::kInt8:
            return real(load<std::int8_t>(bytes));
        case TypedKind::kUint8:
        case TypedKind::kUint8Clamped:
            return real(load<std::uint8_t>(bytes));
        case TypedKind::kInt16:
            return real(load<std::int16_t>(bytes));
        case TypedKind::kUint16:
            return real(load<std::uint16_t>(bytes));
        case TypedKind::kInt32:
            return real(load<std::int32_t>(bytes));
        case TypedKind::kUint32:
            return real(load<std::uint32_t>(bytes));
        case TypedKind::kFloat16:
            return real(half_to_double(load<std::uint16_t>(bytes)));
        case TypedKind::kFloat32:
            return real(load<float>(bytes));
        case TypedKind::kFloat64:
            return real(load<double>(bytes));
        case TypedKind::kBigInt64:
            out.append("\"" + std::to_string(load<std::int64_t>(bytes)) + "\"");
            return;
        case TypedKind::kBigUint64:
            out.append("\"" + std::to_string(load<std::uint64_t>(bytes)) + "\"");
            return;
        case TypedKind::kDataView:
            return;
    }
}

}  // namespace

void append_typed_array(std::string& out, Reader typed, std::string_view buffer) {
    typed.tag();
    const auto kind = static_cast<TypedKind>(typed.byte());
    const std::uint64_t begin = typed.varint();
    const std::uint64_t count = typed.varint();
    const std::size_t size = element_size(kind);
    out.push_back('[');
    if (size > 0 && begin <= buffer.size()) {
        std::string_view left = buffer.substr(static_cast<std::size_t>(begin));
        for (std::uint64_t index = 0; index < count && left.size() >= size; ++index) {
            if (index > 0) {
                out.push_back(',');
            }
            append_element(out, kind, left);
            left.remove_prefix(size);
        }
    }
    out.push_back(']');
}

}  // namespace fermata::value

#include "value/encoding.h"

#include <cmath>
#include <limits>

#include "value/shape.h"

namespace fermata::value {

void Writer::number(double number) {
    const bool fits = number >= std::numeric_limits<std::int32_t>::min() &&
                      number <= std::numeric_limits<std::int32_t>::max();
    if (fits && number == std::trunc(number) && !(number == 0 && std::signbit(number))) {
        tag(Tag::kInteger);
        signed_varint(static_cast<std::int64_t>(number));
        return;
    }
    tag(Tag::kDouble);
    // One pattern for all NaNs, so that equal values have equal bytes.
    real(std::isnan(number) ? std::numeric_limits<double>::quiet_NaN() : number);
}

std::uint64_t Reader::varint() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const std::uint64_t group = byte();
        if (!ok_ || (shift == 63 && group > 1)) {
            break;  // the tenth byte has room for one bit
        }
        number |= (group & 0x7fU) << shift;
        if (group < 0x80U) {
            return number;
        }
    }
    fail();
    return 0;
}

std::uint64_t Reader::fixed64() {
    const std::string_view bytes = raw(8);
    std::uint64_t number = 0;
    for (unsigned at = 0; at < bytes.size(); ++at) {
        number |= std::uint64_t{static_cast<std::uint8_t>(bytes[at])} << (8 * at);
    }
    return number;
}

std::string_view Reader::text() {
    const std::uint64_t size = varint();
    if (size > left()) {
        fail();
        return {};
    }
    return raw(static_cast<std::size_t>(size));
}

std::string_view Reader::raw(std::size_t size) {
    if (size > left()) {
        fail();
        return {};
    }
    const std::string_view bytes = bytes_.substr(at_, size);
    at_ += size;
    return bytes;
}

std::uint64_t Reader::count() {
    const std::uint64_t count = varint();
    if (count > left()) {
        fail();
        return 0;
    }
    return count;
}

std::string_view Reader::skip_value() {
    const std::size_t begin = at_;
    walk(*this, [](const Visited&) { return true; });
    return ok_ ? bytes_.substr(begin, at_ - begin) : std::string_view();
}

}  // namespace fermata::value

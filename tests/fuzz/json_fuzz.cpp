// Any bytes as JSON: what is accepted is a sound value, and its text is stable.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "value/value.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using fermata::value::Value;
    const std::string_view json(reinterpret_cast<const char*>(data), size);
    const auto value = Value::from_json(json);
    if (!value) {
        return 0;
    }
    FERMATA_CHECK(Value::from_bytes(value->bytes()).has_value());
    const std::string text = value->to_json();
    const auto again = Value::from_json(text);
    FERMATA_CHECK(again.has_value());
    FERMATA_CHECK(again->to_json() == text);
    return 0;
}

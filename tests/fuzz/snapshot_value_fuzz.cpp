// Any bytes as an encoded value: what is accepted can be written, taken apart and put together.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "value/encoding.h"
#include "value/event.h"
#include "value/value.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using fermata::value::Reader;
    using fermata::value::Value;
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    Reader event(bytes);
    fermata::value::read_event(event);
    Reader reader(bytes);
    reader.skip_value();

    const auto value = Value::from_bytes(bytes);
    if (!value) {
        return 0;
    }
    FERMATA_CHECK(reader.ok() && reader.at_end());
    FERMATA_CHECK(Value::from_json(value->to_json(), Reader::kNestingMax).has_value());
    (void)value->to_text();
    std::vector<Value> parts;
    for (const auto& [key, member] : value->members()) {
        FERMATA_CHECK(Value::from_bytes(member.bytes()).has_value());
        parts.push_back(member);
    }
    const auto array = Value::from_bytes(Value::array(parts).bytes());
    // One level deeper than its deepest part, which may already be as deep as can be.
    FERMATA_CHECK(array || array.error().message().find("deeper") != std::string::npos);
    return 0;
}

// Any bytes as a form: what is accepted survives formatting and parsing again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/form.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using fermata::http::format_form;
    using fermata::http::parse_form;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto fields = parse_form(text);
    if (!fields) {
        return 0;
    }
    const auto again = parse_form(format_form(*fields));
    FERMATA_CHECK(again.has_value());
    FERMATA_CHECK(*again == *fields);
    return 0;
}

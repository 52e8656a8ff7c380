// Any bytes as XML: what is accepted can be written and read again as the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "value/xml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace value = fermata::value;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    (void)value::decode_text(bytes);
    (void)value::decode_text(bytes, "windows-1252");

    const value::XmlOptions options{fermata::DocumentLimits{}, true};
    const auto document = value::parse_xml(bytes, "", options);
    if (!document) {
        FERMATA_CHECK(!document.error().message.empty());
        return 0;
    }
    (void)document->text_of(0);
    (void)document->inner_xml(0);
    const std::string text = document->to_xml(0);
    const auto again = value::parse_xml(text, "", options);
    FERMATA_CHECK(again.has_value());
    FERMATA_CHECK(again->to_xml(0) == text);
    return 0;
}

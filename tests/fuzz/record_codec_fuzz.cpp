// Any bytes as a stored record: a decoder either refuses them, with a place, or reads what it
// writes itself.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "engine/document_bundle.h"
#include "engine/record_codec.h"

namespace fermata::engine {
namespace {

template <typename Record>
std::string written(const Record& record) {
    return encode(record, record_format_newest());
}

template <typename Decode>
void check(std::string_view bytes, Decode decode) {
    const auto record = decode(bytes);
    if (!record) {
        FERMATA_CHECK(record.error().code() == ErrorCode::kCorrupt);
        FERMATA_CHECK(record.error().message().find(" at byte ") != std::string::npos);
        return;
    }
    // Numbers may have come in a longer form than needed; written again, the bytes are final.
    const std::string final_bytes = written(*record);
    const auto again = decode(final_bytes);
    FERMATA_CHECK(again.has_value());
    FERMATA_CHECK(written(*again) == final_bytes);
}

void check_all(std::string_view bytes) {
    check(bytes, decode_meta);
    check(bytes, decode_timer);
    check(bytes, decode_inbox);
    check(bytes, decode_outbox);
    check(bytes, decode_end);
    check(bytes, decode_answer);
    check(bytes, decode_journal);
    check(bytes, decode_bundle);
    value::Reader reader(bytes);
    const auto extras = decode_extras(reader);
    FERMATA_CHECK(extras.has_value() == reader.ok());
}

}  // namespace
}  // namespace fermata::engine

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fermata::engine::check_all({reinterpret_cast<const char*>(data), size});
    return 0;
}

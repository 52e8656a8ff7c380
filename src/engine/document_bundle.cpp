#include "engine/document_bundle.h"

#include <utility>

#include "engine/record_reader.h"

namespace fermata::engine {

namespace {

constexpr char kBundle = 'b';
// Why a resource could not be had, as stored; the order is fixed.
constexpr std::uint8_t kErrorCodes = static_cast<std::uint8_t>(ErrorCode::kInternal) + 1;

}  // namespace

std::string encode(const DocumentBundle& bundle, RecordFormat format) {
    value::Writer writer;
    write_header(writer, format, kBundle);
    writer.text(bundle.document.url);
    writer.text(bundle.document.bytes);
    writer.varint(bundle.resources.entries().size());
    for (const auto& [url, bytes] : bundle.resources.entries()) {
        writer.text(url);
        write_flag(writer, bytes.has_value());
        if (bytes) {
            writer.text(*bytes);
        } else {
            writer.byte(static_cast<std::uint8_t>(bytes.error().code()));
            writer.text(bytes.error().message());
        }
    }
    return writer.take();
}

Result<DocumentBundle> decode_bundle(std::string_view bytes) {
    value::Reader raw(bytes);
    RecordReader reader("document bundle", raw);
    reader.header(kBundle);
    DocumentBundle bundle;
    bundle.document.url = reader.text("url");
    bundle.document.bytes = reader.text("document");
    for (std::uint64_t left = reader.count("resources"); left > 0 && reader.ok(); --left) {
        const std::string url = reader.text("resource url");
        if (reader.flag("resource is there")) {
            bundle.resources.add(url, reader.text("resource"));
        } else {
            const auto code = static_cast<ErrorCode>(reader.choice("resource error", kErrorCodes));
            bundle.resources.add(url, Error(code, reader.text("resource error message")));
        }
    }
    FERMATA_TRY(reader.finish_at_end());
    return bundle;
}

}  // namespace fermata::engine

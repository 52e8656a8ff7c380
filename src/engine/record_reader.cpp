#include "engine/record_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace fermata::engine {

void RecordReader::header(char kind) {
    const std::size_t offset = reader_.offset();
    const RecordFormat version = reader_.byte();
    const RecordFormat newest = record_format_newest();
    if (reader_.ok() && (version == 0 || version > newest)) {
        refuse("version",
               fmt::format("format version {} is not known (newest: {})", version, newest));
    }
    const auto letter = static_cast<char>(reader_.byte());
    if (reader_.ok() && letter != kind) {
        refuse("kind", fmt::format("is of kind {:#04x}, not '{}'",
                                   static_cast<unsigned char>(letter), kind));
    }
    note("header", offset);
}

std::string RecordReader::text(const char* field) {
    const std::size_t offset = reader_.offset();
    std::string text(reader_.text());
    note(field, offset);
    return text;
}

std::uint64_t RecordReader::varint(const char* field) {
    const std::size_t offset = reader_.offset();
    const std::uint64_t number = reader_.varint();
    note(field, offset);
    return number;
}

std::int64_t RecordReader::signed_varint(const char* field) {
    const std::size_t offset = reader_.offset();
    const std::int64_t number = reader_.signed_varint();
    note(field, offset);
    return number;
}

std::uint32_t RecordReader::varint32(const char* field) {
    const std::size_t offset = reader_.offset();
    const std::uint64_t number = reader_.varint();
    if (number > std::numeric_limits<std::uint32_t>::max()) {
        reader_.fail();
    }
    note(field, offset);
    return reader_.ok() ? static_cast<std::uint32_t>(number) : 0;
}

std::uint64_t RecordReader::count(const char* field) {
    const std::size_t offset = reader_.offset();
    const std::uint64_t number = reader_.count();
    note(field, offset);
    return number;
}

bool RecordReader::flag(const char* field) {
    return choice(field, 2) == 1;
}

std::uint8_t RecordReader::choice(const char* field, std::uint8_t end) {
    const std::size_t offset = reader_.offset();
    const std::uint8_t byte = reader_.byte();
    if (byte >= end) {
        reader_.fail();
    }
    note(field, offset);
    return reader_.ok() ? byte : std::uint8_t{0};
}

value::Value RecordReader::value(const char* field) {
    const std::size_t offset = reader_.offset();
    auto value = value::Value::from_bytes(std::string(reader_.text()));
    if (!value) {
        reader_.fail();
    }
    note(field, offset);
    return value ? *std::move(value) : value::Value();
}

value::Event RecordReader::event(const char* field) {
    const std::size_t offset = reader_.offset();
    value::Event event = value::read_event(reader_);
    note(field, offset);
    return event;
}

SessionId RecordReader::session(const char* field) {
    const std::size_t offset = reader_.offset();
    std::array<std::uint8_t, SessionId::kBytes> bytes{};
    const std::string_view raw = reader_.raw(SessionId::kBytes);
    std::copy(raw.begin(), raw.end(), bytes.begin());
    note(field, offset);
    const std::uint32_t node = varint32(field);
    return SessionId::from_bytes(bytes, node);
}

void RecordReader::refuse(const char* field, std::string reason) {
    const std::size_t offset = reader_.offset();
    reader_.fail();
    if (!noted_) {
        reason_ = std::move(reason);
    }
    note(field, offset);
}

Result<void> RecordReader::finish() const {
    if (reader_.ok()) {
        return {};
    }
    return Error(ErrorCode::kCorrupt,
                 fmt::format("{}: {} {} at byte {}", record_, field_, reason_, offset_));
}

Result<void> RecordReader::finish_at_end() {
    if (reader_.ok() && !reader_.at_end()) {
        refuse("end", "is followed by more bytes");
    }
    return finish();
}

void RecordReader::note(const char* field, std::size_t offset) {
    if (!reader_.ok() && !noted_) {
        field_ = field;
        offset_ = offset;
        noted_ = true;
    }
}

void write_header(value::Writer& writer, RecordFormat format, char kind) {
    FERMATA_CHECK(format >= kRecordFormatOldest && format <= record_format_newest());
    writer.byte(format);
    writer.byte(static_cast<std::uint8_t>(kind));
}

void write_flag(value::Writer& writer, bool flag) {
    writer.byte(flag ? 1 : 0);
}

void write_session(value::Writer& writer, const SessionId& session) {
    for (const std::uint8_t byte : session.bytes()) {
        writer.byte(byte);
    }
    writer.varint(session.node());
}

void write_value(value::Writer& writer, const value::Value& value) {
    writer.text(value.bytes());
}

}  // namespace fermata::engine

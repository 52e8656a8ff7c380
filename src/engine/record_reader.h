// RecordReader: reads one stored record field by field, and remembers where the first damage is.
//
// value::Reader only says that something was wrong; whoever looks at a damaged store needs the
// record, the field and the offset. Threads: one owner at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/session_id.h"
#include "engine/record_format.h"
#include "value/encoding.h"
#include "value/event.h"
#include "value/value.h"

namespace fermata::engine {

class RecordReader {
  public:
    // `record` is what messages call it, such as "session meta". Both must outlive the reader.
    RecordReader(std::string_view record, value::Reader& reader)
        : record_(record), reader_(reader) {}

    // The first two bytes: format version, one that is known here, and kind letter.
    void header(char kind);

    std::string text(const char* field);
    std::uint64_t varint(const char* field);
    std::int64_t signed_varint(const char* field);
    std::uint32_t varint32(const char* field);
    std::uint64_t count(const char* field);
    bool flag(const char* field);
    // A byte below `end`: a stored enumeration.
    std::uint8_t choice(const char* field, std::uint8_t end);
    // A value, checked as a whole.
    value::Value value(const char* field);
    value::Event event(const char* field);
    SessionId session(const char* field);

    [[nodiscard]] bool ok() const { return reader_.ok(); }
    // Something is there that should not be.
    void refuse(const char* field, std::string reason);
    // kCorrupt with the place of the first damage.
    [[nodiscard]] Result<void> finish() const;
    // As finish(), and nothing may be left over.
    [[nodiscard]] Result<void> finish_at_end();

  private:
    void note(const char* field, std::size_t offset);

    std::string_view record_;
    value::Reader& reader_;
    const char* field_ = "";
    std::size_t offset_ = 0;
    std::string reason_ = "damaged";
    bool noted_ = false;
};

// What header() reads. The format is one that this program knows.
void write_header(value::Writer& writer, RecordFormat format, char kind);
void write_flag(value::Writer& writer, bool flag);
// 20 bytes, then the node hint.
void write_session(value::Writer& writer, const SessionId& session);
// Wrapped by its length, since the references inside a value count from its own beginning.
void write_value(value::Writer& writer, const value::Value& value);

}  // namespace fermata::engine

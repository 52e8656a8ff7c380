#include "store/entries.h"

#include <array>

#include "value/encoding.h"

namespace fermata::store {
namespace {

void write_session(value::Writer& writer, const SessionId& session) {
    for (const std::uint8_t byte : session.bytes()) {
        writer.byte(byte);
    }
}

SessionId read_session(value::Reader& reader) {
    std::array<std::uint8_t, SessionId::kBytes> bytes{};
    for (std::uint8_t& byte : bytes) {
        byte = reader.byte();
    }
    return SessionId::from_bytes(bytes);
}

// The payload is the rest of an entry and needs no length.
std::string read_rest(value::Reader& reader) {
    return std::string(reader.raw(reader.left()));
}

Result<void> finish(const value::Reader& reader, std::string_view what) {
    if (!reader.ok() || !reader.at_end()) {
        return Error(ErrorCode::kCorrupt, "a stored " + std::string(what) + " entry is damaged");
    }
    return {};
}

}  // namespace

std::string encode_entry(const PartitionEntry& entry) {
    value::Writer writer;
    writer.varint(entry.epoch);
    writer.varint(entry.node);
    writer.varint(entry.next_number);
    return writer.take();
}

Result<void> decode_entry(std::string_view bytes, PartitionEntry& entry) {
    value::Reader reader(bytes);
    entry.epoch = reader.varint();
    entry.node = static_cast<std::uint32_t>(reader.varint());
    entry.next_number = reader.varint();
    return finish(reader, "partition");
}

std::string encode_entry(const SessionEntry& entry) {
    value::Writer writer;
    writer.varint(entry.seq);
    writer.signed_varint(entry.created_ms);
    writer.byte(entry.end ? 1 : 0);
    if (entry.end) {
        writer.signed_varint(entry.end->expires_ms);
        writer.raw(entry.end->payload);
    }
    return writer.take();
}

Result<void> decode_entry(std::string_view bytes, SessionEntry& entry) {
    value::Reader reader(bytes);
    entry.seq = reader.varint();
    entry.created_ms = reader.signed_varint();
    entry.end.reset();
    if (reader.byte() != 0) {
        EndRecord end;
        end.expires_ms = reader.signed_varint();
        end.payload = read_rest(reader);
        entry.end = std::move(end);
    }
    return finish(reader, "session");
}

std::string encode_entry(const InboxRecord& record) {
    value::Writer writer;
    write_session(writer, record.session);
    writer.raw(record.payload);
    return writer.take();
}

Result<void> decode_entry(std::string_view bytes, InboxRecord& record) {
    value::Reader reader(bytes);
    record.session = read_session(reader);
    record.payload = read_rest(reader);
    return finish(reader, "inbox");
}

std::string encode_entry(const OutboxRecord& record) {
    value::Writer writer;
    write_session(writer, record.session);
    writer.varint(record.seq);
    writer.varint(record.n);
    writer.raw(record.payload);
    return writer.take();
}

Result<void> decode_entry(std::string_view bytes, OutboxRecord& record) {
    value::Reader reader(bytes);
    record.session = read_session(reader);
    record.seq = reader.varint();
    record.n = static_cast<std::uint32_t>(reader.varint());
    record.payload = read_rest(reader);
    return finish(reader, "outbox");
}

std::string encode_entry(const JournalRecord& record) {
    value::Writer writer;
    writer.signed_varint(record.at_ms);
    writer.raw(record.payload);
    return writer.take();
}

Result<void> decode_entry(std::string_view bytes, JournalRecord& record) {
    value::Reader reader(bytes);
    record.at_ms = reader.signed_varint();
    record.payload = read_rest(reader);
    return finish(reader, "journal");
}

std::string encode_entry(const AnswerRecord& record) {
    value::Writer writer;
    writer.signed_varint(record.expires_ms);
    writer.raw(record.answer);
    return writer.take();
}

Result<void> decode_entry(std::string_view bytes, AnswerRecord& record) {
    value::Reader reader(bytes);
    record.expires_ms = reader.signed_varint();
    record.answer = read_rest(reader);
    return finish(reader, "answer");
}

std::string encode_entry(const DocumentName& name) {
    value::Writer writer;
    writer.signed_varint(name.changed_ms);
    writer.raw(name.hash);
    return writer.take();
}

Result<void> decode_entry(std::string_view bytes, DocumentName& name) {
    value::Reader reader(bytes);
    name.changed_ms = reader.signed_varint();
    name.hash = read_rest(reader);
    return finish(reader, "document name");
}

std::string encode_entry(const NodeRecord& record) {
    value::Writer writer;
    writer.varint(record.node);
    writer.byte(record.standby ? 1 : 0);
    writer.fixed64(record.instance);
    writer.varint(record.beat);
    writer.byte(record.draining ? 1 : 0);
    writer.varint(record.changes);
    writer.text(record.facts.external_url);
    writer.text(record.facts.internal_address);
    writer.text(record.facts.version);
    writer.varint(record.facts.format);
    writer.varint(record.facts.format_newest);
    writer.varint(record.facts.partition_count);
    writer.signed_varint(record.facts.started_ms);
    writer.text(record.facts.peer_secret);
    writer.varint(record.facts.lease_ms);
    return writer.take();
}

Result<void> decode_entry(std::string_view bytes, NodeRecord& record) {
    value::Reader reader(bytes);
    record.node = static_cast<NodeId>(reader.varint());
    record.standby = reader.byte() != 0;
    record.instance = reader.fixed64();
    record.beat = reader.varint();
    record.draining = reader.byte() != 0;
    record.changes = reader.varint();
    record.facts.external_url = reader.text();
    record.facts.internal_address = reader.text();
    record.facts.version = reader.text();
    record.facts.format = static_cast<std::uint32_t>(reader.varint());
    record.facts.format_newest = static_cast<std::uint32_t>(reader.varint());
    record.facts.partition_count = static_cast<Partition>(reader.varint());
    record.facts.started_ms = reader.signed_varint();
    record.facts.peer_secret = reader.text();
    record.facts.lease_ms = static_cast<std::uint32_t>(reader.varint());
    // Newer versions may add to it.
    return reader.ok() ? Result<void>() : finish(reader, "node");
}

}  // namespace fermata::store

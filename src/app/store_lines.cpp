#include "app/store_lines.h"

#include <exception>
#include <stdexcept>

#include <boost/json.hpp>

#include "app/base64.h"

namespace fermata::app {

namespace {

namespace json = boost::json;

// Thrown and caught within this file, as Boost.JSON's own complaints are.
struct Unreadable : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::string bytes_of(const json::value& value) {
    auto bytes = from_base64(value.as_string());
    if (!bytes) {
        throw Unreadable("bytes are not in base64");
    }
    return *std::move(bytes);
}

std::string text_of(const json::value& value) {
    return std::string(value.as_string());
}

SessionId session_of(const json::value& value) {
    const auto session = SessionId::parse(value.as_string());
    if (!session) {
        throw Unreadable("a session id is malformed");
    }
    return *session;
}

template <typename Number>
Number number_of(const json::value& value) {
    return value.to_number<Number>();
}

struct Writer {
    json::object operator()(const StoreHead& head) const {
        return {{"fermata", "export"},
                {"format", kExportFormat},
                {"store", head.kind},
                {"partitions", head.partitions}};
    }
    json::object operator()(const StoredDocument& document) const {
        return {{"document", document.hash}, {"bytes", to_base64(document.bytes)}};
    }
    json::object operator()(const store::DocumentName& name) const {
        return {{"name", name.name}, {"hash", name.hash}, {"changed_ms", name.changed_ms}};
    }
    json::object operator()(const StoredPartition& partition) const {
        json::array senders;
        for (const auto& [sender, last] : partition.senders) {
            senders.push_back(json::array{sender, last});
        }
        return {{"partition", partition.partition},
                {"next_number", partition.next_number},
                {"senders", std::move(senders)}};
    }
    json::object operator()(const StoredSession& session) const {
        const store::SessionRecord& record = session.record;
        json::object fields;
        for (const store::Field& field : record.fields) {
            fields[field.name] = to_base64(field.value);
        }
        json::array timers;
        for (const store::TimerRecord& timer : session.timers) {
            timers.push_back(json::object{{"number", timer.number},
                                          {"due_ms", timer.due_ms},
                                          {"payload", to_base64(timer.payload)}});
        }
        json::array journal;
        for (const store::JournalRecord& entry : session.journal) {
            journal.push_back(json::object{
                {"seq", entry.seq}, {"at_ms", entry.at_ms}, {"payload", to_base64(entry.payload)}});
        }
        json::object line{{"session", record.session.key()}, {"seq", record.seq},
                          {"created_ms", record.created_ms}, {"fields", std::move(fields)},
                          {"timers", std::move(timers)},     {"journal", std::move(journal)}};
        if (record.end) {
            line["end"] = json::object{{"expires_ms", record.end->expires_ms},
                                       {"payload", to_base64(record.end->payload)}};
        }
        return line;
    }
    json::object operator()(const store::InboxRecord& record) const {
        return {{"inbox", record.number},
                {"session", record.session.key()},
                {"payload", to_base64(record.payload)}};
    }
    json::object operator()(const store::OutboxRecord& record) const {
        return {{"outbox", record.number},
                {"session", record.session.key()},
                {"seq", record.seq},
                {"n", record.n},
                {"payload", to_base64(record.payload)}};
    }
    json::object operator()(const StoredAnswer& stored) const {
        return {{"answer", stored.answer.key},
                {"partition", stored.partition},
                {"expires_ms", stored.answer.expires_ms},
                {"bytes", to_base64(stored.answer.answer)}};
    }
    json::object operator()(const StoreCounts& counts) const {
        return {
            {"end", "export"},           {"sessions", counts.sessions},   {"ended", counts.ended},
            {"timers", counts.timers},   {"inbox", counts.inbox},         {"outbox", counts.outbox},
            {"answers", counts.answers}, {"documents", counts.documents}, {"names", counts.names}};
    }
};

StoredSession read_session(const json::object& line) {
    StoredSession session;
    store::SessionRecord& record = session.record;
    record.session = session_of(line.at("session"));
    record.seq = number_of<std::uint64_t>(line.at("seq"));
    record.created_ms = number_of<UnixMillis>(line.at("created_ms"));
    for (const json::key_value_pair& field : line.at("fields").as_object()) {
        record.fields.push_back({std::string(field.key()), bytes_of(field.value())});
    }
    for (const json::value& timer : line.at("timers").as_array()) {
        session.timers.push_back({record.session, number_of<std::uint64_t>(timer.at("number")),
                                  number_of<UnixMillis>(timer.at("due_ms")),
                                  bytes_of(timer.at("payload"))});
    }
    for (const json::value& entry : line.at("journal").as_array()) {
        session.journal.push_back({record.session, number_of<std::uint64_t>(entry.at("seq")),
                                   number_of<UnixMillis>(entry.at("at_ms")),
                                   bytes_of(entry.at("payload"))});
    }
    if (const json::value* end = line.if_contains("end")) {
        record.end = store::EndRecord{bytes_of(end->at("payload")),
                                      number_of<UnixMillis>(end->at("expires_ms"))};
    }
    return session;
}

StoredPartition read_partition(const json::object& line) {
    StoredPartition partition;
    partition.partition = number_of<Partition>(line.at("partition"));
    partition.next_number = number_of<std::uint64_t>(line.at("next_number"));
    for (const json::value& sender : line.at("senders").as_array()) {
        partition.senders.emplace_back(number_of<Partition>(sender.at(0)),
                                       number_of<std::uint64_t>(sender.at(1)));
    }
    return partition;
}

StoreCounts read_counts(const json::object& line) {
    const auto count = [&line](std::string_view name) {
        return number_of<std::uint64_t>(line.at(name));
    };
    return {count("sessions"), count("ended"),   count("timers"),    count("inbox"),
            count("outbox"),   count("answers"), count("documents"), count("names")};
}

// The first member says what a line is.
Result<StoredPiece> read(const json::object& line) {
    const std::string_view kind = line.begin() == line.end() ? "" : line.begin()->key();
    if (kind == "fermata") {
        if (line.at("format").to_number<int>() > kExportFormat) {
            return Error(ErrorCode::kInvalidArgument,
                         "the file is of a newer version of Fermata (format " +
                             json::serialize(line.at("format")) + ")");
        }
        return StoredPiece(
            StoreHead{text_of(line.at("store")), number_of<Partition>(line.at("partitions"))});
    }
    if (kind == "document") {
        return StoredPiece(
            StoredDocument{text_of(line.at("document")), bytes_of(line.at("bytes"))});
    }
    if (kind == "name") {
        return StoredPiece(store::DocumentName{text_of(line.at("name")), text_of(line.at("hash")),
                                               number_of<UnixMillis>(line.at("changed_ms"))});
    }
    if (kind == "partition") {
        return StoredPiece(read_partition(line));
    }
    if (kind == "session") {
        return StoredPiece(read_session(line));
    }
    if (kind == "inbox") {
        return StoredPiece(store::InboxRecord{session_of(line.at("session")),
                                              number_of<std::uint64_t>(line.at("inbox")),
                                              bytes_of(line.at("payload"))});
    }
    if (kind == "outbox") {
        return StoredPiece(store::OutboxRecord{
            session_of(line.at("session")), number_of<std::uint64_t>(line.at("seq")),
            number_of<std::uint32_t>(line.at("n")), number_of<std::uint64_t>(line.at("outbox")),
            bytes_of(line.at("payload"))});
    }
    if (kind == "answer") {
        return StoredPiece(StoredAnswer{number_of<Partition>(line.at("partition")),
                                        {text_of(line.at("answer")), bytes_of(line.at("bytes")),
                                         number_of<UnixMillis>(line.at("expires_ms"))}});
    }
    if (kind == "end") {
        return StoredPiece(read_counts(line));
    }
    throw Unreadable("nobody knows what it is");
}

}  // namespace

std::string to_line(const StoredPiece& piece) {
    return json::serialize(std::visit(Writer(), piece));
}

Result<StoredPiece> from_line(std::string_view line) {
    json::parse_options options;
    // Names that clients gave are bytes of theirs.
    options.allow_invalid_utf8 = true;
    try {
        return read(json::parse(line, {}, options).as_object());
    } catch (const std::exception& problem) {
        return Error(ErrorCode::kCorrupt, std::string("no line of an export: ") + problem.what());
    }
}

}  // namespace fermata::app

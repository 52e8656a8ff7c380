#include "store/queries.h"

#include <charconv>
#include <string_view>
#include <utility>

#include "store/entries.h"
#include "store/keys.h"

namespace fermata::store {
namespace {

// Decodes entries of a scan and remembers the first that is damaged.
class Decoder {
  public:
    template <typename Entry>
    bool decode(std::string_view bytes, Entry& entry) {
        result_ = decode_entry(bytes, entry);
        return result_.has_value();
    }
    // Of the scan itself, else of the decoding.
    [[nodiscard]] Result<void> result(const Result<void>& scan) const {
        return scan ? result_ : scan;
    }

  private:
    Result<void> result_;
};

Key session_key(Table table, const SessionId& session) {
    Key key(session.partition(), table);
    key.session(session);
    return key;
}

template <typename Record>
Result<std::vector<Record>> numbered(const Medium& medium, Partition partition, Table table,
                                     std::uint64_t after_number, std::size_t limit) {
    std::vector<Record> records;
    if (after_number == ~std::uint64_t{0} || limit == 0) {
        return records;
    }
    Decoder decoder;
    FERMATA_TRY(decoder.result(medium.scan(Key(partition, table).number(after_number + 1).bytes(),
                                           Key(partition, table).end(), Direction::kForward,
                                           [&](std::string_view key, std::string_view value) {
                                               Record record;
                                               record.number = KeyReader(key).number();
                                               if (!decoder.decode(value, record)) {
                                                   return false;
                                               }
                                               records.push_back(std::move(record));
                                               return records.size() < limit;
                                           })));
    return records;
}

// "<creation time>-<session>": text, since clients hand it back in a URL.
std::string to_cursor(std::string_view listing) {
    KeyReader reader(listing);
    const UnixMillis created_ms = reader.time();
    return std::to_string(created_ms) + "-" + reader.session().key();
}

// The key that a page begins with.
Result<std::string> from_cursor(Key table, const std::string& cursor) {
    if (cursor.empty()) {
        return table.bytes();
    }
    UnixMillis created_ms = 0;
    const auto number = std::from_chars(cursor.data(), cursor.data() + cursor.size(), created_ms);
    const std::size_t mark = static_cast<std::size_t>(number.ptr - cursor.data());
    if (number.ec == std::errc() && mark < cursor.size() && cursor[mark] == '-') {
        if (const auto session = SessionId::parse(std::string_view(cursor).substr(mark + 1))) {
            return table.time(created_ms).session(*session).bytes() + '\0';
        }
    }
    return Error(ErrorCode::kInvalidArgument, "\"" + cursor + "\" is no cursor of a session list");
}

}  // namespace

Result<std::optional<SessionRecord>> Queries::session(const SessionId& session) const {
    FERMATA_TRY_ASSIGN(const auto head, medium_.get(session_key(Table::kSession, session).bytes()));
    if (!head) {
        return std::optional<SessionRecord>();
    }
    SessionEntry entry;
    FERMATA_TRY(decode_entry(*head, entry));
    SessionRecord record;
    record.session = session;
    record.seq = entry.seq;
    record.created_ms = entry.created_ms;
    record.end = std::move(entry.end);
    const Key prefix = session_key(Table::kField, session);
    FERMATA_TRY(medium_.scan(prefix.bytes(), prefix.end(), Direction::kForward,
                             [&](std::string_view key, std::string_view value) {
                                 key.remove_prefix(prefix.bytes().size());
                                 record.fields.push_back({std::string(key), std::string(value)});
                                 return true;
                             }));
    return std::optional<SessionRecord>(std::move(record));
}

Result<SessionPage> Queries::sessions(Partition partition, SessionPhase phase,
                                      const std::string& cursor, std::size_t limit) const {
    const bool is_live = phase == SessionPhase::kLive;
    const Key table(partition, is_live ? Table::kListing : Table::kEndedListing);
    FERMATA_TRY_ASSIGN(const std::string begin, from_cursor(table, cursor));
    std::vector<std::string> keys;
    SessionPage page;
    FERMATA_TRY(medium_.scan(begin, table.end(), Direction::kForward,
                             [&](std::string_view key, std::string_view) {
                                 if (keys.size() == limit) {
                                     page.next = keys.empty() ? "" : to_cursor(keys.back());
                                     return false;
                                 }
                                 keys.emplace_back(key);
                                 return true;
                             }));
    for (const std::string& key : keys) {
        KeyReader reader(key);
        reader.time();
        FERMATA_TRY_ASSIGN(auto record, session(reader.session()));
        // It expired or ended meanwhile, or ended when there was one listing for both phases.
        if (!record || record->end.has_value() == is_live) {
            continue;
        }
        std::vector<Field> kept;
        for (Field& field : record->fields) {
            if (field.name == "meta" || field.name == "state") {
                kept.push_back(std::move(field));
            }
        }
        record->fields = std::move(kept);
        page.sessions.push_back(*std::move(record));
    }
    return page;
}

Result<TimerPage> Queries::timers(Partition partition, UnixMillis after_due, UnixMillis before_due,
                                  std::size_t limit, std::size_t skip) const {
    TimerPage page;
    if (after_due >= before_due) {
        return page;
    }
    FERMATA_TRY(medium_.scan(Key(partition, Table::kTimer).time(after_due).bytes(),
                             Key(partition, Table::kTimer).time(before_due).bytes(),
                             Direction::kForward,
                             [&](std::string_view key, std::string_view value) {
                                 if (skip > 0) {
                                     --skip;
                                     return true;
                                 }
                                 page.more = page.timers.size() == limit;
                                 if (page.more) {
                                     return false;
                                 }
                                 KeyReader reader(key);
                                 TimerRecord timer;
                                 timer.due_ms = reader.time();
                                 timer.number = reader.number();
                                 timer.session = reader.session();
                                 timer.payload = value;
                                 page.timers.push_back(std::move(timer));
                                 return true;
                             }));
    return page;
}

Result<std::vector<TimerRecord>> Queries::timers(const SessionId& session) const {
    std::vector<TimerRecord> timers;
    const Key prefix = session_key(Table::kSessionTimer, session);
    FERMATA_TRY(medium_.scan(prefix.bytes(), prefix.end(), Direction::kForward,
                             [&](std::string_view key, std::string_view) {
                                 KeyReader reader(key);
                                 reader.session();
                                 TimerRecord timer;
                                 timer.session = session;
                                 timer.due_ms = reader.time();
                                 timer.number = reader.number();
                                 timers.push_back(std::move(timer));
                                 return true;
                             }));
    std::vector<TimerRecord> whole;
    for (TimerRecord& timer : timers) {
        FERMATA_TRY_ASSIGN(auto payload, medium_.get(Key(session.partition(), Table::kTimer)
                                                         .time(timer.due_ms)
                                                         .number(timer.number)
                                                         .session(session)
                                                         .bytes()));
        if (payload) {  // else removed meanwhile
            timer.payload = *std::move(payload);
            whole.push_back(std::move(timer));
        }
    }
    return whole;
}

Result<std::vector<InboxRecord>> Queries::inbox(Partition partition, std::uint64_t after_number,
                                                std::size_t limit) const {
    return numbered<InboxRecord>(medium_, partition, Table::kInbox, after_number, limit);
}

Result<std::vector<OutboxRecord>> Queries::outbox(Partition partition, std::uint64_t after_number,
                                                  std::size_t limit) const {
    return numbered<OutboxRecord>(medium_, partition, Table::kOutbox, after_number, limit);
}

Result<std::vector<JournalRecord>> Queries::journal(const SessionId& session,
                                                    std::size_t limit) const {
    std::vector<JournalRecord> records;
    if (limit == 0) {
        return records;
    }
    Decoder decoder;
    const Key prefix = session_key(Table::kJournal, session);
    FERMATA_TRY(decoder.result(medium_.scan(prefix.bytes(), prefix.end(), Direction::kBackward,
                                            [&](std::string_view key, std::string_view value) {
                                                KeyReader reader(key);
                                                JournalRecord record;
                                                record.session = reader.session();
                                                record.seq = reader.number();
                                                if (!decoder.decode(value, record)) {
                                                    return false;
                                                }
                                                records.push_back(std::move(record));
                                                return records.size() < limit;
                                            })));
    return records;
}

Result<std::optional<AnswerRecord>> Queries::answer(Partition partition,
                                                    const std::string& key) const {
    FERMATA_TRY_ASSIGN(const auto bytes,
                       medium_.get(Key(partition, Table::kAnswer).text(key).bytes()));
    if (!bytes) {
        return std::optional<AnswerRecord>();
    }
    AnswerRecord answer;
    answer.key = key;
    FERMATA_TRY(decode_entry(*bytes, answer));
    return std::optional<AnswerRecord>(std::move(answer));
}

Result<std::optional<std::string>> Queries::document(const std::string& hash) const {
    return medium_.get(Key(Table::kDocument).text(hash).bytes());
}

Result<std::optional<DocumentName>> Queries::document_name(const std::string& name) const {
    FERMATA_TRY_ASSIGN(const auto bytes, medium_.get(Key(Table::kDocumentName).text(name).bytes()));
    if (!bytes) {
        return std::optional<DocumentName>();
    }
    DocumentName document;
    document.name = name;
    FERMATA_TRY(decode_entry(*bytes, document));
    return std::optional<DocumentName>(std::move(document));
}

Result<std::vector<DocumentName>> Queries::document_names() const {
    std::vector<DocumentName> names;
    Decoder decoder;
    const Key prefix(Table::kDocumentName);
    FERMATA_TRY(decoder.result(medium_.scan(prefix.bytes(), prefix.end(), Direction::kForward,
                                            [&](std::string_view key, std::string_view value) {
                                                DocumentName name;
                                                name.name = KeyReader(key).rest();
                                                if (!decoder.decode(value, name)) {
                                                    return false;
                                                }
                                                names.push_back(std::move(name));
                                                return true;
                                            })));
    return names;
}

}  // namespace fermata::store

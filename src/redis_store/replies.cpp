#include "redis_store/replies.h"

#include <algorithm>
#include <utility>

namespace fermata::redis_store {
namespace {

using redis::ReplyView;

Error strange_page(const std::string& what) {
    return {ErrorCode::kCorrupt, "Redis answered a page of " + what + " that is none"};
}

// One session of sessions.lua from element `at`, which moves behind it; nullopt: its record is
// gone.
Result<std::optional<store::SessionRecord>> page_session(ReplyView reply, std::size_t& at) {
    const auto session = SessionId::parse(reply[at].text());
    const std::string_view seq = reply[at + 2].text();
    if (!session || at + 5 > reply.size()) {
        return strange_page("sessions");
    }
    SessionReader reader(*session);
    FERMATA_TRY(reader.add("created", reply[at + 1].text()));
    if (!seq.empty()) {
        FERMATA_TRY(reader.add("seq", seq));
    }
    for (const auto& [name, value] : {std::pair("meta", reply[at + 3]), {"state", reply[at + 4]}}) {
        if (!value.is_nil()) {
            FERMATA_TRY(reader.add(name, value.text()));
        }
    }
    at += 5;
    if (seq.find(' ') != std::string_view::npos) {
        FERMATA_TRY(reader.add("end", reply[at].text()));
        FERMATA_TRY(reader.add("expires", reply[at + 1].text()));
        at += 2;
    }
    return reader.finish();
}

template <typename Record>
Result<std::vector<Record>> entries_of(ReplyView reply,
                                       Result<Record> (*decode)(std::string_view)) {
    std::vector<Record> records;
    records.reserve(reply.size());
    for (std::size_t at = 0; at < reply.size(); ++at) {
        FERMATA_TRY_ASSIGN(Record record, decode(reply[at].text()));
        records.push_back(std::move(record));
    }
    return records;
}

}  // namespace

Result<std::optional<store::SessionRecord>> session_of(SessionReader& reader, ReplyView reply) {
    for (std::size_t at = 0; at + 1 < reply.size(); at += 2) {
        FERMATA_TRY(reader.add(reply[at].text(), reply[at + 1].text()));
    }
    return reader.finish();
}

Result<store::SessionPage> session_page_of(ReplyView reply, store::SessionPhase phase,
                                           std::size_t limit) {
    store::SessionPage page;
    std::string last;
    std::size_t listed = 0;
    for (std::size_t at = 0; at < reply.size(); ++listed) {
        if (listed == limit) {
            page.next = last;
            break;
        }
        last = std::string(reply[at + 1].text()) + "-" + std::string(reply[at].text());
        FERMATA_TRY_ASSIGN(auto record, page_session(reply, at));
        // Sessions that ended when there was one table for both phases are among the live ones.
        if (record && record->end.has_value() == (phase == store::SessionPhase::kEnded)) {
            page.sessions.push_back(*std::move(record));
        }
    }
    return page;
}

Result<store::TimerPage> timer_page_of(ReplyView reply, std::size_t limit) {
    store::TimerPage page;
    page.more = reply.size() / 2 > limit;
    const std::size_t count = std::min(reply.size() / 2, limit);
    page.timers.reserve(count);
    for (std::size_t at = 0; at < count; ++at) {
        const std::string_view field = reply[2 * at + 1].text();
        if (field.empty()) {
            continue;  // its session is gone
        }
        FERMATA_TRY_ASSIGN(const auto timer, decode_timer_member(reply[2 * at].text()));
        FERMATA_TRY_ASSIGN(Timed timed, decode_timed(field));
        page.timers.push_back({timer.second, timer.first, timed.time_ms, std::move(timed.payload)});
    }
    return page;
}

Result<std::vector<store::InboxRecord>> inbox_of(ReplyView reply) {
    return entries_of<store::InboxRecord>(reply, decode_inbox);
}

Result<std::vector<store::OutboxRecord>> outbox_of(ReplyView reply) {
    return entries_of<store::OutboxRecord>(reply, decode_outbox);
}

Result<std::vector<store::JournalRecord>> journal_of(const SessionId& session, ReplyView reply,
                                                     std::size_t limit) {
    std::vector<store::JournalRecord> records;
    for (std::size_t at = 0; at + 1 < reply.size(); at += 2) {
        const auto seq = parse_number(reply[at].text());
        FERMATA_TRY_ASSIGN(Timed timed, decode_timed(reply[at + 1].text()));
        if (!seq) {
            return strange_page("a journal");
        }
        records.push_back({session, *seq, timed.time_ms, std::move(timed.payload)});
    }
    std::sort(records.begin(), records.end(),
              [](const auto& one, const auto& other) { return one.seq > other.seq; });
    records.resize(std::min(records.size(), limit));
    return records;
}

Result<std::optional<store::AnswerRecord>> answer_of(const std::string& key, ReplyView reply) {
    if (reply.is_nil()) {
        return std::optional<store::AnswerRecord>();
    }
    FERMATA_TRY_ASSIGN(Timed timed, decode_timed(reply.text()));
    return std::optional(store::AnswerRecord{key, std::move(timed.payload), timed.time_ms});
}

Result<store::PartitionRecord> partition_of(ReplyView reply) {
    store::PartitionRecord record;
    record.epoch = parse_number(reply.find("epoch").text()).value_or(0);
    record.node = static_cast<std::uint32_t>(parse_number(reply.find("node").text()).value_or(0));
    record.next_number = parse_number(reply.find("next").text()).value_or(1);
    record.revision = parse_number(reply.find("call").text()).value_or(0);
    return record;
}

Result<store::PartitionRecord> with_senders(store::PartitionRecord record, ReplyView reply) {
    for (std::size_t at = 0; at + 1 < reply.size(); at += 2) {
        const auto sender = parse_number(reply[at].text());
        const auto last = parse_number(reply[at + 1].text());
        if (!sender || *sender >= kPartitionsMax || !last) {
            return strange_page("senders");
        }
        record.senders.emplace_back(static_cast<Partition>(*sender), *last);
    }
    std::sort(record.senders.begin(), record.senders.end());
    return record;
}

Result<store::AnswerPage> answer_page_of(ReplyView reply) {
    store::AnswerPage page;
    page.next = reply[0].text() == "0" ? "" : std::string(reply[0].text());
    const ReplyView found = reply[1];
    for (std::size_t at = 0; at + 1 < found.size(); at += 2) {
        FERMATA_TRY_ASSIGN(auto answer, answer_of(std::string(found[at].text()), found[at + 1]));
        page.answers.push_back(*std::move(answer));
    }
    return page;
}

Result<std::vector<store::DocumentName>> document_names_of(ReplyView reply) {
    std::vector<store::DocumentName> names;
    for (std::size_t at = 0; at + 1 < reply.size(); at += 2) {
        FERMATA_TRY_ASSIGN(auto name, decode_document_name(reply[at].text(), reply[at + 1].text()));
        names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end(),
              [](const auto& one, const auto& other) { return one.name < other.name; });
    return names;
}

Result<Cursor> parse_cursor(const std::string& cursor) {
    if (cursor.empty()) {
        return Cursor();
    }
    // A time before 1970 starts with '-' itself.
    const std::size_t mark = cursor.find('-', 1);
    if (mark != std::string::npos && parse_signed(cursor.substr(0, mark)) &&
        SessionId::parse(cursor.substr(mark + 1))) {
        return Cursor{cursor.substr(0, mark), cursor.substr(mark + 1)};
    }
    return Error(ErrorCode::kInvalidArgument, "\"" + cursor + "\" is no cursor of a session list");
}

}  // namespace fermata::redis_store

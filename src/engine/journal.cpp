#include "engine/journal.h"

#include <utility>

#include "engine/record_codec.h"
#include "engine/shard.h"

namespace fermata::engine {
namespace {

// At most kJournalTextMax bytes, never half a character.
std::string cut(std::string text) {
    if (text.size() > kJournalTextMax) {
        std::size_t end = kJournalTextMax;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
            --end;
        }
        text.resize(end);
    }
    return text;
}

Result<std::vector<JournalEntry>> decode_all(const std::vector<store::JournalRecord>& records) {
    std::vector<JournalEntry> entries;
    entries.reserve(records.size());
    for (const store::JournalRecord& record : records) {
        FERMATA_TRY_ASSIGN(JournalEntry entry, decode_journal(record.payload));
        entry.seq = record.seq;
        entry.at_ms = record.at_ms;
        entries.push_back(std::move(entry));
    }
    return entries;
}

// A session without entries may be none at all.
void tell_nothing(store::Store& store, const SessionId& session,
                  Answer<std::vector<JournalEntry>> done) {
    store.load_session(session, [session, done = std::move(done)](
                                    const Result<std::optional<store::SessionRecord>>& record) {
        if (!record) {
            done(record.error());
        } else if (!record->has_value()) {
            done(Error(ErrorCode::kNotFound, "there is no session " + session.to_string()));
        } else {
            done(std::vector<JournalEntry>());
        }
    });
}

}  // namespace

JournalEntry journal_entry(const std::vector<LiveMoment>& moments) {
    JournalEntry entry;
    const std::size_t kept = std::min(moments.size(), kJournalStepsMax);
    entry.left_out = moments.size() - kept;
    entry.steps.reserve(kept);
    for (std::size_t at = 0; at < kept; ++at) {
        const LiveMoment& moment = moments[at];
        JournalStep step;
        step.kind = moment.kind;
        step.name = cut(moment.name);
        if (moment.kind == LiveMoment::Kind::kLog) {
            step.text = cut(moment.value.to_text());
        }
        entry.steps.push_back(std::move(step));
    }
    return entry;
}

void read_journal(Shard& shard, const SessionId& session, std::size_t limit,
                  Answer<std::vector<JournalEntry>> done) {
    store::Store& store = shard.store();
    // Back to the shard's thread, from the store's.
    Answer<std::vector<JournalEntry>> told = [done = std::move(done), mailbox = shard.mailbox()](
                                                 Result<std::vector<JournalEntry>> entries) {
        mailbox->post_answer([done, entries = std::move(entries)] { done(entries); });
    };
    store.list_journal(session, limit,
                       [&store, session, done = std::move(told)](
                           const Result<std::vector<store::JournalRecord>>& records) {
                           if (!records) {
                               done(records.error());
                           } else if (records->empty()) {
                               tell_nothing(store, session, done);
                           } else {
                               done(decode_all(*records));
                           }
                       });
}

}  // namespace fermata::engine

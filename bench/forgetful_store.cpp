#include "forgetful_store.h"

#include <utility>

namespace fermata::bench {

store::Facts ForgetfulStore::facts() const {
    store::Facts facts;
    facts.kind = "forgetful";
    facts.durable = false;
    return facts;
}

void ForgetfulStore::claim(Partition /*partition*/, std::uint32_t /*node*/,
                           store::Done<store::Epoch> done) {
    done(store::Epoch{1});
}

void ForgetfulStore::commit(store::CommitBatch batch, store::Done<store::CommitAnswer> done) {
    store::CommitAnswer answer;
    answer.sessions.reserve(batch.sessions.size());
    for (const store::SessionCommit& commit : batch.sessions) {
        store::SessionAnswer one;
        one.stored_seq = commit.seq;
        one.first_inbox_number = numbers_.fetch_add(commit.inbox_added.size());
        one.first_outbox_number = numbers_.fetch_add(commit.outbox_added.size());
        answer.sessions.push_back(one);
    }
    done(std::move(answer));
}

void ForgetfulStore::append_inbox(store::InboxAppend append, store::Done<store::InboxAnswer> done) {
    store::InboxAnswer answer;
    for (std::size_t at = 0; at < append.records.size(); ++at) {
        answer.numbers.push_back(numbers_.fetch_add(1));
    }
    done(std::move(answer));
}

void ForgetfulStore::load_session(const SessionId& /*session*/,
                                  store::Done<std::optional<store::SessionRecord>> done) {
    done(std::optional<store::SessionRecord>());
}

void ForgetfulStore::list_sessions(Partition /*partition*/, store::SessionPhase /*phase*/,
                                   const std::string& /*cursor*/, std::size_t /*limit*/,
                                   store::Done<store::SessionPage> done) {
    done(store::SessionPage());
}

void ForgetfulStore::list_timers(Partition /*partition*/, UnixMillis /*after_due*/,
                                 UnixMillis /*before_due*/, std::size_t /*limit*/,
                                 std::size_t /*skip*/, store::Done<store::TimerPage> done) {
    done(store::TimerPage());
}

void ForgetfulStore::session_timers(const SessionId& /*session*/,
                                    store::Done<std::vector<store::TimerRecord>> done) {
    done(std::vector<store::TimerRecord>());
}

void ForgetfulStore::list_inbox(Partition /*partition*/, std::uint64_t /*after_number*/,
                                std::size_t /*limit*/,
                                store::Done<std::vector<store::InboxRecord>> done) {
    done(std::vector<store::InboxRecord>());
}

void ForgetfulStore::list_outbox(Partition /*partition*/, std::uint64_t /*after_number*/,
                                 std::size_t /*limit*/,
                                 store::Done<std::vector<store::OutboxRecord>> done) {
    done(std::vector<store::OutboxRecord>());
}

void ForgetfulStore::list_journal(const SessionId& /*session*/, std::size_t /*limit*/,
                                  store::Done<std::vector<store::JournalRecord>> done) {
    done(std::vector<store::JournalRecord>());
}

void ForgetfulStore::find_answer(Partition /*partition*/, const std::string& /*key*/,
                                 store::Done<std::optional<store::AnswerRecord>> done) {
    done(std::optional<store::AnswerRecord>());
}

void ForgetfulStore::put_document(const std::string& hash, const std::string& bytes,
                                  store::Done<bool> done) {
    {
        const std::scoped_lock lock(mutex_);
        documents_[hash] = bytes;
    }
    done(true);
}

void ForgetfulStore::find_document(const std::string& hash,
                                   store::Done<std::optional<std::string>> done) {
    std::optional<std::string> bytes;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = documents_.find(hash);
        if (found != documents_.end()) {
            bytes = found->second;
        }
    }
    done(std::move(bytes));
}

void ForgetfulStore::put_document_name(const store::DocumentName& name, store::Done<bool> done) {
    {
        const std::scoped_lock lock(mutex_);
        names_[name.name] = name;
    }
    done(true);
}

void ForgetfulStore::find_document_name(const std::string& name,
                                        store::Done<std::optional<store::DocumentName>> done) {
    std::optional<store::DocumentName> found_name;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = names_.find(name);
        if (found != names_.end()) {
            found_name = found->second;
        }
    }
    done(std::move(found_name));
}

void ForgetfulStore::list_document_names(store::Done<std::vector<store::DocumentName>> done) {
    std::vector<store::DocumentName> names;
    {
        const std::scoped_lock lock(mutex_);
        for (const auto& [key, name] : names_) {
            names.push_back(name);
        }
    }
    done(std::move(names));
}

void ForgetfulStore::expire(UnixMillis /*now_ms*/, std::size_t /*limit*/,
                            store::Done<std::size_t> done) {
    done(std::size_t{0});
}

store::StoreCounters ForgetfulStore::counters() const {
    return {};
}

}  // namespace fermata::bench

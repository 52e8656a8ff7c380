// The reads of RedisStore: one command or script each, on the partition's primary.
#include <algorithm>
#include <utility>

#include "redis_store/redis_store.h"
#include "redis_store/replies.h"
#include "redis_store/scripts.h"

namespace fermata::redis_store {
namespace {

// What Redis takes as a count; nobody asks for more at once.
constexpr std::size_t kLimitMax = 1'000'000;

std::size_t bounded(std::size_t limit) {
    return std::min(limit, kLimitMax);
}

}  // namespace

void RedisStore::load_session(const SessionId& session,
                              store::Done<std::optional<store::SessionRecord>> done) {
    if (const auto checked = check_partition(session.partition()); !checked) {
        done(checked.error());
        return;
    }
    redis::Command command("HGETALL");
    command.add(keys_.session(session.partition(), session.key()));
    read(session.partition(), std::move(command), std::move(done),
         [session](redis::ReplyView reply) {
             SessionReader reader(session);
             return session_of(reader, reply);
         });
}

void RedisStore::session_timers(const SessionId& session,
                                store::Done<std::vector<store::TimerRecord>> done) {
    if (const auto checked = check_partition(session.partition()); !checked) {
        done(checked.error());
        return;
    }
    redis::Command command("HGETALL");
    command.add(keys_.session(session.partition(), session.key()));
    read(session.partition(), std::move(command), std::move(done),
         [session](redis::ReplyView reply) -> Result<std::vector<store::TimerRecord>> {
             SessionReader reader(session);
             FERMATA_TRY_ASSIGN(const auto record, session_of(reader, reply));
             auto timers = reader.take_timers();
             std::sort(timers.begin(), timers.end(), [](const auto& one, const auto& other) {
                 return std::pair(one.due_ms, one.number) < std::pair(other.due_ms, other.number);
             });
             return timers;
         });
}

void RedisStore::list_sessions(Partition partition, const std::string& cursor, std::size_t limit,
                               store::Done<store::SessionPage> done) {
    const auto checked = check_partition(partition);
    auto place = checked ? parse_cursor(cursor) : Result<Cursor>(checked.error());
    if (!place) {
        done(place.error());
        return;
    }
    redis::Command command(sessions_script(), {keys_.key(partition, "sessions")});
    command.add(bounded(limit) + 1).add(place->created_ms).add(place->id);
    read(partition, std::move(command), std::move(done),
         [limit](redis::ReplyView reply) { return session_page_of(reply, bounded(limit)); });
}

void RedisStore::list_timers(Partition partition, UnixMillis after_due, UnixMillis before_due,
                             std::size_t limit, std::size_t skip,
                             store::Done<store::TimerPage> done) {
    const auto checked = check_partition(partition);
    if (!checked || after_due >= before_due) {
        done(checked ? store::TimerPage() : Result<store::TimerPage>(checked.error()));
        return;
    }
    redis::Command command(timers_script(), {keys_.key(partition, "timers")});
    command.add(after_due).add("(" + std::to_string(before_due));
    command.add(bounded(skip)).add(bounded(limit) + 1);
    read(partition, std::move(command), std::move(done),
         [limit](redis::ReplyView reply) { return timer_page_of(reply, bounded(limit)); });
}

void RedisStore::list_inbox(Partition partition, std::uint64_t after_number, std::size_t limit,
                            store::Done<std::vector<store::InboxRecord>> done) {
    if (const auto checked = check_partition(partition); !checked) {
        done(checked.error());
        return;
    }
    read(partition, box_page("inbox", partition, after_number, limit), std::move(done), inbox_of);
}

void RedisStore::list_outbox(Partition partition, std::uint64_t after_number, std::size_t limit,
                             store::Done<std::vector<store::OutboxRecord>> done) {
    if (const auto checked = check_partition(partition); !checked) {
        done(checked.error());
        return;
    }
    read(partition, box_page("outbox", partition, after_number, limit), std::move(done), outbox_of);
}

redis::Command RedisStore::box_page(const char* box, Partition partition,
                                    std::uint64_t after_number, std::size_t limit) const {
    redis::Command command("ZRANGEBYSCORE");
    command.add(keys_.key(partition, box)).add("(" + std::to_string(after_number)).add("+inf");
    command.add("LIMIT").add(0).add(bounded(limit));
    return command;
}

void RedisStore::list_journal(const SessionId& session, std::size_t limit,
                              store::Done<std::vector<store::JournalRecord>> done) {
    if (const auto checked = check_partition(session.partition()); !checked) {
        done(checked.error());
        return;
    }
    redis::Command command("HGETALL");
    command.add(keys_.journal(session.partition(), session.key()));
    const std::size_t kept = std::min<std::size_t>(limit, options_.journal.length);
    read(session.partition(), std::move(command), std::move(done),
         [session, kept](redis::ReplyView reply) { return journal_of(session, reply, kept); });
}

void RedisStore::find_answer(Partition partition, const std::string& key,
                             store::Done<std::optional<store::AnswerRecord>> done) {
    if (const auto checked = check_partition(partition); !checked) {
        done(checked.error());
        return;
    }
    redis::Command command("HGET");
    command.add(keys_.key(partition, "answers")).add(key);
    read(partition, std::move(command), std::move(done),
         [key](redis::ReplyView reply) { return answer_of(key, reply); });
}

void RedisStore::put_document(const std::string& hash, const std::string& bytes,
                              store::Done<bool> done) {
    const bool taken = post(
        [this, hash, bytes, done] { documents_.put(hash, bytes, logical_now_, counted(done)); });
    if (!taken) {
        done(closed());
    }
}

void RedisStore::find_document(const std::string& hash,
                               store::Done<std::optional<std::string>> done) {
    if (!post([this, hash, done] { documents_.find(hash, counted(done)); })) {
        done(closed());
    }
}

void RedisStore::put_document_name(const store::DocumentName& name, store::Done<bool> done) {
    const bool taken =
        post([this, name, done] { documents_.put_name(name, logical_now_, counted(done)); });
    if (!taken) {
        done(closed());
    }
}

void RedisStore::find_document_name(const std::string& name,
                                    store::Done<std::optional<store::DocumentName>> done) {
    if (!post([this, name, done] { documents_.find_name(name, counted(done)); })) {
        done(closed());
    }
}

void RedisStore::list_document_names(store::Done<std::vector<store::DocumentName>> done) {
    if (!post([this, done] { documents_.list_names(counted(done)); })) {
        done(closed());
    }
}

}  // namespace fermata::redis_store

// The reads of RedisStore: one command or script each, on the partition's primary.
#include <algorithm>
#include <limits>
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

void RedisStore::list_sessions(Partition partition, store::SessionPhase phase,
                               const std::string& cursor, std::size_t limit,
                               store::Done<store::SessionPage> done) {
    const auto checked = check_partition(partition);
    auto place = checked ? parse_cursor(cursor) : Result<Cursor>(checked.error());
    if (!place) {
        done(place.error());
        return;
    }
    const bool is_live = phase == store::SessionPhase::kLive;
    redis::Command command(sessions_script(),
                           {keys_.key(partition, is_live ? "sessions" : "ended")});
    command.add(bounded(limit) + 1).add(place->created_ms).add(place->id);
    read(partition, std::move(command), std::move(done), [limit, phase](redis::ReplyView reply) {
        return session_page_of(reply, phase, bounded(limit));
    });
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
    // First what is durable, then as every read: in a history that did not go back. The owner acts
    // upon what is in both; others only look.
    using Page = std::vector<store::InboxRecord>;
    redis::Command durable(inbox_script(), {keys_.key(partition, "inbox")});
    durable.add(after_number).add(bounded(limit)).add(lifetimes_.record.count());
    const auto look = [this, partition, page = box_page("inbox", partition, after_number, limit),
                       done](std::uint64_t last) {
        queues_[partition]->read(page, [this, last, done](const Result<redis::Reply>& reply) {
            Result<Page> read = reply ? inbox_of(reply->view()) : Result<Page>(reply.error());
            if (read) {
                std::erase_if(*read, [last](const auto& entry) { return entry.number > last; });
            }
            done(std::move(read));
            answered();
        });
    };
    const auto look_for_durable = [this, done, look](const Result<redis::Reply>& reply) {
        const auto page = reply ? inbox_of(reply->view()) : Result<Page>(reply.error());
        if (page && !page->empty()) {
            look(page->back().number);
        } else {
            done(page);
            answered();
        }
    };
    const bool taken = post([this, partition, durable, look, look_for_durable] {
        if (queues_[partition]->epoch() == 0) {
            look(std::numeric_limits<std::uint64_t>::max());
        } else {
            client_->send({keys_.slot(partition), durable, redis::Request::Kind::kWrite,
                           std::nullopt, std::nullopt},
                          look_for_durable);
        }
    });
    if (!taken) {
        done(closed());
    }
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

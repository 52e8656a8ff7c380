// RedisStore for `fermata store`: partitions as a whole, and records of other stores.
#include <utility>

#include "redis_store/import_encoder.h"
#include "redis_store/redis_store.h"
#include "redis_store/replies.h"

namespace fermata::redis_store {

void RedisStore::read_partition(Partition partition, store::Done<store::PartitionRecord> done) {
    if (const auto checked = check_partition(partition); !checked) {
        done(checked.error());
        return;
    }
    redis::Command command("HGETALL");
    command.add(keys_.key(partition, "owner"));
    const auto read_senders = [this, partition, done](Result<store::PartitionRecord> record) {
        if (!record) {
            done(record.error());
            return;
        }
        redis::Command senders("HGETALL");
        senders.add(keys_.key(partition, "senders"));
        queues_[partition]->read(std::move(senders), [done, record = *std::move(record)](
                                                         Result<redis::Reply> reply) mutable {
            done(reply ? with_senders(std::move(record), reply->view())
                       : Result<store::PartitionRecord>(reply.error()));
        });
    };
    read(partition, std::move(command), store::Done<store::PartitionRecord>(read_senders),
         partition_of);
}

// A page is what HSCAN gives: about as many as asked for, in no order.
void RedisStore::list_answers(Partition partition, const std::string& cursor, std::size_t limit,
                              store::Done<store::AnswerPage> done) {
    const auto checked = check_partition(partition);
    if (!checked || (!cursor.empty() && !parse_number(cursor))) {
        done(checked ? Error(ErrorCode::kInvalidArgument,
                             "\"" + cursor + "\" is no cursor of a list of answers")
                     : checked.error());
        return;
    }
    redis::Command command("HSCAN");
    command.add(keys_.key(partition, "answers")).add(cursor.empty() ? "0" : cursor);
    command.add("COUNT").add(std::max<std::size_t>(1, std::min<std::size_t>(limit, 10'000)));
    read(partition, std::move(command), std::move(done), answer_page_of);
}

void RedisStore::import_records(store::ImportBatch batch, store::Done<std::size_t> done) {
    auto checked = check_partition(batch.partition);
    if (checked) {
        checked = check_import(batch);
    }
    if (!checked) {
        done(checked.error());
        return;
    }
    EncodedCommit encoded = encode_import(batch, keys_, lifetimes_, options_.journal);
    const std::size_t bytes = encoded.command.size();
    if (!take_room(bytes)) {
        done(Error(ErrorCode::kOverloaded,
                   "the records that wait for Redis are as many bytes as "
                   "they may be"));
        return;
    }
    std::vector<SessionId> sessions;
    for (const store::SessionRecord& record : batch.sessions) {
        sessions.push_back(record.session);
    }
    Call call;
    call.epoch = batch.epoch;
    call.command = std::move(encoded.command);
    call.expires_ms = encoded.expires_ms;
    call.done = [this, bytes, done,
                 sessions = std::move(sessions)](const Result<CallAnswer>& answer) {
        done(answer ? decode_import_answer(sessions, *answer)
                    : Result<std::size_t>(answer.error()));
        waiting_bytes_ -= bytes;
        answered();
    };
    const bool taken = post([this, partition = batch.partition, call = std::move(call)]() mutable {
        queues_[partition]->call(std::move(call));
    });
    if (!taken) {
        waiting_bytes_ -= bytes;
        done(closed());
    }
}

}  // namespace fermata::redis_store

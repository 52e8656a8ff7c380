// ShardedEngine, part two: partitions in a cluster, and events for those that nobody owns.
#include <utility>

#include "engine/sharded_engine.h"

namespace fermata::engine {

std::optional<Partition> ShardedEngine::partition_of(const std::string& session) const {
    const auto id = session_of(session);
    return id ? std::optional(id->partition()) : std::nullopt;
}

// A repetition must come to the same partition as the first request, since it keeps the answer.
std::optional<Partition> ShardedEngine::partition_of(const StartRequest& request) const {
    if (!request.id.empty()) {
        return partition_of(request.id);
    }
    if (!request.idempotency_key.empty()) {
        return SessionId::from_name(request.idempotency_key, partition_count_).partition();
    }
    return std::nullopt;
}

bool ShardedEngine::takes_work(Partition partition) const {
    return shard_of(partition).lane_of(partition).is_serving() &&
           (ownership_ == nullptr || ownership_->serves(partition)) &&
           store_.partition_health(partition).ready;
}

std::optional<Partition> ShardedEngine::any_partition() {
    std::optional<Partition> open;  // where a call may wait at least
    const std::uint64_t turn = started_.fetch_add(1, std::memory_order_relaxed);
    for (std::uint64_t tried = 0; tried < partition_count_; ++tried) {
        const auto partition = static_cast<Partition>((turn + tried) % partition_count_);
        if (takes_work(partition)) {
            return partition;
        }
        if (!open && shard_of(partition).lane_of(partition).is_open()) {
            open = partition;
        }
    }
    return open;
}

void ShardedEngine::open_partition(Partition partition, store::Epoch epoch) {
    ++shard_of(partition).lane_of(partition).orders_pending;
    post_to_lane(partition, [epoch](Lane& lane) {
        lane.open(epoch);
        --lane.orders_pending;
    });
}

void ShardedEngine::suspend_partitions() {
    for (Partition partition = 0; partition < partition_count_; ++partition) {
        post_to_lane(partition, [](Lane& lane) { lane.pause_unless_served(); });
    }
}

void ShardedEngine::resume_partition(Partition partition) {
    post_to_lane(partition, [](Lane& lane) { lane.resume(); });
}

void ShardedEngine::close_partition(Partition partition, std::function<void()> done) {
    post_to_lane(partition,
                 [done = std::move(done)](Lane& lane) mutable { lane.close(std::move(done)); });
}

void ShardedEngine::drop_partition(Partition partition) {
    ++shard_of(partition).lane_of(partition).orders_pending;
    post_to_lane(partition, [](Lane& lane) {
        lane.drop();
        --lane.orders_pending;
    });
}

void ShardedEngine::read_inbox(Partition partition) {
    post_to_lane(partition, [](Lane& lane) { lane.inbox.read(); });
}

void ShardedEngine::respond(Response response) {
    Shard& any = *shards_.front();
    any.mailbox()->post_answer([&any, response = std::move(response)]() mutable {
        any.requests().take(std::move(response));
    });
}

void ShardedEngine::append_event(EventRequest request, Answer<InboxReceipt> done) {
    const auto checked = check(request);
    const auto session = checked ? session_of(request.session) : Result<SessionId>(checked.error());
    if (!session) {
        done(session.error());
        return;
    }
    if (const store::StoreHealth health = store_.partition_health(session->partition());
        !health.ready) {
        done(store_is_away(health));
        return;
    }
    const Partition partition = session->partition();
    auto hinting = [this, partition, done = std::move(done)](Result<InboxReceipt> receipt) {
        if (receipt) {
            on_appended(partition);
        }
        done(std::move(receipt));
    };
    if (auto told = bounded<InboxReceipt>(std::move(hinting))) {
        postbox_->append(*session, std::move(request), std::move(told));
    }
}

void ShardedEngine::find_receipt(std::string id, Answer<ReceiptState> done) {
    if (auto told = bounded<ReceiptState>(std::move(done))) {
        postbox_->find(id, std::move(told));
    }
}

// Of an event that the postbox took: whoever owns the partition should read it.
void ShardedEngine::on_appended(Partition partition) {
    if (shard_of(partition).lane_of(partition).is_open() || ownership_ == nullptr) {
        read_inbox(partition);
    } else {
        ownership_->on_inbox_appended(partition);
    }
}

}  // namespace fermata::engine

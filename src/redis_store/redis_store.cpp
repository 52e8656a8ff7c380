#include "redis_store/redis_store.h"

#include <algorithm>
#include <array>
#include <future>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "base/wakeup.h"
#include "redis_store/append_encoder.h"
#include "redis_store/commit_encoder.h"
#include "redis_store/entries.h"
#include "redis_store/expiry.h"
#include "redis_store/scripts.h"

namespace fermata::redis_store {
namespace {

constexpr std::uint64_t kFormat = 1;
constexpr std::chrono::milliseconds kTick{100};
// A pause of this process longer than that does not count as time in which calls grow old.
constexpr std::chrono::milliseconds kTickMax{500};
// How often a key's lifetime is renewed within one lifetime.
constexpr int kRefreshes = 4;
// Documents live so many times longer than sessions, which are bound to them.
constexpr int kDocumentLifetimes = 4;

std::string random_name() {
    constexpr std::string_view kDigits = "0123456789abcdef";
    Random random = Random::from_entropy();
    std::string name;
    for (int at = 0; at < 16; ++at) {
        name += kDigits[random.below(kDigits.size())];
    }
    return name;
}

Result<void> check(const Options& options) {
    FERMATA_TRY(check_cluster_name(options.cluster));
    if (options.partition_count > kPartitionsMax) {
        return Error(ErrorCode::kInvalidArgument, std::to_string(options.partition_count) +
                                                      " partitions are more than " +
                                                      std::to_string(kPartitionsMax));
    }
    return {};
}

bool has_primary(const redis::Status& status, redis::Slot slot, redis::PrimaryState state) {
    return std::any_of(
        status.primaries.begin(), status.primaries.end(), [slot, state](const auto& primary) {
            return primary.state == state &&
                   std::any_of(primary.slot_ranges.begin(), primary.slot_ranges.end(),
                               [slot](const auto& range) {
                                   return range.first <= slot && slot <= range.second;
                               });
        });
}

// A server goes on with the primaries that are there: it is wanted most while others are not. A
// tool would wait for the rest without a word.
Result<void> wait_for_redis(const redis::Client& client, const Options& options) {
    Result<void> ready = client.wait_until_ready(options.open_timeout);
    const bool is_server = options.partition_count != 0;
    if (ready || !is_server || !client.status().is_partly_ready()) {
        return ready;
    }
    log::warning("redis: not every primary is there; only what the others have is served",
                 {{"error", ready.error().message()}});
    return {};
}

// Waits for a request that is sent before anything else is.
Result<redis::Reply> ask(redis::Client& client, redis::Request request) {
    auto promise = std::make_shared<std::promise<Result<redis::Reply>>>();
    auto reply = promise->get_future();
    client.send(std::move(request),
                [promise](Result<redis::Reply> answer) { promise->set_value(std::move(answer)); });
    return reply.get();
}

}  // namespace

Result<std::unique_ptr<RedisStore>> RedisStore::open(const Options& options) {
    FERMATA_TRY(check(options));
    FERMATA_TRY_ASSIGN(auto client, redis::Client::open(options.client));
    // Set before the first request, as the client wants it; there is nothing to lose before the
    // store is there.
    auto opened = std::make_shared<std::atomic<RedisStore*>>(nullptr);
    client->on_primary_changed([opened](redis::Slot first, redis::Slot last) {
        if (RedisStore* const store = opened->load()) {
            store->on_primary_changed(first, last);
        }
    });
    FERMATA_TRY(wait_for_redis(*client, options));
    Options agreed = options;
    FERMATA_TRY_ASSIGN(agreed.partition_count, agree_on_layout(*client, options));
    std::unique_ptr<RedisStore> store(new RedisStore(agreed, std::move(client)));
    opened->store(store.get());
    store->client_->post([store = store.get()] { store->tick(); });
    return store;
}

Result<Partition> RedisStore::agree_on_layout(redis::Client& client, const Options& options) {
    const std::string key = Keys(options.cluster, 1).store();
    redis::Request request{redis::slot_of(key), redis::Command("HMGET"),
                           redis::Request::Kind::kRead,
                           std::chrono::steady_clock::now() + options.open_timeout, std::nullopt};
    if (options.partition_count == 0) {
        request.command.add(key).add("format").add("partitions");
    } else {
        request.command = redis::Command(layout_script(), {key});
        request.command.add(kFormat).add(options.partition_count);
        request.command.add((options.session_age_max + options.record_margin).count() *
                            kDocumentLifetimes);
        request.kind = redis::Request::Kind::kWrite;
    }
    FERMATA_TRY_ASSIGN(const redis::Reply reply, ask(client, std::move(request)));
    if (reply.view()[0].is_nil()) {
        return Error(ErrorCode::kNotFound,
                     "there is no store of the cluster \"" + options.cluster + "\" in this Redis");
    }
    const auto format = parse_number(reply.view()[0].text());
    const auto partitions = parse_number(reply.view()[1].text());
    if (!format || !partitions || *partitions == 0 || *partitions > kPartitionsMax) {
        return Error(ErrorCode::kCorrupt, "the key " + key + " in Redis is damaged");
    }
    if (*format != kFormat) {
        return Error(ErrorCode::kConflict, "the store in Redis has format " +
                                               std::to_string(*format) + ", this server knows " +
                                               std::to_string(kFormat));
    }
    if (options.partition_count != 0 && *partitions != options.partition_count) {
        return Error(ErrorCode::kConflict,
                     "the store in Redis was made with " + std::to_string(*partitions) +
                         " partitions, not with " + std::to_string(options.partition_count));
    }
    return static_cast<Partition>(*partitions);
}

RedisStore::RedisStore(const Options& options, std::unique_ptr<redis::Client> client)
    : options_(options),
      lifetimes_{options.session_age_max + options.record_margin, options.record_margin},
      keys_(options.cluster, options.partition_count),
      client_(std::move(client)),
      log_(options.partition_count, options.replay_window, options.replay_bytes_max),
      documents_(*client_, keys_, lifetimes_.record * kDocumentLifetimes, options.replay_window),
      surrounds_{*client_,      keys_, lifetimes_, log_, [this] { return logical_now_; },
                 random_name(), {},    0},
      last_tick_(std::chrono::steady_clock::now()),
      last_refresh_(last_tick_),
      service_(options.partition_count) {
    for (Partition partition = 0; partition < options.partition_count; ++partition) {
        queues_.push_back(std::make_unique<CallQueue>(surrounds_, partition));
    }
}

RedisStore::~RedisStore() {
    close();
}

store::Facts RedisStore::facts() const {
    return {"redis", options_.partition_count, true};
}

Result<void> RedisStore::check_partition(Partition partition) const {
    if (partition >= options_.partition_count) {
        return Error(ErrorCode::kInvalidArgument,
                     "there is no partition " + std::to_string(partition) + ", the store has " +
                         std::to_string(options_.partition_count));
    }
    return {};
}

bool RedisStore::post(Task task) {
    ++waiting_;
    if (!is_closed_ && client_->post(std::move(task))) {
        return true;
    }
    answered();
    return false;
}

void RedisStore::answered() {
    if (--waiting_ == 0) {
        const std::lock_guard lock(mutex_);
        drained_.notify_all();
    }
}

void RedisStore::claim(Partition partition, std::uint32_t node, store::Done<store::Epoch> done) {
    if (const auto checked = check_partition(partition); !checked) {
        done(checked.error());
        return;
    }
    const bool taken = post([this, partition, node, done] {
        const auto claimed = [this, done](const Result<store::ClaimAnswer>& answer) {
            done(answer ? answer->current.epoch : Result<store::Epoch>(answer.error()));
            answered();
        };
        queues_[partition]->claim({node, next_token(), std::nullopt, claimed});
    });
    if (!taken) {
        done(closed());
    }
}

std::string RedisStore::next_token() {
    return surrounds_.appender + "-" + std::to_string(++claims_);
}

// Encoded on the caller's thread: that is most of the work, and shards are many.
void RedisStore::commit(store::CommitBatch batch, store::Done<store::CommitAnswer> done) {
    auto checked = check_partition(batch.partition);
    auto shape = checked ? check_batch(batch) : Result<CommitShape>(checked.error());
    if (!shape) {
        done(shape.error());
        return;
    }
    EncodedCommit encoded = encode_commit(batch, keys_, lifetimes_, options_.journal);
    const std::size_t bytes = encoded.command.size();
    if (!take_room(bytes)) {
        done(Error(ErrorCode::kOverloaded,
                   "the commits that wait for Redis are as many bytes as "
                   "they may be"));
        return;
    }
    ++batches_;
    commits_ += batch.sessions.size();
    bytes_ += bytes;
    Call call;
    call.epoch = batch.epoch;
    call.command = std::move(encoded.command);
    call.expires_ms = encoded.expires_ms;
    call.done = [this, bytes, done,
                 shape = *std::move(shape)](const Result<CallAnswer>& answer) mutable {
        answer_soon({std::move(done),
                     answer ? decode_commit_answer(shape, *answer)
                            : Result<store::CommitAnswer>(answer.error()),
                     bytes});
    };
    const bool taken = post([this, partition = batch.partition, call = std::move(call)]() mutable {
        queues_[partition]->call(std::move(call));
    });
    if (!taken) {
        waiting_bytes_ -= bytes;
        done(closed());
    }
}

// A caller that is woken by the first answer of many would find the others missing, and both
// threads would get in each other's way at every answer.
void RedisStore::answer_soon(CommitAnswered answer) {
    answers_.push_back(std::move(answer));
    if (answers_.size() == 1 && !client_->post([this] { answer_now(); })) {
        answer_now();
    }
}

void RedisStore::answer_now() {
    std::vector<CommitAnswered> given = std::exchange(answers_, std::move(spare_answers_));
    {
        const WakeupHold hold;
        for (CommitAnswered& one : given) {
            one.done(std::move(one.answer));
        }
    }
    for (const CommitAnswered& one : given) {
        waiting_bytes_ -= one.bytes;
        answered();
    }
    given.clear();
    spare_answers_ = std::move(given);
}

bool RedisStore::take_room(std::size_t bytes) {
    if (waiting_bytes_ + bytes > options_.queue_bytes_max) {
        return false;
    }
    waiting_bytes_ += bytes;
    return true;
}

void RedisStore::append_inbox(store::InboxAppend append, store::Done<store::InboxAnswer> done) {
    auto checked = check_partition(append.partition);
    if (checked) {
        checked = check_append(append);
    }
    if (!checked) {
        done(checked.error());
        return;
    }
    std::size_t bytes = sizeof(store::InboxAppend);
    for (const store::InboxRecord& record : append.records) {
        bytes += sizeof(store::InboxRecord) + record.payload.size();
    }
    if (!take_room(bytes)) {
        done(Error(ErrorCode::kOverloaded,
                   "the events that wait for Redis are as many bytes as "
                   "they may be"));
        return;
    }
    const Partition partition = append.partition;
    Call call;
    call.done = [this, bytes, done, records = append.records.size()](Result<CallAnswer> answer) {
        done(answer ? decode_append_answer(records, *answer)
                    : Result<store::InboxAnswer>(answer.error()));
        waiting_bytes_ -= bytes;
        answered();
    };
    call.encode_append = [this, append = std::move(append)](bool owned) {
        return encode_append(append, keys_, lifetimes_, owned, surrounds_.appender);
    };
    const bool taken = post([this, partition, call = std::move(call)]() mutable {
        queues_[partition]->call(std::move(call));
    });
    if (!taken) {
        waiting_bytes_ -= bytes;
        done(closed());
    }
}

void RedisStore::expire(UnixMillis now_ms, std::size_t limit, store::Done<std::size_t> done) {
    const bool taken = post([this, now_ms, limit, done] {
        Expiry::begin({keys_, queues_, options_.journal.length > 0}, now_ms, limit,
                      [this, done](Result<std::size_t> forgotten) {
                          done(std::move(forgotten));
                          answered();
                      });
    });
    if (!taken) {
        done(closed());
    }
}

store::StoreCounters RedisStore::counters() const {
    store::StoreCounters counters;
    counters.commits = commits_;
    counters.batches = batches_;
    counters.groups = surrounds_.calls;
    counters.bytes = bytes_;
    counters.waiting = waiting_;
    return counters;
}

store::StoreHealth RedisStore::health() const {
    if (is_ready_) {
        return {};
    }
    const std::lock_guard lock(reason_mutex_);
    return {false, reason_, least_};
}

store::StoreHealth RedisStore::partition_health(Partition partition) const {
    const Service service =
        partition < service_.size() ? service_[partition].load() : Service::kAll;
    if (service == Service::kAll) {
        return {};
    }
    const std::lock_guard lock(reason_mutex_);
    return {false, reason_, service};
}

RedoCounters RedisStore::redo_counters() const {
    const std::lock_guard lock(reason_mutex_);
    return redo_;
}

void RedisStore::close() {
    {
        is_closed_ = true;
        std::unique_lock lock(mutex_);
        drained_.wait_for(lock, options_.close_timeout, [this] { return waiting_ == 0; });
    }
    client_->close();
    // The client's thread is gone: what is left is answered here.
    for (const auto& queue : queues_) {
        queue->fail(closed());
    }
}

void RedisStore::on_primary_changed(redis::Slot first, redis::Slot last) {
    for (Partition partition = 0; partition < keys_.partition_count(); ++partition) {
        if (keys_.slot(partition) >= first && keys_.slot(partition) <= last) {
            queues_[partition]->suspect();
        }
    }
    documents_.put_again(first, last);
}

void RedisStore::tick() {
    const redis::Status status = client_->status();
    advance_clock(status.is_ready());
    log_.trim(logical_now_);
    documents_.trim(logical_now_);
    refresh_lifetimes();
    publish(status);
    client_->after(kTick, [this] { tick(); });
}

// Calls grow old only while Redis is there with all that was answered: after an outage of any
// length, what it lost at the beginning is still kept.
void RedisStore::advance_clock(bool is_ready) {
    const auto now = std::chrono::steady_clock::now();
    const auto passed = now - std::exchange(last_tick_, now);
    const bool is_settled = std::all_of(queues_.begin(), queues_.end(),
                                        [](const auto& queue) { return queue->is_settled(); });
    if (is_ready && is_settled) {
        logical_now_ += std::min<std::chrono::steady_clock::duration>(passed, kTickMax);
    }
}

void RedisStore::refresh_lifetimes() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_refresh_ < lifetimes_.record / kRefreshes) {
        return;
    }
    last_refresh_ = now;
    documents_.refresh();
    for (Partition partition = 0; partition < keys_.partition_count(); ++partition) {
        if (queues_[partition]->epoch() == 0) {
            continue;
        }
        for (const char* const name : {"owner", "sessions", "ended", "timers", "inbox", "outbox",
                                       "senders", "answers", "expiry"}) {
            redis::Command command("PEXPIRE");
            command.add(keys_.key(partition, name)).add(lifetimes_.record.count());
            client_->send({keys_.slot(partition), std::move(command), redis::Request::Kind::kWrite,
                           std::nullopt, std::nullopt},
                          [](const Result<redis::Reply>&) {});
        }
    }
}

store::StoreHealth::Service RedisStore::service_of(const redis::Status& status, redis::Slot slot) {
    constexpr std::array<std::pair<redis::PrimaryState, Service>, 3> kServing = {
        {{redis::PrimaryState::kReady, Service::kAll},
         {redis::PrimaryState::kFull, Service::kRunning},
         {redis::PrimaryState::kOverfull, Service::kEnding}}};
    for (const auto& [state, service] : kServing) {
        if (has_primary(status, slot, state)) {
            return service;
        }
    }
    return Service::kNone;
}

void RedisStore::publish(const redis::Status& status) {
    if (log_.dropped_early() > dropped_alarmed_ && !dropped_is_alarmed_) {
        log::warning(
            "calls were dropped before redis-replay-window was over: redis-replay-bytes is "
            "too small for this load",
            {{"dropped", log_.dropped_early() - dropped_alarmed_}});
    }
    dropped_is_alarmed_ = log_.dropped_early() > dropped_alarmed_;
    dropped_alarmed_ = log_.dropped_early();
    Service least = Service::kAll;
    for (Partition partition = 0; partition < keys_.partition_count(); ++partition) {
        const Service service = service_of(status, keys_.slot(partition));
        service_[partition] = service;
        least = std::max(least, service);
    }
    const std::lock_guard lock(reason_mutex_);
    redo_ = surrounds_.counters;
    redo_.calls_dropped_early = log_.dropped_early();
    redo_.logged_bytes = log_.bytes();
    reason_ = status.last_error.empty() ? "Redis is not there" : "Redis: " + status.last_error;
    least_ = least;
    is_ready_ = least == Service::kAll;
}

}  // namespace fermata::redis_store

// RedisStore: sessions in a Redis Cluster (or in one stand-alone server, for development).
//
// One script call carries one CommitBatch: all keys of a partition are in one slot. Calls are
// numbered, so a repetition is recognised and a history that went back (fail-over, restart) is
// noticed and made good from the log of the last calls, before anything else is answered for that
// partition; see docs/decisions/0007-redo-by-numbered-calls.md and docs/formats/redis.md.
//
// A commit is not refused because Redis is away: it is tried again until it is answered, and
// health() says so meanwhile. Errors of commits
//   kFenced       another claim came since
//   kUnavailable  closed; or claim again: Redis lost more than the log holds, or a call ended oddly
//   kOverloaded   queue_bytes_max; nothing was taken
//
// Threads: as Store has it; callbacks come from the one thread of the client, which also owns all
// state of the partitions. Reads see what was answered before they were asked for.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "redis/client.h"
#include "redis_store/call_queue.h"
#include "redis_store/documents.h"
#include "redis_store/keys.h"
#include "redis_store/options.h"
#include "redis_store/replay_log.h"
#include "store/store.h"

namespace fermata::redis_store {

class RedisStore final : public store::Store {
  public:
    // Waits for Redis, at most open_timeout; a server then goes on with a part of it (Options).
    // Errors: kInvalidArgument: the options; kUnavailable, kForbidden: Redis is not there or
    // refuses us; kConflict: made with another partition count or by a later version; kNotFound:
    // nothing there (partition_count 0 only).
    static Result<std::unique_ptr<RedisStore>> open(const Options& options);
    ~RedisStore() override;

    [[nodiscard]] store::Facts facts() const override;
    void claim(Partition partition, std::uint32_t node, store::Done<store::Epoch> done) override;
    void beat(store::NodeBeat beat, store::Done<store::BeatAnswer> done) override;
    void list_nodes(store::Done<std::vector<store::NodeRecord>> done) override;
    void remove_node(store::NodeId node, bool standby, std::uint64_t instance,
                     store::Done<bool> done) override;
    void claim_from(Partition partition, store::Ownership expected, store::NodeId node,
                    store::Done<store::ClaimAnswer> done) override;
    void release(Partition partition, store::Epoch epoch, store::Done<bool> done) override;
    void list_owners(store::Done<store::OwnerList> done) override;
    void commit(store::CommitBatch batch, store::Done<store::CommitAnswer> done) override;
    void append_inbox(store::InboxAppend append, store::Done<store::InboxAnswer> done) override;

    void load_session(const SessionId& session,
                      store::Done<std::optional<store::SessionRecord>> done) override;
    void list_sessions(Partition partition, store::SessionPhase phase, const std::string& cursor,
                       std::size_t limit, store::Done<store::SessionPage> done) override;
    void list_timers(Partition partition, UnixMillis after_due, UnixMillis before_due,
                     std::size_t limit, std::size_t skip,
                     store::Done<store::TimerPage> done) override;
    void session_timers(const SessionId& session,
                        store::Done<std::vector<store::TimerRecord>> done) override;
    void list_inbox(Partition partition, std::uint64_t after_number, std::size_t limit,
                    store::Done<std::vector<store::InboxRecord>> done) override;
    void list_outbox(Partition partition, std::uint64_t after_number, std::size_t limit,
                     store::Done<std::vector<store::OutboxRecord>> done) override;
    void list_journal(const SessionId& session, std::size_t limit,
                      store::Done<std::vector<store::JournalRecord>> done) override;
    void find_answer(Partition partition, const std::string& key,
                     store::Done<std::optional<store::AnswerRecord>> done) override;

    void put_document(const std::string& hash, const std::string& bytes,
                      store::Done<bool> done) override;
    void find_document(const std::string& hash,
                       store::Done<std::optional<std::string>> done) override;
    void put_document_name(const store::DocumentName& name, store::Done<bool> done) override;
    void find_document_name(const std::string& name,
                            store::Done<std::optional<store::DocumentName>> done) override;
    void list_document_names(store::Done<std::vector<store::DocumentName>> done) override;

    void read_partition(Partition partition, store::Done<store::PartitionRecord> done) override;
    void list_answers(Partition partition, const std::string& cursor, std::size_t limit,
                      store::Done<store::AnswerPage> done) override;
    void import_records(store::ImportBatch batch, store::Done<std::size_t> done) override;

    // Of the partitions that this store has claimed.
    void expire(UnixMillis now_ms, std::size_t limit, store::Done<std::size_t> done) override;
    [[nodiscard]] store::StoreCounters counters() const override;
    [[nodiscard]] store::StoreHealth health() const override;
    [[nodiscard]] store::StoreHealth partition_health(Partition partition) const override;
    void close() override;

    // For metrics and `fermata store check`. Any thread.
    [[nodiscard]] redis::Status status() const { return client_->status(); }
    [[nodiscard]] RedoCounters redo_counters() const;

  private:
    using Task = std::function<void()>;

    RedisStore(const Options& options, std::unique_ptr<redis::Client> client);
    // Asks for (and makes) the layout of the store.
    static Result<Partition> agree_on_layout(redis::Client& client, const Options& options);

    static Error closed() { return {ErrorCode::kUnavailable, "the store is closed"}; }
    [[nodiscard]] Result<void> check_partition(Partition partition) const;
    // Of queue_bytes_max.
    [[nodiscard]] bool take_room(std::size_t bytes);
    // Runs the task on the client's thread, which ends with answered(), then or later; false:
    // closed, the task is not taken.
    [[nodiscard]] bool post(Task task);
    void answered();
    // Gives the answer with the others of this turn of the client's thread.
    struct CommitAnswered {
        store::Done<store::CommitAnswer> done;
        Result<store::CommitAnswer> answer;
        std::size_t bytes;
    };
    void answer_soon(CommitAnswered answer);
    void answer_now();
    template <typename Answer>
    store::Done<Answer> counted(store::Done<Answer> done);
    template <typename Answer, typename Decode>
    void read(Partition partition, redis::Command command, store::Done<Answer> done, Decode decode);
    template <typename Answer, typename Decode>
    void ask_nodes(redis::Command command, redis::Request::Kind kind, store::Done<Answer> done,
                   Decode decode);
    // Of a claim; client's thread.
    std::string next_token();
    [[nodiscard]] redis::Command box_page(const char* box, Partition partition,
                                          std::uint64_t after_number, std::size_t limit) const;

    void on_primary_changed(redis::Slot first, redis::Slot last);
    void tick();
    void advance_clock(bool is_ready);
    void refresh_lifetimes();
    using Service = store::StoreHealth::Service;
    // Of a slot's primary.
    static Service service_of(const redis::Status& status, redis::Slot slot);
    void publish(const redis::Status& status);

    const Options options_;
    const Lifetimes lifetimes_;
    const Keys keys_;
    std::unique_ptr<redis::Client> client_;

    // Of the client's thread.
    ReplayLog log_;
    Documents documents_;
    CallSurrounds surrounds_;
    std::vector<std::unique_ptr<CallQueue>> queues_;  // by partition
    std::vector<CommitAnswered> answers_;
    std::vector<CommitAnswered> spare_answers_;  // empty; its capacity is used again
    ReplayLog::Moment logical_now_{};
    std::chrono::steady_clock::time_point last_tick_;
    std::chrono::steady_clock::time_point last_refresh_;
    std::uint64_t claims_ = 0;
    std::uint64_t dropped_alarmed_ = 0;
    bool dropped_is_alarmed_ = false;

    std::atomic<bool> is_closed_ = false;
    // Taken and not answered.
    std::atomic<std::uint64_t> waiting_ = 0;
    std::mutex mutex_;
    std::condition_variable drained_;  // with mutex_: waiting_ is 0
    std::atomic<std::uint64_t> waiting_bytes_ = 0;
    std::atomic<std::uint64_t> commits_ = 0;
    std::atomic<std::uint64_t> batches_ = 0;
    std::atomic<std::uint64_t> bytes_ = 0;
    std::atomic<bool> is_ready_ = true;
    std::vector<std::atomic<Service>> service_;  // by partition
    mutable std::mutex reason_mutex_;
    std::string reason_;             // why not, under reason_mutex_
    Service least_ = Service::kAll;  // of all partitions, under reason_mutex_
    RedoCounters redo_;              // as last published, under reason_mutex_
};

template <typename Answer>
store::Done<Answer> RedisStore::counted(store::Done<Answer> done) {
    return [this, done = std::move(done)](Result<Answer> answer) {
        done(std::move(answer));
        answered();
    };
}

template <typename Answer, typename Decode>
void RedisStore::read(Partition partition, redis::Command command, store::Done<Answer> done,
                      Decode decode) {
    const bool taken = post([this, partition, command = std::move(command), done,
                             decode = std::move(decode)]() mutable {
        queues_[partition]->read(
            std::move(command),
            [this, done = std::move(done), decode = std::move(decode)](Result<redis::Reply> reply) {
                done(reply ? decode(reply->view()) : Result<Answer>(reply.error()));
                answered();
            });
    });
    if (!taken) {
        done(closed());
    }
}

}  // namespace fermata::redis_store

// ShardedEngine: the Engine, made of shards. Finds the shard of each call, posts it there, and sees
// to it that it is answered in time.
//
// Threads: every method from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/chart_cache.h"
#include "engine/engine.h"
#include "engine/live_hub.h"
#include "engine/postbox.h"
#include "engine/shard.h"

namespace fermata::engine {

// kUnavailable, with the store's own reason.
Error store_is_away(const store::StoreHealth& health);

class ShardedEngine final : public Engine {
  public:
    ShardedEngine(const Options& options, store::Store& store, Outside& outside, const Clock& clock,
                  Ownership* ownership);
    ShardedEngine(const ShardedEngine&) = delete;
    ShardedEngine& operator=(const ShardedEngine&) = delete;
    ~ShardedEngine() override { ShardedEngine::stop(std::chrono::milliseconds(0)); }

    // Starts the shards; waits for their partitions, unless others decide when they are opened.
    Result<void> begin();

    void start(StartRequest request, Answer<StartOutcome> done) override;
    void send(EventRequest request, Answer<EventAnswer> done) override;
    void request(EventRequest request, std::chrono::milliseconds timeout,
                 Answer<ChartResponse> done) override;
    void terminate(std::string session, std::string idempotency_key,
                   Answer<EventAnswer> done) override;
    void query(std::string session, Answer<SessionView> done) override;
    void list(ListQuery query, Answer<ListAnswer> done) override;
    void journal(std::string session, std::size_t limit,
                 Answer<std::vector<JournalEntry>> done) override;
    void put_document(std::string name, std::string bytes,
                      Answer<std::pair<DocumentView, scxml::Findings>> done) override;
    void get_document(std::string name, Answer<DocumentView> done) override;
    void list_documents(Answer<std::vector<DocumentView>> done) override;
    void open_partition(Partition partition, store::Epoch epoch) override;
    void suspend_partitions() override;
    void resume_partition(Partition partition) override;
    void close_partition(Partition partition, std::function<void()> done) override;
    void drop_partition(Partition partition) override;
    void read_inbox(Partition partition) override;
    void respond(Response response) override;
    [[nodiscard]] std::optional<Partition> partition_of(const std::string& session) const override;
    [[nodiscard]] std::optional<Partition> partition_of(const StartRequest& request) const override;
    void append_event(EventRequest request, Answer<InboxReceipt> done) override;
    void find_receipt(std::string id, Answer<ReceiptState> done) override;
    std::unique_ptr<Subscription> subscribe(SubscribeRequest request) override;
    [[nodiscard]] EngineCounters counters() const override;
    [[nodiscard]] std::string not_ready_reason() const override;
    void stop(std::chrono::milliseconds bound) override;

  private:
    // kBounded: answered kTimeout after answer_timeout. kItself: `work` has a time-out of its own.
    enum class Timeout : std::uint8_t { kBounded, kItself };
    // Calls `work(shard, done)` on the shard; refuses when its queue is full.
    template <typename T, typename Work>
    bool post(Shard& shard, Timeout timeout, Answer<T> done, Work work);
    // A callback for any thread that tells `done` in time; empty when it was refused and told so.
    template <typename T>
    Answer<T> bounded(Answer<T> done);
    // The same on the shard of the partition, when that is served.
    template <typename T, typename Work>
    void post(Partition partition, Timeout timeout, Answer<T> done, Work work);
    // The same for what needs commits: refused while the store cannot make them.
    using Need = store::StoreHealth::Service;
    template <typename T, typename Work>
    void post_work(Partition partition, Need need, Timeout timeout, Answer<T> done, Work work);
    // Runs `work(lane)` in the next turn of the partition's shard.
    template <typename Work>
    void post_to_lane(Partition partition, Work work);
    [[nodiscard]] Shard& shard_of(Partition partition) const {
        return *shards_[partition % shards_.size()];
    }
    // Served, and its store can work.
    [[nodiscard]] bool takes_work(Partition partition) const;
    // One in turn, or the first one after it that takes work; nothing when others own them all.
    [[nodiscard]] std::optional<Partition> any_partition();
    // The same in the partition of the session; kNotFound when it is of none.
    [[nodiscard]] Result<SessionId> session_of(const std::string& session) const;
    [[nodiscard]] Result<void> check(const EventRequest& request) const;
    void on_appended(Partition partition);

    const Options options_;
    store::Store& store_;
    const Clock& clock_;
    Ownership* const ownership_;
    const Partition partition_count_;
    ChartCache charts_;
    LiveHub live_;
    std::vector<std::unique_ptr<Shard>> shards_;
    const Surrounds surrounds_;
    const std::shared_ptr<Postbox> postbox_;
    std::atomic<std::uint64_t> started_ = 0;
    std::atomic<std::uint64_t> refused_ = 0;
    std::atomic<bool> stopped_ = false;
};

template <typename T, typename Work>
bool ShardedEngine::post(Shard& shard, Timeout timeout, Answer<T> done, Work work) {
    if (stopped_) {
        done(Error(ErrorCode::kUnavailable, "the server stops"));
        return false;
    }
    const bool taken =
        shard.mailbox()->post_call([&shard, timeout, done, work = std::move(work)]() mutable {
            if (shard.is_stopping()) {
                done(Error(ErrorCode::kUnavailable, "the server stops"));
            } else if (timeout == Timeout::kBounded) {
                work(shard, shard.patience_of_calls().bound<T>(std::move(done)));
            } else {
                work(shard, std::move(done));
            }
        });
    if (!taken) {
        ++refused_;
        done(stopped_ ? Error(ErrorCode::kUnavailable, "the server stops")
                      : Error(ErrorCode::kOverloaded,
                              "shard-queue-length (" + std::to_string(options_.queue_length_max) +
                                  ") is reached"));
    }
    return taken;
}

// The shard takes what is posted in its order, so `told` is there before the answer is.
template <typename T>
Answer<T> ShardedEngine::bounded(Answer<T> done) {
    Shard& shard = *shards_.front();
    auto told = std::make_shared<Answer<T>>();
    const bool taken = post<T>(shard, Timeout::kBounded, std::move(done),
                               [told](Shard&, Answer<T> patient) { *told = std::move(patient); });
    if (!taken) {
        return nullptr;
    }
    return [told, mailbox = shard.mailbox()](Result<T> answer) {
        mailbox->post_answer([told, answer = std::move(answer)]() mutable {
            if (*told) {
                (*told)(std::move(answer));
            }
        });
    };
}

template <typename T, typename Work>
void ShardedEngine::post(Partition partition, Timeout timeout, Answer<T> done, Work work) {
    post<T>(shard_of(partition), timeout, std::move(done),
            [partition, timeout, work = std::move(work)](Shard& shard, Answer<T> patient) mutable {
                Lane& lane = shard.lane_of(partition);
                // Responses of charts come from commits, and are held back with those.
                Answer<T> told = timeout == Timeout::kItself ? std::move(patient)
                                                             : lane.gated<T>(std::move(patient));
                if (lane.takes_calls()) {
                    work(shard, std::move(told));
                    return;
                }
                shard.lobby().enter(lane, [&shard, told = std::move(told), work = std::move(work)](
                                              const Result<void>& served) mutable {
                    if (served) {
                        work(shard, std::move(told));
                    } else {
                        told(served.error());
                    }
                });
            });
}

template <typename T, typename Work>
void ShardedEngine::post_work(Partition partition, Need need, Timeout timeout, Answer<T> done,
                              Work work) {
    if (const store::StoreHealth health = store_.partition_health(partition);
        !health.serves(need)) {
        done(store_is_away(health));
        return;
    }
    post<T>(partition, timeout, std::move(done), std::move(work));
}

template <typename Work>
void ShardedEngine::post_to_lane(Partition partition, Work work) {
    Shard& shard = shard_of(partition);
    shard.mailbox()->post_answer(
        [&lane = shard.lane_of(partition), work = std::move(work)]() mutable { work(lane); });
}

}  // namespace fermata::engine

#include "engine/engine.h"

#include <algorithm>
#include <future>
#include <thread>
#include <utility>

#include "engine/calls.h"
#include "engine/chart_cache.h"
#include "engine/journal.h"
#include "engine/listing.h"
#include "engine/live_hub.h"
#include "engine/shard.h"

namespace fermata::engine {
namespace {

ChartCacheOptions chart_options(const Options& options) {
    ChartCacheOptions charts;
    charts.document = options.document;
    charts.charts_max = options.charts_max;
    return charts;
}

LiveHubOptions live_options(const Options& options) {
    LiveHubOptions live;
    live.moments_max = options.live_buffer_max;
    return live;
}

Error store_away(const store::StoreHealth& health) {
    return {ErrorCode::kUnavailable, "the store cannot work now: " + health.reason};
}

Options completed(Options options) {
    if (options.shards == 0) {
        options.shards = std::max(1U, std::thread::hardware_concurrency());
    }
    if (options.seed == 0) {
        options.seed = Random::from_entropy().next();
    }
    return options;
}

class ShardedEngine final : public Engine {
  public:
    ShardedEngine(const Options& options, store::Store& store, Outside& outside, const Clock& clock)
        : options_(completed(options)),
          store_(store),
          clock_(clock),
          partition_count_(store.facts().partition_count),
          charts_(chart_options(options_), store, outside, clock),
          live_(live_options(options_), clock),
          surrounds_{options_, store, outside, clock, charts_, live_, partition_count_, shards_} {
        Random seeds(options_.seed);
        for (std::uint32_t number = 0; number < options_.shards; ++number) {
            shards_.push_back(std::make_unique<Shard>(number, surrounds_, seeds.next()));
        }
    }
    ~ShardedEngine() override { ShardedEngine::stop(std::chrono::milliseconds(0)); }

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
    // The same for what needs commits: refused while the store cannot make any.
    template <typename T, typename Work>
    void post_work(Partition partition, Timeout timeout, Answer<T> done, Work work);
    [[nodiscard]] Shard& shard_of(Partition partition) const {
        return *shards_[partition % shards_.size()];
    }
    // Served, and its store can work.
    [[nodiscard]] bool takes_work(Partition partition) const;
    [[nodiscard]] Partition partition_of_start(const StartRequest& request);
    [[nodiscard]] Result<void> check(const EventRequest& request) const;

    const Options options_;
    store::Store& store_;
    const Clock& clock_;
    const Partition partition_count_;
    ChartCache charts_;
    LiveHub live_;
    std::vector<std::unique_ptr<Shard>> shards_;
    const Surrounds surrounds_;
    std::atomic<std::uint64_t> started_ = 0;
    std::atomic<std::uint64_t> refused_ = 0;
    std::atomic<bool> stopped_ = false;
};

Result<void> ShardedEngine::begin() {
    struct Progress {
        std::atomic<std::size_t> left;
        std::promise<Result<void>> all;
        std::atomic<bool> told = false;
    };
    auto progress = std::make_shared<Progress>();
    progress->left = shards_.size();
    auto all = progress->all.get_future();
    for (const std::unique_ptr<Shard>& shard : shards_) {
        shard->start([progress](Result<void> outcome) {
            const bool is_last = --progress->left == 0;
            if ((is_last || !outcome) && !progress->told.exchange(true)) {
                progress->all.set_value(std::move(outcome));
            }
        });
    }
    return all.get();
}

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
            [partition, work = std::move(work)](Shard& shard, Answer<T> told) mutable {
                Lane& lane = shard.lane_of(partition);
                if (lane.is_serving()) {
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
void ShardedEngine::post_work(Partition partition, Timeout timeout, Answer<T> done, Work work) {
    if (const store::StoreHealth health = store_.partition_health(partition); !health.ready) {
        done(store_away(health));
        return;
    }
    post<T>(partition, timeout, std::move(done), std::move(work));
}

bool ShardedEngine::takes_work(Partition partition) const {
    return shard_of(partition).lane_of(partition).is_serving() &&
           store_.partition_health(partition).ready;
}

// A repetition must come to the same partition as the first request, since it keeps the answer.
Partition ShardedEngine::partition_of_start(const StartRequest& request) {
    if (!request.id.empty()) {
        return SessionId::parse_or_name(request.id, partition_count_).partition();
    }
    if (!request.idempotency_key.empty()) {
        return SessionId::from_name(request.idempotency_key, partition_count_).partition();
    }
    // Any will do: one in turn, or the first one after it that takes work.
    auto partition =
        static_cast<Partition>(started_.fetch_add(1, std::memory_order_relaxed) % partition_count_);
    for (Partition tried = 0; tried < partition_count_ && !takes_work(partition); ++tried) {
        partition = partition + 1 == partition_count_ ? Partition{0}
                                                      : static_cast<Partition>(partition + 1);
    }
    return partition;
}

void ShardedEngine::start(StartRequest request, Answer<StartOutcome> done) {
    if (request.src.empty() && request.document.empty()) {
        done(Error(ErrorCode::kInvalidArgument, "a start needs the document's URL or its text"));
        return;
    }
    const Partition partition = partition_of_start(request);
    if (partition >= partition_count_) {
        done(Error(ErrorCode::kInvalidArgument,
                   "no partition of this store has the session id " + request.id));
        return;
    }
    post_work<StartOutcome>(
        partition, Timeout::kBounded, std::move(done),
        [partition, request = std::move(request)](Shard& shard, Answer<StartOutcome> told) mutable {
            shard.births().start(shard.lane_of(partition), std::move(request), std::move(told));
        });
}

Result<void> ShardedEngine::check(const EventRequest& request) const {
    if (request.event.name.empty()) {
        return Error(ErrorCode::kInvalidArgument, "an event needs a name");
    }
    const std::size_t bytes = request.event.data.bytes().size() + request.event.raw.size();
    if (bytes > options_.session.event_bytes_max) {
        return Error(ErrorCode::kTooLarge, "the event has " + std::to_string(bytes) +
                                               " bytes, more than max-event-size (" +
                                               std::to_string(options_.session.event_bytes_max) +
                                               ")");
    }
    return {};
}

void ShardedEngine::send(EventRequest request, Answer<EventAnswer> done) {
    if (const auto checked = check(request); !checked) {
        done(checked.error());
        return;
    }
    const SessionId session = SessionId::parse_or_name(request.session, partition_count_);
    if (session.partition() >= partition_count_) {
        done(Error(ErrorCode::kNotFound, "there is no session " + request.session));
        return;
    }
    post_work<EventAnswer>(
        session.partition(), Timeout::kBounded, std::move(done),
        [session, request = std::move(request)](Shard& shard, Answer<EventAnswer> told) mutable {
            send_event(shard, session, std::move(request), std::move(told));
        });
}

void ShardedEngine::request(EventRequest request, std::chrono::milliseconds timeout,
                            Answer<ChartResponse> done) {
    if (const auto checked = check(request); !checked) {
        done(checked.error());
        return;
    }
    const SessionId session = SessionId::parse_or_name(request.session, partition_count_);
    if (session.partition() >= partition_count_) {
        done(Error(ErrorCode::kNotFound, "there is no session " + request.session));
        return;
    }
    post_work<ChartResponse>(session.partition(), Timeout::kItself, std::move(done),
                             [session, timeout, request = std::move(request)](
                                 Shard& shard, Answer<ChartResponse> told) mutable {
                                 shard.requests().hold(session, std::move(request), timeout,
                                                       std::move(told));
                             });
}

void ShardedEngine::terminate(std::string session, std::string idempotency_key,
                              Answer<EventAnswer> done) {
    const SessionId id = SessionId::parse_or_name(session, partition_count_);
    if (id.partition() >= partition_count_) {
        done(Error(ErrorCode::kNotFound, "there is no session " + session));
        return;
    }
    post_work<EventAnswer>(
        id.partition(), Timeout::kBounded, std::move(done),
        [id, key = std::move(idempotency_key)](Shard& shard, Answer<EventAnswer> told) {
            terminate_session(shard, id, key, std::move(told));
        });
}

void ShardedEngine::query(std::string session, Answer<SessionView> done) {
    const SessionId id = SessionId::parse_or_name(session, partition_count_);
    if (id.partition() >= partition_count_) {
        done(Error(ErrorCode::kNotFound, "there is no session " + session));
        return;
    }
    post<SessionView>(id.partition(), Timeout::kBounded, std::move(done),
                      [id](Shard& shard, Answer<SessionView> told) {
                          query_session(shard, id, std::move(told));
                      });
}

void ShardedEngine::list(ListQuery query, Answer<ListAnswer> done) {
    post<ListAnswer>(
        *shards_.front(), Timeout::kBounded, std::move(done),
        [this, query = std::move(query)](Shard& shard, Answer<ListAnswer> told) mutable {
            std::make_shared<Listing>(store_, clock_, shard.mailbox(), std::move(query),
                                      std::move(told))
                ->begin();
        });
}

void ShardedEngine::journal(std::string session, std::size_t limit,
                            Answer<std::vector<JournalEntry>> done) {
    const SessionId id = SessionId::parse_or_name(session, partition_count_);
    if (id.partition() >= partition_count_) {
        done(Error(ErrorCode::kNotFound, "there is no session " + session));
        return;
    }
    post<std::vector<JournalEntry>>(
        id.partition(), Timeout::kBounded, std::move(done),
        [id, limit](Shard& shard, Answer<std::vector<JournalEntry>> told) {
            read_journal(shard, id, limit, std::move(told));
        });
}

void ShardedEngine::put_document(std::string name, std::string bytes,
                                 Answer<std::pair<DocumentView, scxml::Findings>> done) {
    if (const store::StoreHealth health = store_.health(); !health.ready) {
        done(store_away(health));
        return;
    }
    auto told = bounded<std::pair<DocumentView, scxml::Findings>>(std::move(done));
    if (!told) {
        return;
    }
    charts_.put_document(
        std::move(name), std::move(bytes),
        [done = std::move(told)](Result<PutDocumentAnswer> answer) {
            if (answer) {
                DocumentView view{
                    answer->name.name, answer->name.hash, answer->name.changed_ms, {}};
                done(std::pair(std::move(view), std::move(answer->findings)));
            } else {
                done(answer.error());
            }
        });
}

void ShardedEngine::get_document(std::string name, Answer<DocumentView> done) {
    auto told = bounded<DocumentView>(std::move(done));
    if (!told) {
        return;
    }
    charts_.find_document(name, [done = std::move(told)](Result<NamedDocument> document) {
        if (document) {
            const store::DocumentName& found = document->name;
            done(
                DocumentView{found.name, found.hash, found.changed_ms, std::move(document->bytes)});
        } else {
            done(document.error());
        }
    });
}

void ShardedEngine::list_documents(Answer<std::vector<DocumentView>> done) {
    auto told = bounded<std::vector<DocumentView>>(std::move(done));
    if (!told) {
        return;
    }
    store_.list_document_names(
        [done = std::move(told)](Result<std::vector<store::DocumentName>> names) {
            if (!names) {
                done(names.error());
                return;
            }
            std::vector<DocumentView> views;
            views.reserve(names->size());
            for (store::DocumentName& name : *names) {
                views.push_back({std::move(name.name), std::move(name.hash), name.changed_ms, {}});
            }
            done(std::move(views));
        });
}

std::unique_ptr<Subscription> ShardedEngine::subscribe(SubscribeRequest request) {
    std::optional<SessionId> session;
    if (!request.session.empty()) {
        session = SessionId::parse_or_name(request.session, partition_count_);
    }
    return live_.subscribe(session, request.after_id, std::move(request.sink));
}

EngineCounters ShardedEngine::counters() const {
    EngineCounters sum;
    std::uint64_t known = 0;
    for (const std::unique_ptr<Shard>& shard : shards_) {
        const Tally& tally = shard->tally();
        sum.sessions_active += tally.active;
        sum.sessions_started += tally.started;
        sum.sessions_ended += tally.ended;
        sum.sessions_failed += tally.failed;
        sum.sessions_restored += tally.restored;
        sum.events += tally.events;
        sum.macrosteps += tally.macrosteps;
        sum.commits += tally.commits;
        sum.timers_pending += tally.timers_pending;
        sum.timers_fired += tally.timers_fired;
        sum.refused += tally.refused;
        sum.script_bytes += tally.script_bytes;
        sum.macrostep_ns += tally.macrostep_ns;
        sum.queue_waiting += shard->mailbox()->waiting();
        for (const std::unique_ptr<Lane>& lane : shard->lanes()) {
            known += lane->sessions_known;
            sum.outbox_pending += lane->outbox_pending;
        }
    }
    sum.sessions_passivated = known - std::min(known, sum.sessions_active);
    sum.refused += refused_;
    sum.charts = charts_.chart_count();
    return sum;
}

std::string ShardedEngine::not_ready_reason() const {
    if (stopped_) {
        return "the server stops";
    }
    if (const store::StoreHealth health = store_.health(); !health.ready) {
        return store_away(health).message();
    }
    std::size_t recovering = 0;
    std::size_t lost = 0;
    for (const std::unique_ptr<Shard>& shard : shards_) {
        for (const std::unique_ptr<Lane>& lane : shard->lanes()) {
            recovering += lane->state == LaneState::kRecovering ? 1 : 0;
            lost += lane->state == LaneState::kLost ? 1 : 0;
        }
    }
    if (lost == partition_count_) {
        return "another instance took over all partitions: no sessions are served here any more";
    }
    if (lost > 0) {
        return std::to_string(lost) + " partitions belong to another instance";
    }
    return recovering == 0 ? std::string()
                           : std::to_string(recovering) + " partitions are being recovered";
}

void ShardedEngine::stop(std::chrono::milliseconds bound) {
    if (stopped_.exchange(true)) {
        return;
    }
    const std::chrono::nanoseconds deadline =
        std::chrono::steady_clock::now().time_since_epoch() + bound;
    for (const std::unique_ptr<Shard>& shard : shards_) {
        shard->begin_stop(deadline);
    }
    for (const std::unique_ptr<Shard>& shard : shards_) {
        shard->finish_stop();
    }
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::create(const Options& options, store::Store& store,
                                               Outside& outside, const Clock& clock) {
    auto engine = std::make_unique<ShardedEngine>(options, store, outside, clock);
    if (auto begun = engine->begin(); !begun) {
        return begun.error().with_context("recover");
    }
    return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace fermata::engine

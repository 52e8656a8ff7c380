#include "engine/engine.h"

#include <algorithm>
#include <future>
#include <thread>
#include <utility>

#include "engine/calls.h"
#include "engine/journal.h"
#include "engine/listing.h"
#include "engine/sharded_engine.h"

namespace fermata::engine {
namespace {

ChartCacheOptions chart_options(const Options& options, const Ownership* ownership) {
    ChartCacheOptions charts;
    charts.ownership = ownership;
    charts.document = options.document;
    charts.charts_max = options.charts_max;
    return charts;
}

LiveHubOptions live_options(const Options& options) {
    LiveHubOptions live;
    live.moments_max = options.live_buffer_max;
    return live;
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

}  // namespace

Error store_is_away(const store::StoreHealth& health) {
    return {ErrorCode::kUnavailable, "the store cannot work now: " + health.reason};
}

ShardedEngine::ShardedEngine(const Options& options, store::Store& store, Outside& outside,
                             const Clock& clock, Ownership* ownership)
    : options_(completed(options)),
      store_(store),
      clock_(clock),
      ownership_(ownership),
      partition_count_(store.facts().partition_count),
      charts_(chart_options(options_, ownership), store, outside, clock),
      live_(live_options(options_), clock),
      surrounds_{options_, store, outside,          clock,  ownership,
                 charts_,  live_, partition_count_, shards_},
      postbox_(std::make_shared<Postbox>(options_, store, ownership)) {
    Random seeds(options_.seed);
    for (std::uint32_t number = 0; number < options_.shards; ++number) {
        shards_.push_back(std::make_unique<Shard>(number, surrounds_, seeds.next()));
    }
}

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

Result<SessionId> ShardedEngine::session_of(const std::string& session) const {
    const SessionId id = SessionId::parse_or_name(session, partition_count_);
    if (id.partition() >= partition_count_) {
        return Error(ErrorCode::kNotFound, "there is no session " + session);
    }
    return id;
}

void ShardedEngine::start(StartRequest request, Answer<StartOutcome> done) {
    if (request.src.empty() && request.document.empty()) {
        done(Error(ErrorCode::kInvalidArgument, "a start needs the document's URL or its text"));
        return;
    }
    if (!request.id.empty() && !session_of(request.id)) {
        done(Error(ErrorCode::kInvalidArgument,
                   "no partition of this store has the session id " + request.id));
        return;
    }
    const std::optional<Partition> named = partition_of(request);
    const std::optional<Partition> chosen = named ? named : any_partition();
    if (!chosen) {
        done(Error(ErrorCode::kFenced, "all partitions belong to other instances"));
        return;
    }
    post_work<StartOutcome>(*chosen, Need::kAll, Timeout::kBounded, std::move(done),
                            [partition = *chosen, request = std::move(request)](
                                Shard& shard, Answer<StartOutcome> told) mutable {
                                shard.births().start(shard.lane_of(partition), std::move(request),
                                                     std::move(told));
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
    const auto session = session_of(request.session);
    if (!session) {
        done(session.error());
        return;
    }
    post_work<EventAnswer>(session->partition(), Need::kRunning, Timeout::kBounded, std::move(done),
                           [session = *session, request = std::move(request)](
                               Shard& shard, Answer<EventAnswer> told) mutable {
                               send_event(shard, session, std::move(request), std::move(told));
                           });
}

void ShardedEngine::request(EventRequest request, std::chrono::milliseconds timeout,
                            Answer<ChartResponse> done) {
    if (const auto checked = check(request); !checked) {
        done(checked.error());
        return;
    }
    const auto session = session_of(request.session);
    if (!session) {
        done(session.error());
        return;
    }
    post_work<ChartResponse>(
        session->partition(), Need::kRunning, Timeout::kItself, std::move(done),
        [session = *session, timeout, request = std::move(request)](
            Shard& shard, Answer<ChartResponse> told) mutable {
            shard.requests().hold(session, std::move(request), timeout, std::move(told));
        });
}

void ShardedEngine::terminate(std::string session, std::string idempotency_key,
                              Answer<EventAnswer> done) {
    const auto id = session_of(session);
    if (!id) {
        done(id.error());
        return;
    }
    post_work<EventAnswer>(
        id->partition(), Need::kEnding, Timeout::kBounded, std::move(done),
        [id = *id, key = std::move(idempotency_key)](Shard& shard, Answer<EventAnswer> told) {
            terminate_session(shard, id, key, std::move(told));
        });
}

void ShardedEngine::query(std::string session, Answer<SessionView> done) {
    const auto id = session_of(session);
    if (!id) {
        done(id.error());
        return;
    }
    post<SessionView>(id->partition(), Timeout::kBounded, std::move(done),
                      [id = *id](Shard& shard, Answer<SessionView> told) {
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
    const auto id = session_of(session);
    if (!id) {
        done(id.error());
        return;
    }
    post<std::vector<JournalEntry>>(
        id->partition(), Timeout::kBounded, std::move(done),
        [id = *id, limit](Shard& shard, Answer<std::vector<JournalEntry>> told) {
            read_journal(shard, id, limit, std::move(told));
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
            sum.partitions_served += lane->is_serving() ? 1 : 0;
            sum.partitions_recovering += lane->state == LaneState::kRecovering ? 1 : 0;
            sum.partitions_suspended += lane->is_paused() ? 1 : 0;
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
        return store_is_away(health).message();
    }
    const EngineCounters now = counters();
    std::size_t lost = 0;
    for (const std::unique_ptr<Shard>& shard : shards_) {
        for (const std::unique_ptr<Lane>& lane : shard->lanes()) {
            lost += lane->state == LaneState::kLost ? 1 : 0;
        }
    }
    if (lost == partition_count_) {
        return "another instance took over all partitions: no sessions are served here any more";
    }
    if (lost > 0) {
        return std::to_string(lost) + " partitions belong to another instance";
    }
    if (now.partitions_suspended > 0) {
        return std::to_string(now.partitions_suspended) +
               " partitions are suspended: this instance has no lease";
    }
    return now.partitions_recovering == 0
               ? std::string()
               : std::to_string(now.partitions_recovering) + " partitions are being recovered";
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

Result<std::unique_ptr<Engine>> Engine::create(const Options& options, store::Store& store,
                                               Outside& outside, const Clock& clock,
                                               Ownership* ownership) {
    auto engine = std::make_unique<ShardedEngine>(options, store, outside, clock, ownership);
    if (auto begun = engine->begin(); !begun) {
        return begun.error().with_context("recover");
    }
    return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace fermata::engine

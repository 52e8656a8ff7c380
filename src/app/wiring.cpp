#include "app/wiring.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "api/problem.h"
#include "api/service.h"
#include "app/bindings.h"
#include "app/cluster_bindings.h"
#include "app/cluster_figures.h"
#include "app/cluster_rules.h"
#include "app/cluster_seat.h"
#include "app/outside.h"
#include "app/persistence_rules.h"
#include "app/redis_figures.h"
#include "app/store_opening.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/engine.h"
#include "http/auth.h"
#include "http/server.h"

namespace fermata::app {

namespace {

// Of [http] shutdown-timeout; the rest is for what cannot be handed over.
constexpr int kHandOverTenths = 8;

// How long a start waits until the whole store can be written to, and how often it looks.
constexpr std::chrono::seconds kHealthPatience{3};
constexpr std::chrono::milliseconds kHealthInterval{5};

// Stands before the service while the store is waited for and the engine reads back its sessions:
// the port is known by then, which their BasicHTTP locations need, and /health answers already.
class Gate {
  public:
    void open(http::Handler inner) {
        inner_ = std::move(inner);
        is_open_.store(true, std::memory_order_release);
    }
    // What the start waits for.
    void wait_for(const std::string& what) {
        const std::lock_guard lock(mutex_);
        awaited_ = ": " + what;
    }
    void serve(http::Request request, http::Responder responder) {
        if (is_open_.load(std::memory_order_acquire)) {
            inner_.serve(std::move(request), std::move(responder));
        } else if (request.path == "/health/live") {
            responder.send(http::Response::json(200, R"({"status":"live"})"));
        } else {
            const std::lock_guard lock(mutex_);
            responder.send(api::problem("unavailable", "the server is starting" + awaited_));
        }
    }
    [[nodiscard]] std::size_t body_bytes_max(const http::Request& request,
                                             std::size_t otherwise) const {
        const bool decides = is_open_.load(std::memory_order_acquire) && inner_.body_bytes_max;
        return decides ? inner_.body_bytes_max(request, otherwise) : otherwise;
    }

  private:
    std::atomic<bool> is_open_ = false;
    http::Handler inner_;  // written once, before is_open_
    std::mutex mutex_;
    std::string awaited_;  // under mutex_
};

Result<std::unique_ptr<http::TokenFile>> load_tokens(const Settings& settings) {
    const std::string& path = settings.text("http", "tokens-file");
    const std::string& address = settings.text("http", "address");
    if (!path.empty()) {
        return http::TokenFile::load(path);
    }
    if (!http::is_loopback(address)) {
        return Error(ErrorCode::kForbidden, "[http] address " + address +
                                                " can be reached by others, and there is no "
                                                "tokens-file: anybody could run scripts here; "
                                                "set [http] tokens-file, or listen on 127.0.0.1");
    }
    return std::unique_ptr<http::TokenFile>();
}

}  // namespace

// In the order of construction; destroyed from the end, so nothing outlives what it refers to.
struct Wiring::Parts {
    explicit Parts(const Settings& values)
        : settings(values), http_metrics(values.boolean("log", "requests")) {}

    const Settings settings;
    SystemClock clock;
    api::HttpMetrics http_metrics;
    std::unique_ptr<http::TokenFile> tokens;
    OpenedStore opened;
    std::unique_ptr<WorldOutside> outside;
    std::unique_ptr<ClusterSeat> seat;
    std::unique_ptr<engine::Engine> engine;
    std::unique_ptr<api::Service> service;
    Gate gate;
    std::unique_ptr<http::Server> server;
    bool stopped = false;

    Result<void> open_server();
    Result<void> open_store();
    Result<void> take_seat();
    Result<void> open_engine();
    Result<void> join_cluster();
    void wait_for_health();
    [[nodiscard]] std::vector<api::Metric> figures() const;
};

Result<void> Wiring::Parts::open_server() {
    http::ServerOptions options = server_options(settings);
    options.observer = &http_metrics;
    http::Handler handler;
    handler.serve = [this](http::Request request, http::Responder responder) {
        gate.serve(std::move(request), std::move(responder));
    };
    handler.body_bytes_max = [this](const http::Request& request, std::size_t otherwise) {
        return gate.body_bytes_max(request, otherwise);
    };
    FERMATA_TRY_ASSIGN(server, http::Server::create(std::move(options), std::move(handler)));
    return {};
}

// A Redis that is away is waited for, as a running server does; what nobody mends by waiting ends
// the start.
Result<void> Wiring::Parts::open_store() {
    std::vector<std::string> warnings = persistence_warnings(settings);
    for (std::string& warning : cluster_warnings(settings)) {
        warnings.push_back(std::move(warning));
    }
    for (const std::string& warning : warnings) {
        log::warning(warning);
    }
    while (true) {
        Result<OpenedStore> result = app::open_store(settings);
        if (result) {
            opened = *std::move(result);
            return {};
        }
        if (result.error().code() != ErrorCode::kUnavailable) {
            return result.error();
        }
        gate.wait_for(result.error().message());
        log::warning("the store is waited for", {{"reason", result.error().message()}});
    }
}

Result<void> Wiring::Parts::take_seat() {
    ClusterSeatOptions options;
    options.cluster_name = settings.text("cluster", "name");
    FERMATA_TRY_ASSIGN(options.member, member_options(settings, opened.store->facts(),
                                                      server->url(), clock.now_ms()));
    options.client = peer_client_options(settings);
    FERMATA_TRY_ASSIGN(seat, ClusterSeat::create(options, *opened.store, clock));
    return {};
}

Result<void> Wiring::Parts::open_engine() {
    FERMATA_TRY_ASSIGN(const std::string secret, make_secret());
    outside = std::make_unique<WorldOutside>(outside_options(settings), clock);
    const std::string& external = settings.text("orchestration", "external-url");
    outside->set_listener(server->url(), external.empty() ? server->url() : external);
    outside->set_own_secret(secret);
    FERMATA_TRY_ASSIGN(engine, engine::Engine::create(engine_options(settings), *opened.store,
                                                      *outside, clock, seat.get()));
    api::Options options = api_options(settings);
    options.own_secret = secret;
    options.cluster = seat.get();
    options.store_metrics = [this] { return figures(); };
    service = std::make_unique<api::Service>(*engine, *opened.store, clock, http_metrics,
                                             tokens.get(), options);
    return {};
}

// With a store of its own the server takes requests when all its partitions are served; in a
// cluster as soon as it knows its place there, and its partitions are served one by one.
Result<void> Wiring::Parts::join_cluster() {
    seat->start(*engine);
    FERMATA_TRY(
        seat->wait_for_place([this](const std::string& awaited) { gate.wait_for(awaited); }));
    wait_for_health();
    gate.open(service->handler());
    return {};
}

// Connections to the last primaries of Redis may still be made. One that stays away is no reason
// not to start: the other partitions are served.
void Wiring::Parts::wait_for_health() {
    const auto deadline = std::chrono::steady_clock::now() + kHealthPatience;
    while (!opened.store->health().ready && std::chrono::steady_clock::now() < deadline) {
        gate.wait_for(opened.store->health().reason);
        std::this_thread::sleep_for(kHealthInterval);
    }
}

std::vector<api::Metric> Wiring::Parts::figures() const {
    std::vector<api::Metric> all =
        cluster_figures(seat->status(), seat->hint_counters(), seat->answer_counters());
    if (opened.redis != nullptr) {
        const std::vector<api::Metric> more = redis_figures(*opened.redis);
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

Result<std::unique_ptr<Wiring>> Wiring::create(const Settings& settings) {
    auto parts = std::make_unique<Parts>(settings);
    FERMATA_TRY_ASSIGN(parts->tokens, load_tokens(settings));
    std::unique_ptr<Wiring> wiring(new Wiring(std::move(parts)));
    FERMATA_TRY(check_cluster(settings));
    FERMATA_TRY(wiring->parts_->open_server());
    FERMATA_TRY(wiring->parts_->open_store());
    FERMATA_TRY(wiring->parts_->take_seat());
    FERMATA_TRY(wiring->parts_->open_engine());
    FERMATA_TRY(wiring->parts_->join_cluster());
    return wiring;
}

Wiring::Wiring(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Wiring::~Wiring() {
    stop();
}

std::string Wiring::url() const {
    return parts_->server->url();
}

std::string Wiring::refusal() const {
    return parts_->seat->refusal();
}

// The order of stopping:
//   1. event streams end, so that they do not hold up the rest;
//   2. other nodes, when there are any, get the partitions one by one; requests are passed on to
//      them;
//   3. the engine finishes its macrosteps and flushes their commits; what comes from now on, and
//      what cannot be finished, is answered 503: a client may repeat it at the next start or
//      elsewhere;
//   4. the cluster is left: others need not wait for the lease to run out;
//   5. the server, whose answers are all given now, sends them out and closes;
//   6. sends and fetches under way are cut off: the outbox has them, the next owner carries them
//      out;
//   7. the store closes, after the last commit; 8. the log is flushed.
void Wiring::stop() {
    if (std::exchange(parts_->stopped, true)) {
        return;
    }
    const auto bound = parts_->settings.duration("http", "shutdown-timeout");
    const auto deadline = std::chrono::steady_clock::now() + bound;
    const auto left = [deadline] {
        return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(
                            deadline - std::chrono::steady_clock::now()),
                        std::chrono::milliseconds(0));
    };
    if (parts_->service != nullptr) {
        parts_->service->stop();
    }
    if (parts_->seat != nullptr) {
        parts_->seat->hand_over(bound / 10 * kHandOverTenths);
    }
    if (parts_->engine != nullptr) {
        parts_->engine->stop(left());
    }
    if (parts_->seat != nullptr) {
        parts_->seat->leave();
    }
    if (parts_->server != nullptr) {
        parts_->server->stop(left());
    }
    if (parts_->outside != nullptr) {
        parts_->outside->stop();
    }
    if (parts_->opened.store != nullptr) {
        parts_->opened.store->close();
    }
    log::info("stopped");
    log::flush();
}

}  // namespace fermata::app

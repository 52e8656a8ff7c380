#include "app/wiring.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>

#include <openssl/rand.h>

#include "api/problem.h"
#include "api/service.h"
#include "app/bindings.h"
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

Result<std::string> make_secret() {
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        return Error(ErrorCode::kInternal, "the operating system gives no random bytes");
    }
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const unsigned byte : bytes) {
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 15U];
    }
    return text;
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
    std::unique_ptr<engine::Engine> engine;
    std::unique_ptr<api::Service> service;
    Gate gate;
    std::unique_ptr<http::Server> server;
    bool stopped = false;

    Result<void> open_server();
    Result<void> open_store();
    Result<void> open_engine();
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
    for (const std::string& warning : persistence_warnings(settings)) {
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

Result<void> Wiring::Parts::open_engine() {
    FERMATA_TRY_ASSIGN(const std::string secret, make_secret());
    outside = std::make_unique<WorldOutside>(outside_options(settings), clock);
    const std::string& external = settings.text("orchestration", "external-url");
    outside->set_listener(server->url(), external.empty() ? server->url() : external);
    outside->set_own_secret(secret);
    FERMATA_TRY_ASSIGN(
        engine, engine::Engine::create(engine_options(settings), *opened.store, *outside, clock));
    api::Options options = api_options(settings);
    options.own_secret = secret;
    if (opened.redis != nullptr) {
        options.store_metrics = [redis = opened.redis] { return redis_figures(*redis); };
    }
    service = std::make_unique<api::Service>(*engine, *opened.store, clock, http_metrics,
                                             tokens.get(), options);
    gate.open(service->handler());
    return {};
}

Result<std::unique_ptr<Wiring>> Wiring::create(const Settings& settings) {
    auto parts = std::make_unique<Parts>(settings);
    FERMATA_TRY_ASSIGN(parts->tokens, load_tokens(settings));
    std::unique_ptr<Wiring> wiring(new Wiring(std::move(parts)));
    FERMATA_TRY(wiring->parts_->open_server());
    FERMATA_TRY(wiring->parts_->open_store());
    FERMATA_TRY(wiring->parts_->open_engine());
    return wiring;
}

Wiring::Wiring(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Wiring::~Wiring() {
    stop();
}

std::string Wiring::url() const {
    return parts_->server->url();
}

// The order of stopping:
//   1. event streams end, so that they do not hold up the rest;
//   2. the engine finishes its macrosteps and flushes their commits; what comes from now on, and
//   what cannot be
//      finished, is answered 503: a client may repeat it at the next start or elsewhere;
//   3. the server, whose answers are all given now, sends them out and closes;
//   4. sends and fetches under way are cut off: the outbox has them, the next start carries them
//   out;
//   5. the store closes, after the last commit; 6. the log is flushed.
void Wiring::stop() {
    if (std::exchange(parts_->stopped, true)) {
        return;
    }
    const auto bound = parts_->settings.duration("http", "shutdown-timeout");
    const auto deadline = std::chrono::steady_clock::now() + bound;
    if (parts_->service != nullptr) {
        parts_->service->stop();
    }
    if (parts_->engine != nullptr) {
        parts_->engine->stop(bound);
    }
    if (parts_->server != nullptr) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        parts_->server->stop(std::max(left, std::chrono::milliseconds(0)));
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

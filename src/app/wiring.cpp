#include "app/wiring.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <utility>

#include <openssl/rand.h>

#include "api/problem.h"
#include "api/service.h"
#include "app/bindings.h"
#include "app/outside.h"
#include "app/store_opening.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/engine.h"
#include "http/auth.h"
#include "http/server.h"

namespace fermata::app {

namespace {

// Stands before the service while the engine reads back its sessions: the port is known by then,
// which their BasicHTTP locations need, and /health/live answers already.
class Gate {
  public:
    void open(http::Handler inner) {
        inner_ = std::move(inner);
        is_open_.store(true, std::memory_order_release);
    }
    void serve(http::Request request, http::Responder responder) const {
        if (is_open_.load(std::memory_order_acquire)) {
            inner_.serve(std::move(request), std::move(responder));
        } else if (request.path == "/health/live") {
            responder.send(http::Response::json(200, R"({"status":"live"})"));
        } else {
            responder.send(api::problem("unavailable", "the server is starting"));
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
    std::unique_ptr<store::Store> store;
    std::unique_ptr<WorldOutside> outside;
    std::unique_ptr<engine::Engine> engine;
    std::unique_ptr<api::Service> service;
    Gate gate;
    std::unique_ptr<http::Server> server;
    bool stopped = false;

    Result<void> open_server();
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

Result<void> Wiring::Parts::open_engine() {
    FERMATA_TRY_ASSIGN(const std::string secret, make_secret());
    outside = std::make_unique<WorldOutside>(outside_options(settings), clock);
    const std::string& external = settings.text("orchestration", "external-url");
    outside->set_listener(server->url(), external.empty() ? server->url() : external);
    outside->set_own_secret(secret);
    FERMATA_TRY_ASSIGN(engine,
                       engine::Engine::create(engine_options(settings), *store, *outside, clock));
    api::Options options = api_options(settings);
    options.own_secret = secret;
    service =
        std::make_unique<api::Service>(*engine, *store, clock, http_metrics, tokens.get(), options);
    gate.open(service->handler());
    return {};
}

Result<std::unique_ptr<Wiring>> Wiring::create(const Settings& settings) {
    auto parts = std::make_unique<Parts>(settings);
    FERMATA_TRY_ASSIGN(parts->tokens, load_tokens(settings));
    FERMATA_TRY_ASSIGN(parts->store, open_store(settings));
    std::unique_ptr<Wiring> wiring(new Wiring(std::move(parts)));
    FERMATA_TRY(wiring->parts_->open_server());
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
    parts_->store->close();
    log::info("stopped");
    log::flush();
}

}  // namespace fermata::app

#include "app/run_host.h"

#include <cstdio>

#include "app/bindings.h"
#include "app/waiting.h"
#include "base/random.h"

namespace fermata::app {

namespace {

// Beyond any processing time of an event; a broken engine must not hang the command.
constexpr std::chrono::minutes kAnswerMax{10};
constexpr std::chrono::seconds kFinishMax{2};

}  // namespace

Result<std::unique_ptr<RunHost>> RunHost::create(const Settings& settings, WorldOutside& outside,
                                                 const Clock& clock, bool needs_listener,
                                                 bool show_log) {
    std::unique_ptr<RunHost> host(new RunHost(show_log));
    host->store_ = std::make_unique<store::MemoryStore>(memory_options(settings));
    engine::Options options = engine_options(settings);
    options.shards = 1;
    FERMATA_TRY_ASSIGN(host->engine_,
                       engine::Engine::create(options, *host->store_, outside, clock));
    if (needs_listener) {
        FERMATA_TRY(host->open_listener(settings, outside));
    }
    Random random = Random::from_entropy();
    const auto partition =
        static_cast<Partition>(random.below(host->store_->facts().partition_count));
    host->session_ = SessionId::random(random, partition, options.node).to_string();
    engine::SubscribeRequest watch;
    watch.sink = [raw = host.get()](const engine::LiveMoment& moment, bool) {
        raw->observe(moment);
    };
    host->subscription_ = host->engine_->subscribe(std::move(watch));
    return host;
}

RunHost::~RunHost() {
    finish();
    server_.reset();
}

Result<void> RunHost::open_listener(const Settings& settings, WorldOutside& outside) {
    basic_http_ = std::make_unique<api::BasicHttp>(*engine_);
    http::ServerOptions options = server_options(settings);
    options.address = "127.0.0.1";
    options.port = 0;
    FERMATA_TRY_ASSIGN(server_, http::Server::create(options, basic_http_->handler()));
    outside.set_listener(server_->url(), server_->url());
    return {};
}

Result<engine::StartOutcome> RunHost::start(
    const std::string& url, std::vector<std::pair<std::string, value::Value>> params) {
    engine::StartRequest request;
    request.src = url;
    request.params = std::move(params);
    request.id = session_;
    return wait_for<engine::StartOutcome>(
        kAnswerMax, [&](auto done) { engine_->start(std::move(request), std::move(done)); });
}

Result<engine::EventAnswer> RunHost::send(value::Event event) {
    engine::EventRequest request;
    request.session = session_;
    request.event = std::move(event);
    return wait_for<engine::EventAnswer>(
        kAnswerMax, [&](auto done) { engine_->send(std::move(request), std::move(done)); });
}

Result<engine::SessionView> RunHost::query() {
    return wait_for<engine::SessionView>(
        kAnswerMax, [&](auto done) { engine_->query(session_, std::move(done)); });
}

bool RunHost::wait_for_end(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [this] { return ended_; });
}

void RunHost::finish() {
    {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, kFinishMax, [this] { return !ended_ || running_ <= 0; });
    }
    if (engine_ != nullptr) {
        engine_->stop(kFinishMax);
    }
}

std::vector<RunLogEntry> RunHost::log() const {
    const std::lock_guard lock(mutex_);
    return log_;
}

void RunHost::observe(const engine::LiveMoment& moment) {
    const std::lock_guard lock(mutex_);
    using enum engine::LiveMoment::Kind;
    if (moment.kind == kStarted) {
        ++running_;
    } else if (moment.kind == kEnded) {
        --running_;
        ended_ = ended_ || moment.session.to_string() == session_;
        changed_.notify_all();
    }
    if (moment.kind != kLog) {
        return;
    }
    if (log_.size() < kLogEntriesMax) {
        log_.push_back({moment.name, moment.value});
    }
    if (show_log_) {
        const std::string line =
            (moment.name.empty() ? "" : moment.name + ": ") + moment.value.to_text() + "\n";
        std::fputs(line.c_str(), stderr);
    }
}

}  // namespace fermata::app

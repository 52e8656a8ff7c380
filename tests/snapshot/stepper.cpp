// Runs one document on the embedded store for a bounded number of commits, and then dies between
// two of them.
//
//   fermata_stepper FILE FOLDER PORT COMMITS [EVENT=JSON…]
//
// The first call starts the session `root`; later calls with the same folder go on with it. Every
// macrostep is a commit of its own. COMMITS 0: runs to the end. What happens is printed, one JSON
// object a line, as soon as it is durable:
//   {"session":…,"kind":…,"name":…,"value":…}
// Events are sent one by one, each when all sessions rest; how many were sent is kept in
// FOLDER/sent. When they rest and no event is left, time goes on to the next timer (FOLDER/clock).
//
// Exit: 0 the session ended, 10 died after COMMITS commits, 3 it waits for nothing more than the
// end of patience.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "api/basic_http.h"
#include "app/bindings.h"
#include "app/chart_loading.h"
#include "app/outside.h"
#include "app/settings.h"
#include "app/waiting.h"
#include "base/log.h"
#include "engine/engine.h"
#include "halting_store.h"
#include "http/server.h"
#include "resting_clock.h"
#include "store/embedded_store.h"

namespace fermata::tests {
namespace {

constexpr int kExitDied = 10;
constexpr int kExitPatience = 3;
constexpr std::chrono::seconds kPatience{35};
// Effects that do not come to an end wait for a pause between two attempts: time goes on for them.
constexpr std::chrono::milliseconds kStuckAfter{1'000};

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "stepper: %s\n", why.c_str());
    std::_Exit(1);
}

std::string json_text(const std::string& text) {
    return value::Value::string(text).to_json();
}

void print(const engine::LiveMoment& moment) {
    const std::string line = "{\"session\":" + json_text(moment.session.key()) +
                             ",\"kind\":" + json_text(std::string(engine::to_string(moment.kind))) +
                             ",\"name\":" + json_text(moment.name) +
                             ",\"value\":" + moment.value.to_json() + "}\n";
    std::fputs(line.c_str(), stdout);
    std::fflush(stdout);
}

struct Plan {
    std::string url;
    std::string folder;
    std::uint16_t port = 0;
    std::uint64_t commits = 0;
    std::vector<value::Event> events;
};

Plan parse(int argc, char** argv) {
    if (argc < 5) {
        give_up("usage: fermata_stepper FILE FOLDER PORT COMMITS [EVENT=JSON…]");
    }
    Plan plan;
    plan.url = app::to_url(argv[1]);
    plan.folder = argv[2];
    plan.port = static_cast<std::uint16_t>(std::strtoul(argv[3], nullptr, 10));
    plan.commits = std::strtoull(argv[4], nullptr, 10);
    for (int at = 5; at < argc; ++at) {
        const std::string text = argv[at];
        const std::size_t equals = text.find('=');
        value::Event event;
        event.name = text.substr(0, equals);
        if (equals != std::string::npos) {
            auto data = value::Value::from_json(text.substr(equals + 1));
            event.data = data ? *data : value::Value();
        }
        plan.events.push_back(std::move(event));
    }
    return plan;
}

class Stepper {
  public:
    explicit Stepper(Plan plan)
        : plan_(std::move(plan)),
          clock_(plan_.folder + "/clock"),
          settings_(settings()),
          outside_(policy(), clock_),
          store_(open_store()),
          halting_(*store_, plan_.commits),
          engine_(open_engine()) {
        engine::SubscribeRequest watch;
        watch.after_id = 0;  // what recovery did counts as well
        watch.sink = [this](const engine::LiveMoment& moment, bool) { observe(moment); };
        subscription_ = engine_->subscribe(std::move(watch));
        listen();
    }

    int run() {
        start_or_go_on();
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        // Children that were cancelled at the end still run their onexit handlers.
        const auto quiet = [&] {
            const engine::EngineCounters counters = engine_->counters();
            return ended_ && counters.outbox_pending == 0 && counters.sessions_active == 0;
        };
        const auto done = [&] { return quiet() || std::chrono::steady_clock::now() > deadline; };
        while (true) {
            const auto look = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
            const bool halted = halting_.wait_until_halted(
                [&] { return done() || std::chrono::steady_clock::now() > look; });
            if (halted) {
                flush_moments();
                return kExitDied;
            }
            if (done()) {
                // The shard counts an effect as carried out a moment before it hands over the
                // commit that says so.
                flush_moments();
                if (!halting_.is_answered() || !done()) {
                    continue;
                }
                flush_moments();
                return ended_ ? 0 : kExitPatience;
            }
            go_on();
        }
    }

  private:
    app::Settings settings() {
        app::SettingsSources sources;
        sources.arguments = {"persistence.type=embedded",
                             "persistence.folder=" + plan_.folder + "/store",
                             "http.address=127.0.0.1", "http.port=" + std::to_string(plan_.port)};
        auto loaded = app::Settings::load(sources);
        if (!loaded) {
            give_up(loaded.error().message());
        }
        return std::move(*loaded);
    }

    app::OutsideOptions policy() {
        app::OutsideOptions options = app::outside_options(settings_);
        app::allow_surroundings(options.policy, plan_.url);
        options.policy.send_to_loopback = true;
        return options;
    }

    std::unique_ptr<store::Store> open_store() {
        auto opened = store::EmbeddedStore::open(app::embedded_options(settings_));
        if (!opened) {
            give_up(opened.error().message());
        }
        return std::move(*opened);
    }

    std::unique_ptr<engine::Engine> open_engine() {
        engine::Options options = app::engine_options(settings_);
        options.shards = 1;
        options.session.macrosteps_per_run_max = 1;
        auto created = engine::Engine::create(options, halting_, outside_, clock_);
        if (!created) {
            give_up(created.error().message());
        }
        return std::move(*created);
    }

    void listen() {
        basic_http_ = std::make_unique<api::BasicHttp>(*engine_);
        auto server = http::Server::create(app::server_options(settings_), basic_http_->handler());
        if (!server) {
            give_up(server.error().message());
        }
        server_ = std::move(*server);
        outside_.set_listener(server_->url(), server_->url());
    }

    void start_or_go_on() {
        // From the store itself: the engine would answer only when all that the session did is
        // durable.
        const auto known = app::wait_for<std::optional<store::SessionRecord>>(
            std::chrono::seconds(10),
            [&](auto done) { store_->load_session(root(), std::move(done)); });
        if (!known) {
            give_up(known.error().to_string());
        }
        if (*known) {
            ended_ = ended_ || (*known)->end.has_value();
            return;
        }
        engine::StartRequest request;
        request.src = plan_.url;
        request.id = "root";
        // Not waited for: when the allowed commits end inside the start, it is never answered.
        starting_ = true;
        engine_->start(std::move(request), [this](Result<engine::StartOutcome> started) {
            if (!started) {
                give_up(started.error().message());
            }
            if (!started->answer) {
                give_up("the document is refused: " + started->findings.front().message);
            }
            starting_ = false;
        });
    }

    [[nodiscard]] std::size_t sent() const {
        std::size_t count = 0;
        std::ifstream(plan_.folder + "/sent") >> count;
        return count;
    }

    // What is to happen next when nothing happens any more: an event, else the next timer.
    void go_on() {
        const std::uint64_t before = progress();
        if (is_idle()) {
            flush_moments();
            if (is_idle() && progress() == before && !send_next_event()) {
                clock_.advance_to(next_due_ms());
                wake_engine();
            }
        } else if (before != stuck_at_) {
            stuck_at_ = before;
            stuck_since_ = std::chrono::steady_clock::now();
        } else if (std::chrono::steady_clock::now() > stuck_since_ + kStuckAfter) {
            clock_.advance_to(clock_.now_ms() + 1);
            wake_engine();
        }
    }

    [[nodiscard]] bool is_idle() {
        const engine::EngineCounters counters = engine_->counters();
        return !starting_ && !waiting_ && halting_.is_idle() && counters.outbox_pending == 0 &&
               counters.queue_waiting == 0;
    }

    [[nodiscard]] std::uint64_t progress() const {
        const engine::EngineCounters counters = engine_->counters();
        return counters.macrosteps + counters.commits + counters.events + counters.timers_fired +
               counters.sessions_started;
    }

    // Of all sessions; the present when there is no timer.
    [[nodiscard]] UnixMillis next_due_ms() const {
        UnixMillis next_ms = std::numeric_limits<UnixMillis>::max();
        for (Partition at = 0; at < store_->facts().partition_count; ++at) {
            const auto page =
                app::wait_for<store::TimerPage>(std::chrono::seconds(10), [&](auto done) {
                    store_->list_timers(at, std::numeric_limits<UnixMillis>::min(),
                                        std::numeric_limits<UnixMillis>::max(), 1, 0,
                                        std::move(done));
                });
            if (!page) {
                give_up(page.error().to_string());
            }
            for (const store::TimerRecord& timer : page->timers) {
                next_ms = std::min(next_ms, timer.due_ms);
            }
        }
        return next_ms == std::numeric_limits<UnixMillis>::max() ? clock_.now_ms() : next_ms;
    }

    // It looks at the clock when it is asked something.
    void wake_engine() { flush_moments(); }

    // False when there is none left. One event at a time, each acknowledged before the next; an
    // event whose acknowledgement died with the process is repeated under the same idempotency key.
    bool send_next_event() {
        const std::size_t next = sent();
        if (next >= plan_.events.size()) {
            return false;
        }
        waiting_ = true;
        engine::EventRequest request;
        request.session = "root";
        request.event = plan_.events[next];
        request.idempotency_key = "event-" + std::to_string(next);
        engine_->send(std::move(request), [this, next](const Result<engine::EventAnswer>& answer) {
            if (answer) {
                std::ofstream(plan_.folder + "/sent") << next + 1;
            }
            waiting_ = false;
        });
        return true;
    }

    void observe(const engine::LiveMoment& moment) {
        print(moment);
        if (moment.kind == engine::LiveMoment::Kind::kEnded && moment.session == root()) {
            ended_ = true;
        }
    }

    // A question to the shard is answered behind the commit answers that wait in its queue, so what
    // they show is out. It is about nobody, since answers about a session wait for its commits.
    void flush_moments() {
        for (int round = 0; round < 2; ++round) {
            const auto view = app::wait_for<engine::SessionView>(
                std::chrono::seconds(10),
                [&](auto done) { engine_->query("nobody", std::move(done)); });
            static_cast<void>(view);
        }
    }

    [[nodiscard]] SessionId root() const {
        return SessionId::from_name("root", store_->facts().partition_count);
    }

    const Plan plan_;
    RestingClock clock_;
    const app::Settings settings_;
    app::WorldOutside outside_;
    std::unique_ptr<store::Store> store_;
    HaltingStore halting_;
    std::atomic<bool> ended_ = false;
    std::atomic<bool> starting_ = false;
    std::atomic<bool> waiting_ = false;
    std::uint64_t stuck_at_ = 0;
    std::chrono::steady_clock::time_point stuck_since_;
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<engine::Subscription> subscription_;
    std::unique_ptr<api::BasicHttp> basic_http_;
    std::unique_ptr<http::Server> server_;
};

}  // namespace
}  // namespace fermata::tests

int main(int argc, char** argv) {
    fermata::log::configure({});
    fermata::tests::Stepper stepper(fermata::tests::parse(argc, argv));
    const int code = stepper.run();
    // As a crash would: nothing is closed, nothing is flushed.
    std::_Exit(code);
}

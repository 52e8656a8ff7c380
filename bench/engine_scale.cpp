// What the engine itself costs: memory of sessions that wait, and the durable path of an event, on
// a store that keeps nothing. Prints one JSON object: name -> figure.
//
//   fermata_scale SHARED_FOLDER [NAME...]
//
// Every figure comes from a process of its own, since memory that was used once is seldom given
// back. Costs are processor time of the engine's thread, so that other work on the machine does not
// count.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "engine/engine.h"
#include "forgetful_store.h"
#include "heap.h"
#include "workload.h"

namespace fermata::bench {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kSessions = 200'000;
constexpr std::size_t kMillion = 1'000'000;
constexpr std::size_t kEvents = 1'000'000;
// Calls under way at a time: below the engine's own bound.
constexpr std::size_t kWindow = 2'000;

// Nothing outside is there.
class NoOutside final : public engine::Outside {
  public:
    void fetch(engine::FetchRequest request,
               std::function<void(Result<engine::FetchAnswer>)> done) override {
        done(Error(ErrorCode::kNotFound, request.url));
    }
    void send(engine::HttpSend send, std::function<void(Result<void>)> done) override {
        done(Error(ErrorCode::kForbidden, send.url));
    }
    [[nodiscard]] std::string basic_http_location(const std::string& /*session*/) const override {
        return {};
    }
};

double processor_seconds(clockid_t clock) {
    timespec spent{};
    clock_gettime(clock, &spent);
    return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

// Calls of which at most kWindow are unanswered.
class Window {
  public:
    void begin_call() {
        while (under_way_.load(std::memory_order_relaxed) >= kWindow) {
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
        ++under_way_;
    }
    void end_call(bool ok) {
        if (!ok) {
            std::fputs("a call failed\n", stderr);
            std::_Exit(1);
        }
        --under_way_;
    }
    void drain() {
        while (under_way_ != 0) {
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
    }

  private:
    std::atomic<std::size_t> under_way_ = 0;
};

// One shard on a store that forgets, and the sessions started on it.
class Scale {
  public:
    explicit Scale(const std::string& text, std::uint64_t active_max = 10 * kMillion) {
        engine::Options options;
        options.shards = 1;
        options.seed = 1;
        options.session.pending_events_max = 2 * kWindow;  // few sessions take all calls
        options.session.macrosteps_per_run_max = 1;        // every event has a commit of its own
        options.active_max = active_max;
        options.passivate_after = std::chrono::hours(24);
        auto made = engine::Engine::create(options, store_, outside_, clock_);
        if (!made) {
            std::fputs(made.error().to_string().c_str(), stderr);
            std::_Exit(1);
        }
        engine_ = *std::move(made);
        window_.begin_call();
        engine_->put_document("chart", text,
                              [this](const auto& answer) { window_.end_call(answer.has_value()); });
        window_.drain();
        start(1);  // what belongs to the chart is there before anything is measured
    }

    void start(std::size_t count) {
        const std::size_t first = ids_.size();
        ids_.resize(first + count);
        for (std::size_t at = first; at < ids_.size(); ++at) {
            engine::StartRequest request;
            request.src = "document:chart";
            window_.begin_call();
            engine_->start(std::move(request), [this, at](const auto& outcome) {
                if (outcome && outcome->answer) {
                    ids_[at] = outcome->answer->session;
                }
                window_.end_call(outcome && outcome->answer.has_value());
            });
        }
        window_.drain();
    }

    // Seconds of processor time that an event costs the engine, spread at random over all sessions.
    double event_seconds(std::size_t events) {
        Random random(1);
        const double all = processor_seconds(CLOCK_PROCESS_CPUTIME_ID);
        const double ours = processor_seconds(CLOCK_THREAD_CPUTIME_ID);
        for (std::size_t sent = 0; sent < events; ++sent) {
            engine::EventRequest request;
            request.session = ids_[random.below(ids_.size())].to_string();
            request.event.name = "e";
            window_.begin_call();
            engine_->send(std::move(request),
                          [this](const auto& answer) { window_.end_call(answer.has_value()); });
        }
        window_.drain();
        const double spent = processor_seconds(CLOCK_PROCESS_CPUTIME_ID) - all -
                             (processor_seconds(CLOCK_THREAD_CPUTIME_ID) - ours);
        return spent / static_cast<double>(events);
    }

    // Until nothing of what was started is in memory but the last one.
    void await_passivation() {
        while (engine_->counters().sessions_active > 1) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    void forget_ids() { std::vector<SessionId>().swap(ids_); }
    void reserve_ids(std::size_t count) { ids_.reserve(count + 1); }

  private:
    ForgetfulStore store_;
    NoOutside outside_;
    SystemClock clock_;
    std::unique_ptr<engine::Engine> engine_;
    std::vector<SessionId> ids_;
    Window window_;
};

// The same document with one timer that is armed in its first state.
std::string with_timer(std::string text) {
    const std::string send = R"(<onentry><send event="late" delay="3600s"/></onentry>)";
    const std::size_t state = text.find("<state ");
    return text.insert(text.find('>', state) + 1, send);
}

// Heap that each live session holds, everything that the engine keeps for it included.
double idle_heap(const std::string& text) {
    Scale scale(text);
    scale.reserve_ids(kSessions);
    const std::size_t before = heap_bytes();
    scale.start(kSessions);
    return static_cast<double>(heap_bytes() - before) / static_cast<double>(kSessions);
}

double idle_resident(const std::string& text, std::size_t sessions) {
    Scale scale(text);
    const double before = resident_bytes();
    scale.start(sessions);
    scale.forget_ids();
    trim_heap();
    return (resident_bytes() - before) / static_cast<double>(sessions);
}

double passivated_heap(const std::string& text) {
    Scale scale(text, 1);
    scale.reserve_ids(kSessions);
    const std::size_t before = heap_bytes();
    scale.start(kSessions);
    scale.await_passivation();
    return static_cast<double>(heap_bytes() - before) / static_cast<double>(kSessions);
}

double million_megabytes(const std::string& text) {
    Scale scale(text);
    scale.start(kMillion);
    scale.forget_ids();
    trim_heap();
    return resident_bytes() / 1e6;
}

double events_per_second(const std::string& text) {
    Scale scale(text);
    scale.start(1'000);
    scale.event_seconds(kEvents / 10);
    const auto begin = Steady::now();
    scale.event_seconds(kEvents);
    return static_cast<double>(kEvents) /
           std::chrono::duration<double>(Steady::now() - begin).count();
}

double event_nanoseconds(const std::string& text, std::size_t sessions) {
    Scale scale(text);
    scale.start(sessions - 1);
    scale.event_seconds(kEvents / 10);
    return scale.event_seconds(kEvents) * 1e9;
}

struct Figure {
    std::string name;
    std::function<double()> measure;
};

// The figure, from a process of its own.
double measured_apart(const Figure& figure) {
    int ends[2];
    if (pipe(ends) != 0) {
        std::abort();
    }
    const pid_t child = fork();
    if (child == 0) {
        const double value = figure.measure();
        const ssize_t written = write(ends[1], &value, sizeof value);
        std::_Exit(written == sizeof value ? 0 : 1);
    }
    close(ends[1]);
    double value = -1;
    if (read(ends[0], &value, sizeof value) != sizeof value) {
        std::fprintf(stderr, "%s could not be measured\n", figure.name.c_str());
    }
    close(ends[0]);
    waitpid(child, nullptr, 0);
    return value;
}

std::vector<Figure> figures(const std::string& shared) {
    const std::string folder = shared + "/workloads/";
    const std::string null = read_file(folder + "small-null.scxml");
    const std::string ecma = read_file(folder + "small-ecma.scxml");
    const std::string ping_null = read_file(folder + "pingpong-null.scxml");
    const std::string ping_ecma = read_file(folder + "pingpong-ecma.scxml");
    return {
        {"engine_idle_null_bytes", [=] { return idle_heap(null); }},
        {"engine_idle_null_resident", [=] { return idle_resident(null, kSessions); }},
        {"engine_idle_ecma_bytes", [=] { return idle_heap(ecma); }},
        {"engine_idle_ecma_resident", [=] { return idle_resident(ecma, kSessions); }},
        {"engine_idle_timer_bytes", [=] { return idle_heap(with_timer(ecma)); }},
        {"engine_passivated_bytes", [=] { return passivated_heap(null); }},
        {"engine_passivated_timer_bytes", [=] { return passivated_heap(with_timer(null)); }},
        {"engine_million_megabytes", [=] { return million_megabytes(with_timer(ecma)); }},
        {"engine_events_null", [=] { return events_per_second(ping_null); }},
        {"engine_events_ecma", [=] { return events_per_second(ping_ecma); }},
        {"engine_event_ns_null", [=] { return event_nanoseconds(ping_null, 10); }},
        {"engine_event_ns_null_million", [=] { return event_nanoseconds(ping_null, kMillion); }},
        {"engine_event_ns_ecma", [=] { return event_nanoseconds(ping_ecma, 10); }},
        {"engine_event_ns_ecma_million", [=] { return event_nanoseconds(ping_ecma, kMillion); }},
    };
}

void print_all(const std::string& shared, const std::vector<std::string>& wanted) {
    const char* separator = "{";
    for (const Figure& figure : figures(shared)) {
        const bool is_wanted =
            wanted.empty() || std::find(wanted.begin(), wanted.end(), figure.name) != wanted.end();
        if (is_wanted) {
            std::printf("%s\"%s\": %.6g", separator, figure.name.c_str(), measured_apart(figure));
            std::fflush(stdout);
            separator = ",\n";
        }
    }
    std::puts("}");
}

}  // namespace
}  // namespace fermata::bench

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const std::string shared = arguments.empty() ? "../shared" : arguments[0];
    fermata::bench::print_all(
        shared, arguments.empty()
                    ? arguments
                    : std::vector<std::string>(arguments.begin() + 1, arguments.end()));
    return 0;
}

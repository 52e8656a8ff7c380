// The figures that docs/internals/performance.md sets goals for, measured on one thread without an
// engine. Prints one JSON object: name -> figure (per second, or bytes).
//
//   fermata_goals SHARED_FOLDER
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "heap.h"
#include "scxml/session_state.h"
#include "workload.h"

namespace fermata::bench {
namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point begin) {
    return std::chrono::duration<double>(Steady::now() - begin).count();
}

// The best of three runs: the machine's other work only ever makes a run slower.
double best_rate(double count, const std::function<void()>& run) {
    double best = 0;
    for (int round = 0; round < 3; ++round) {
        const auto begin = Steady::now();
        run();
        best = std::max(best, count / seconds_since(begin));
    }
    return best;
}

double external_rate(const std::string& file, const std::string& event_name, int count,
                     int transitions_each) {
    Bench bench(wide_limits());
    scxml::Session session = bench.start(load_file(file));
    const value::Event event = event_named(event_name);
    return best_rate(static_cast<double>(count) * transitions_each, [&] {
        for (int sent = 0; sent < count; ++sent) {
            bench.step(session, event);
        }
    });
}

double raised_ecma_rate(const std::string& file, double transitions) {
    Bench bench(wide_limits());
    const auto chart = load_file(file);
    return best_rate(transitions, [&] {
        scxml::Session session = bench.start(chart);
        bench.step(session, event_named("go"));
    });
}

double start_rate(const std::string& file, int count) {
    Bench bench(wide_limits());
    const auto chart = load_file(file);
    return best_rate(count, [&] {
        for (int started = 0; started < count; ++started) {
            bench.start(chart);
        }
    });
}

double new_text_rate(const std::string& file, int count) {
    Bench bench(wide_limits());
    const std::string text = read_file(file);
    int version = 0;
    return best_rate(count, [&] {
        for (int started = 0; started < count; ++started) {
            bench.start(load_text(text + "<!-- " + std::to_string(++version) + " -->",
                                  "file:///changed.scxml"));
        }
    });
}

// Heap held by each idle session, the session object included.
double idle_bytes(const std::string& file, std::size_t count) {
    Bench bench(wide_limits());
    const auto chart = load_file(file);
    bench.start(chart);
    std::vector<scxml::Session> sessions;
    const std::size_t before = heap_bytes();
    sessions.reserve(count);
    for (std::size_t started = 0; started < count; ++started) {
        sessions.push_back(bench.start(chart));
    }
    return static_cast<double>(heap_bytes() - before) / static_cast<double>(count);
}

class Collector final : public script::ItemSink {
  public:
    void item(std::string_view name, std::string_view encoded) override {
        items_.emplace_back(name, value::Value::from_trusted_bytes(std::string(encoded)));
    }
    void warning(std::string_view /*text*/) override {}
    [[nodiscard]] const scxml::Parameters& items() const { return items_; }

  private:
    scxml::Parameters items_;
};

// A whole session as bytes: interpreter state and every data item.
class SnapshotWriter final : public script::ItemSink {
  public:
    const std::string& write(scxml::Session& session) {
        value::Writer fresh(std::move(buffer_));
        writer_ = std::move(fresh);
        scxml::encode(session.state, *session.chart, writer_);
        session.data->snapshot(*this);
        buffer_ = writer_.take();
        return buffer_;
    }
    void forget() { buffer_.clear(); }
    void item(std::string_view name, std::string_view encoded) override {
        writer_.text(name);
        writer_.text(encoded);
    }
    void warning(std::string_view /*text*/) override {}

  private:
    value::Writer writer_;
    std::string buffer_;
};

struct SnapshotFigures {
    double bytes = 0;
    double snapshots = 0;
    double restores = 0;
};

SnapshotFigures snapshot_figures(const std::string& file, int count) {
    Bench bench(wide_limits());
    const auto chart = load_file(file);
    scxml::Session session = bench.start(chart);
    SnapshotWriter writer;
    SnapshotFigures figures;
    // The document's hash travels with the snapshot: sixteen bytes of it.
    figures.bytes = 16 + static_cast<double>(writer.write(session).size());
    figures.snapshots = best_rate(count, [&] {
        for (int written = 0; written < count; ++written) {
            writer.forget();
            writer.write(session);
        }
    });

    Collector items;
    session.data->snapshot(items);
    value::Writer state;
    scxml::encode(session.state, *chart, state);
    figures.restores = best_rate(count, [&] {
        for (int restored = 0; restored < count; ++restored) {
            value::Reader reader(state.bytes());
            scxml::Session copy;
            copy.chart = chart;
            copy.state = std::move(*scxml::decode(*chart, reader));
            copy.data = bench.runtime().create_data_model(chart->program());
            if (!scxml::restore_data(copy, bench.surroundings(), items.items())) {
                std::abort();
            }
        }
    });
    return figures;
}

class MarkCounter final : public scxml::Observer {
  public:
    explicit MarkCounter(scxml::StateIndex mark) : mark_(mark) {}
    void on_event(const value::Event& /*event*/) override {}
    void on_exited(const scxml::Chart& /*chart*/, scxml::StateIndex /*state*/) override {}
    void on_transition(const scxml::Chart& /*chart*/,
                       scxml::TransitionIndex /*transition*/) override {}
    void on_entered(const scxml::Chart& /*chart*/, scxml::StateIndex state) override {
        count_ += state == mark_;
    }
    [[nodiscard]] double count() const { return static_cast<double>(count_); }

  private:
    scxml::StateIndex mark_;
    std::uint64_t count_ = 0;
};

// One run of an endless eventless cycle, which the microstep bound ends; seconds it took.
double endless_run(Bench& bench, const std::shared_ptr<const scxml::Chart>& chart,
                   scxml::Observer* observer) {
    scxml::Session session;
    session.chart = chart;
    session.data = bench.runtime().create_data_model(chart->program());
    const auto begin = Steady::now();
    bench.interpreter().start(session, {}, bench.surroundings(), bench.effects(), observer);
    const double seconds = seconds_since(begin);
    bench.effects().clear();
    return seconds;
}

// Entries into `mark` per second. How many there are per microstep is counted in a short run that
// is watched; the long ones are not, since an observer must be told of every state.
double marks_rate(const std::string& file, std::uint32_t microsteps) {
    constexpr std::uint32_t kWatched = 1000;
    SessionLimits limits = wide_limits();
    limits.microstep_count_max = kWatched;
    Bench watched(limits);
    const auto chart = load_file(file);
    MarkCounter marks(chart->find_state("mark"));
    endless_run(watched, chart, &marks);

    limits.microstep_count_max = microsteps;
    Bench bench(limits);
    double best = 1e9;
    for (int round = 0; round < 3; ++round) {
        best = std::min(best, endless_run(bench, chart, nullptr));
    }
    return marks.count() / kWatched * microsteps / best;
}

// Events per second spread at random over that many sessions.
double spread_rate(const std::string& file, std::size_t session_count, int events) {
    Bench bench(wide_limits());
    const auto chart = load_file(file);
    std::vector<scxml::Session> sessions;
    sessions.reserve(session_count);
    for (std::size_t started = 0; started < session_count; ++started) {
        sessions.push_back(bench.start(chart));
    }
    const value::Event event = event_named("e");
    Random random(1);
    return best_rate(events, [&] {
        for (int sent = 0; sent < events; ++sent) {
            bench.step(sessions[random.below(session_count)], event);
        }
    });
}

double large_document_seconds(const std::string& file) {
    const std::string text = read_file(file);
    double best = 1e9;
    for (int round = 0; round < 3; ++round) {
        const auto begin = Steady::now();
        load_text(text, "file:///large.scxml");
        best = std::min(best, seconds_since(begin));
    }
    return best;
}

void print(const char* name, double figure, bool last = false) {
    std::printf("\"%s\": %.6g%s\n", name, figure, last ? "}" : ",");
    std::fflush(stdout);
}

void measure(const std::string& shared) {
    const std::string workloads = shared + "/workloads/";
    const std::string large = shared + "/suites/uscxml-benchmarks/";
    std::printf("{");
    print("external_null", external_rate(workloads + "pingpong-null.scxml", "e", 2'000'000, 1));
    print("raised_null", external_rate(workloads + "chain10-null.scxml", "go", 400'000, 10));
    print("external_ecma", external_rate(workloads + "pingpong-ecma.scxml", "e", 1'000'000, 1));
    print("raised_ecma", raised_ecma_rate(workloads + "raise-ecma-1000000.scxml", 1e6));
    print("start_null", start_rate(workloads + "small-null.scxml", 400'000));
    print("start_ecma", start_rate(workloads + "small-ecma.scxml", 100'000));
    print("start_new_text", new_text_rate(workloads + "small-null.scxml", 10'000));
    print("idle_null_bytes", idle_bytes(workloads + "small-null.scxml", 100'000));
    print("idle_ecma_bytes", idle_bytes(workloads + "small-ecma.scxml", 100'000));
    const SnapshotFigures figures = snapshot_figures(workloads + "small-ecma.scxml", 300'000);
    print("snapshot_bytes", figures.bytes);
    print("snapshots", figures.snapshots);
    print("restores", figures.restores);
    print("lcca_64", marks_rate(large + "LCCA.64.scxml", 20'000));
    print("transitions_64", marks_rate(large + "Transitions.64.scxml", 400'000));
    print("load_large_seconds", large_document_seconds(large + "LCCA.64.scxml"));
    const double few = spread_rate(workloads + "pingpong-null.scxml", 10, 1'000'000);
    const double many = spread_rate(workloads + "pingpong-null.scxml", 1'000'000, 1'000'000);
    print("flat_null", few / many);
    const double few_ecma = spread_rate(workloads + "pingpong-ecma.scxml", 10, 500'000);
    const double many_ecma = spread_rate(workloads + "pingpong-ecma.scxml", 1'000'000, 500'000);
    print("flat_ecma", few_ecma / many_ecma, true);
}

}  // namespace
}  // namespace fermata::bench

int main(int argc, char** argv) {
    fermata::bench::measure(argc > 1 ? argv[1] : "../shared");
    return 0;
}

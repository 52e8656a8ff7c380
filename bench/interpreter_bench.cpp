// The interpreter alone: events, raised events, large configurations, starts and compilation. One
// thread.
#include <fstream>
#include <iterator>
#include <limits>

#include <benchmark/benchmark.h>

#include "scxml/interpreter.h"
#include "scxml/loader.h"

namespace fermata::scxml {
namespace {

class Quiet final : public Surroundings {
  public:
    [[nodiscard]] std::string session_id() const override { return "bench"; }
    [[nodiscard]] std::vector<script::IoProcessor> io_processors() const override { return {}; }
    [[nodiscard]] bool should_stop() const override { return false; }
    [[nodiscard]] bool is_reachable(std::string_view) const override { return true; }
    [[nodiscard]] std::string unique_id() override { return "id"; }
};

SessionLimits wide_limits() {
    SessionLimits limits;
    limits.microstep_count_max = std::numeric_limits<std::uint32_t>::max();
    limits.state_entry_count_max = std::numeric_limits<std::uint32_t>::max();
    return limits;
}

DocumentText read_document_text(const std::string& path) {
    DocumentText text;
    text.url = "file://" + std::string(FERMATA_SHARED_DIR) + path;
    std::ifstream file(FERMATA_SHARED_DIR + path, std::ios::binary);
    text.bytes.assign(std::istreambuf_iterator<char>(file), {});
    return text;
}

std::shared_ptr<const Chart> load_chart(const std::string& path) {
    return load(read_document_text(path), ResourceSet(), {}).chart;
}

struct Fixture {
    explicit Fixture(const std::string& path, const SessionLimits& limits = wide_limits())
        : interpreter(limits) {
        script::RuntimeOptions options;
        options.limits = limits;
        runtime = std::move(script::Runtime::create(options).value());
        session.chart = load_chart(path);
        if (session.chart != nullptr) {
            renew();
        }
    }
    void renew() {
        session.data = session.chart->program()->expressions.empty()
                           ? nullptr
                           : runtime->create_data_model(session.chart->program());
        interpreter.start(session, {}, surroundings, effects);
        effects.clear();
    }

    std::unique_ptr<script::Runtime> runtime;
    Interpreter interpreter;
    Quiet surroundings;
    Session session;
    Effects effects;
};

// One event sent over and over; `transitions` it causes each time.
void external_events(benchmark::State& state, const char* path, const char* name,
                     std::int64_t transitions) {
    Fixture fixture(path);
    if (fixture.session.chart == nullptr) {
        state.SkipWithError("no such workload");
        return;
    }
    value::Event event;
    event.name = name;
    for ([[maybe_unused]] auto _ : state) {
        fixture.interpreter.step(fixture.session, event, fixture.surroundings, fixture.effects);
    }
    state.SetItemsProcessed(state.iterations() * transitions);
}
BENCHMARK_CAPTURE(external_events, null, "/workloads/pingpong-null.scxml", "e", 1);
BENCHMARK_CAPTURE(external_events, ecmascript, "/workloads/pingpong-ecma.scxml", "e", 1);
BENCHMARK_CAPTURE(external_events, raised_null, "/workloads/chain10-null.scxml", "go", 10);

// Endless eventless circles, cut by the microstep limit: two microsteps an entry of `mark`.
void entries_of_mark(benchmark::State& state, const char* path, std::int64_t microsteps_an_entry) {
    constexpr std::int64_t kEntries = 1000;
    SessionLimits limits = wide_limits();
    limits.microstep_count_max = static_cast<std::uint32_t>(kEntries * microsteps_an_entry);
    Fixture fixture(path, limits);
    if (fixture.session.chart == nullptr) {
        state.SkipWithError("no such document");
        return;
    }
    for ([[maybe_unused]] auto _ : state) {
        fixture.renew();  // both allowances are used up
    }
    state.SetItemsProcessed(state.iterations() * 2 * kEntries);
}
BENCHMARK_CAPTURE(entries_of_mark, LCCA, "/suites/uscxml-benchmarks/LCCA.64.scxml", 2);
BENCHMARK_CAPTURE(entries_of_mark, Transitions, "/suites/uscxml-benchmarks/Transitions.64.scxml",
                  1);

void start_session(benchmark::State& state, const char* path) {
    Fixture fixture(path);
    if (fixture.session.chart == nullptr) {
        state.SkipWithError("no such workload");
        return;
    }
    for ([[maybe_unused]] auto _ : state) {
        fixture.renew();
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(start_session, null, "/workloads/small-null.scxml");
BENCHMARK_CAPTURE(start_session, ecmascript, "/workloads/small-ecma.scxml");

void load_large_document(benchmark::State& state) {
    const DocumentText text = read_document_text("/suites/uscxml-benchmarks/LCCA.64.scxml");
    for ([[maybe_unused]] auto _ : state) {
        benchmark::DoNotOptimize(load(text, ResourceSet(), {}).chart);
    }
}
BENCHMARK(load_large_document)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fermata::scxml

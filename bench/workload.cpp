#include "workload.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace fermata::bench {
namespace {

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "bench: %s\n", why.c_str());
    std::exit(1);
}

}  // namespace

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        give_up("cannot read " + path);
    }
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::shared_ptr<const scxml::Chart> load_text(const std::string& text, const std::string& url) {
    scxml::LoadOutcome outcome = scxml::load({url, text}, {}, {});
    if (outcome.chart == nullptr) {
        give_up(url +
                " is refused: " + (outcome.findings.empty() ? "" : outcome.findings[0].message));
    }
    return outcome.chart;
}

std::shared_ptr<const scxml::Chart> load_file(const std::string& path) {
    return load_text(read_file(path), "file://" + path);
}

Bench::Bench(const SessionLimits& limits) : interpreter_(limits) {
    script::RuntimeOptions options;
    options.limits = limits;
    auto runtime = script::Runtime::create(options);
    if (!runtime) {
        give_up(runtime.error().message());
    }
    runtime_ = std::move(*runtime);
}

scxml::Session Bench::start(const std::shared_ptr<const scxml::Chart>& chart) {
    scxml::Session session;
    session.chart = chart;
    session.data = runtime_->create_data_model(chart->program());
    interpreter_.start(session, {}, surroundings_, effects_);
    effects_.clear();
    return session;
}

void Bench::step(scxml::Session& session, const value::Event& event) {
    interpreter_.step(session, event, surroundings_, effects_);
    effects_.clear();
}

SessionLimits wide_limits() {
    SessionLimits limits;
    limits.microstep_count_max = 2'000'000'000;
    limits.state_entry_count_max = 2'000'000'000;
    return limits;
}

value::Event event_named(const std::string& name) {
    value::Event event;
    event.name = name;
    return event;
}

}  // namespace fermata::bench

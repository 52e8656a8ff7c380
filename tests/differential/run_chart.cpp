#include "differential/run_chart.h"

#include <algorithm>

#include "base/check.h"
#include "scxml/interpreter.h"
#include "scxml/loader.h"

namespace fermata::differential {

namespace {

class QuietSurroundings final : public scxml::Surroundings {
  public:
    [[nodiscard]] std::string session_id() const override { return "differential"; }
    [[nodiscard]] std::vector<script::IoProcessor> io_processors() const override { return {}; }
    [[nodiscard]] bool should_stop() const override { return false; }
    [[nodiscard]] bool is_reachable(std::string_view) const override { return true; }
    [[nodiscard]] std::string unique_id() override { return "id" + std::to_string(++last_); }

  private:
    int last_ = 0;
};

std::string line_of(const scxml::Session& session, const scxml::Effects& effects) {
    std::vector<std::string> active;
    if (session.state.running) {
        active = session.state.active_ids(*session.chart, false);
    }
    std::sort(active.begin(), active.end());
    std::string line;
    for (const std::string& id : active) {
        line += (line.empty() ? "" : " ") + id;
    }
    line += "|";
    bool is_first = true;
    for (const scxml::Effect& effect : effects) {
        if (const auto* log = std::get_if<scxml::LogEffect>(&effect)) {
            line += (is_first ? "" : " ") + log->label + "=" + log->value.to_text();
            is_first = false;
        }
    }
    return line;
}

}  // namespace

ChartRunner::ChartRunner() {
    auto runtime = script::Runtime::create({});
    FERMATA_CHECK(runtime);
    runtime_ = std::move(*runtime);
}

Trace ChartRunner::run(const RandomChart& chart) {
    scxml::DocumentText text;
    text.url = "document:random";
    text.bytes = chart.scxml;
    const scxml::LoadOutcome loaded = scxml::load(text, {}, {});
    if (loaded.chart == nullptr) {
        return {"refused: " + scxml::findings_text(loaded.findings)};
    }
    QuietSurroundings surroundings;
    scxml::Interpreter interpreter{SessionLimits()};
    scxml::Session session;
    session.chart = loaded.chart;
    session.data = runtime_->create_data_model(loaded.chart->program());
    Trace trace;
    scxml::Effects effects;
    interpreter.start(session, {}, surroundings, effects);
    trace.push_back(line_of(session, effects));
    for (const std::string& name : chart.events) {
        effects.clear();
        value::Event event;
        event.name = name;
        interpreter.step(session, event, surroundings, effects);
        trace.push_back(line_of(session, effects));
    }
    return trace;
}

}  // namespace fermata::differential

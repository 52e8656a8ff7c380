#include "engine/moment_recorder.h"

namespace fermata::engine {

void MomentRecorder::add(LiveMoment::Kind kind, std::string name, value::Value value) {
    LiveMoment moment;
    moment.at_ms = at_ms_;
    moment.kind = kind;
    moment.session = session_;
    moment.application = application_;
    moment.name = std::move(name);
    moment.value = std::move(value);
    moments_.push_back(std::move(moment));
}

void MomentRecorder::on_event(const value::Event& event) {
    add(LiveMoment::Kind::kEvent, event.name, event.data);
}

void MomentRecorder::on_exited(const scxml::Chart& chart, scxml::StateIndex state) {
    add(LiveMoment::Kind::kExited, chart.states()[state].id);
}

void MomentRecorder::on_transition(const scxml::Chart& chart, scxml::TransitionIndex transition) {
    const scxml::Transition& taken = chart.transitions()[transition];
    std::string name = chart.states()[taken.source].id + " ->";
    for (const scxml::StateIndex target : chart.targets(taken)) {
        name += ' ';
        name += chart.states()[target].id;
    }
    add(LiveMoment::Kind::kTransition, std::move(name));
}

void MomentRecorder::on_entered(const scxml::Chart& chart, scxml::StateIndex state) {
    add(LiveMoment::Kind::kEntered, chart.states()[state].id);
}

std::vector<LiveMoment> MomentRecorder::take(std::uint64_t seq) {
    for (LiveMoment& moment : moments_) {
        moment.seq = seq;
    }
    return std::move(moments_);
}

}  // namespace fermata::engine

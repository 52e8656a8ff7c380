// MomentRecorder: turns what the interpreter does into moments for live streams. Only made while
// somebody listens.
//
// Threads: the shard's thread; lives for one run.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "engine/view.h"
#include "scxml/interpreter.h"

namespace fermata::engine {

class MomentRecorder final : public scxml::Observer {
  public:
    MomentRecorder(const SessionId& session, std::string application, UnixMillis at_ms)
        : session_(session), application_(std::move(application)), at_ms_(at_ms) {}

    void add(LiveMoment::Kind kind, std::string name, value::Value value = {});
    void on_event(const value::Event& event) override;
    void on_exited(const scxml::Chart& chart, scxml::StateIndex state) override;
    void on_transition(const scxml::Chart& chart, scxml::TransitionIndex transition) override;
    void on_entered(const scxml::Chart& chart, scxml::StateIndex state) override;

    // All moments, with the sequence number of the commit that contains them.
    std::vector<LiveMoment> take(std::uint64_t seq);

  private:
    SessionId session_;
    std::string application_;
    UnixMillis at_ms_;
    std::vector<LiveMoment> moments_;
};

}  // namespace fermata::engine

// SessionHost: answers a data model's questions out of the running session and its surroundings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scxml/chart.h"
#include "scxml/interpreter.h"
#include "scxml/session_state.h"

namespace fermata::scxml {

// Passes on the surroundings' wish to stop, but for a grace after the first time it was obeyed, so
// that the chart can react to error.platform.limit. Counted in questions, since there is no clock
// here.
class StopSignal {
  public:
    static constexpr std::uint32_t kGraceQuestions = 256;

    explicit StopSignal(const Surroundings& surroundings) : surroundings_(surroundings) {}
    [[nodiscard]] bool is_set() {
        if (grace_ > 0) {
            --grace_;
            return false;
        }
        return surroundings_.should_stop();
    }
    void begin_grace() { grace_ = kGraceQuestions; }

  private:
    const Surroundings& surroundings_;
    std::uint32_t grace_ = 0;
};

class SessionHost final : public script::Host {
  public:
    SessionHost(const Chart& chart, const SessionState& state, const Surroundings& surroundings,
                StopSignal& stop)
        : chart_(chart), state_(state), surroundings_(surroundings), stop_(stop) {}

    [[nodiscard]] bool is_active(std::string_view state_id) const override {
        const StateIndex state = chart_.find_state(state_id);
        return state != kNone && state_.configuration.contains(state);
    }
    [[nodiscard]] std::string session_id() const override { return surroundings_.session_id(); }
    [[nodiscard]] std::string session_name() const override {
        return chart_.name().empty() ? surroundings_.session_id() : chart_.name();
    }
    [[nodiscard]] std::vector<script::IoProcessor> io_processors() const override {
        return surroundings_.io_processors();
    }
    [[nodiscard]] bool should_stop() const override { return stop_.is_set(); }

  private:
    const Chart& chart_;
    const SessionState& state_;
    const Surroundings& surroundings_;
    StopSignal& stop_;
};

}  // namespace fermata::scxml

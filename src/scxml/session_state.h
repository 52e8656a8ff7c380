// SessionState: everything of a session that SCXML's algorithm keeps between two macrosteps, except
// data.
//
// Small on purpose: a million idle sessions live in memory. Configurations of charts with up to 64
// states fit one word. It is written and read by encode()/decode() (docs/formats/session.md).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scxml/chart.h"
#include "value/encoding.h"
#include "value/event.h"

namespace fermata::scxml {

// A set of state indices; one word inline for charts of up to 64 states.
class StateSet {
  public:
    StateSet() = default;
    explicit StateSet(StateIndex states);
    StateSet(const StateSet& other);
    StateSet(StateSet&& other) noexcept;
    StateSet& operator=(const StateSet& other);
    StateSet& operator=(StateSet&& other) noexcept;
    ~StateSet();

    [[nodiscard]] bool contains(StateIndex state) const {
        return ((words()[state / 64] >> (state % 64)) & 1U) != 0;
    }
    void insert(StateIndex state) { words()[state / 64] |= std::uint64_t{1} << (state % 64); }
    void erase(StateIndex state) { words()[state / 64] &= ~(std::uint64_t{1} << (state % 64)); }
    void clear();
    [[nodiscard]] bool empty() const;
    // Number of words; every set of one chart has the same.
    [[nodiscard]] std::uint32_t word_count() const { return count_; }
    [[nodiscard]] const std::uint64_t* words() const { return count_ <= 1 ? &inline_ : heap_; }
    [[nodiscard]] std::uint64_t* words() { return count_ <= 1 ? &inline_ : heap_; }
    bool operator==(const StateSet& other) const;

  private:
    union {
        std::uint64_t inline_ = 0;
        std::uint64_t* heap_;
    };
    std::uint32_t count_ = 1;
};

struct SessionState {
    // An invoked child that runs (SCXML 6.4). The engine knows which session it is.
    struct RunningInvoke {
        InvokeIndex invoke = 0;
        std::string invokeid;
        bool operator==(const RunningInvoke&) const = default;
    };
    // A recorded history value (SCXML 3.10).
    struct History {
        StateIndex history = 0;
        std::vector<StateIndex> states;
        bool operator==(const History&) const = default;
    };
    // The parts that most sessions never need; absent means all empty.
    struct Rare {
        std::vector<RunningInvoke> invokes;
        std::vector<History> histories;
        // Internal events: empty at the end of a macrostep, but for a session cut short by a limit.
        std::vector<value::Event> internal_queue;
        // The last event, kept when the chart uses _event, since onexit handlers may still read it.
        std::unique_ptr<value::Event> last_event;
        // Late binding: states whose data was initialised (SCXML 5.3.3).
        StateSet initialised;
    };

    StateSet configuration;
    std::unique_ptr<Rare> rare;
    bool running = false;

    // Active states in document order.
    [[nodiscard]] std::vector<StateIndex> active() const;
    [[nodiscard]] std::vector<std::string> active_ids(const Chart& chart, bool atomic_only) const;
};

void encode(const SessionState& state, const Chart& chart, value::Writer& writer);
// kCorrupt when the bytes do not fit the chart.
Result<SessionState> decode(const Chart& chart, value::Reader& reader);

}  // namespace fermata::scxml

// encode() and decode() of SessionState; the bytes are specified in docs/formats/session.md.

#include "scxml/chart_tables.h"
#include "scxml/session_state.h"

namespace fermata::scxml {

namespace {

// Bits of the first byte: what follows it.
constexpr unsigned kRunning = 1;
constexpr unsigned kInvokes = 2;
constexpr unsigned kHistories = 4;
constexpr unsigned kQueue = 8;
constexpr unsigned kLastEvent = 16;
constexpr unsigned kInitialised = 32;
constexpr unsigned kAllParts = 63;

// Ascending state numbers as differences, since neighbours are close.
void write_states(value::Writer& writer, const std::vector<StateIndex>& states) {
    writer.varint(states.size());
    StateIndex last = 0;
    for (const StateIndex state : states) {
        writer.varint(state - last);
        last = state;
    }
}

std::vector<StateIndex> states_of(const StateSet& set) {
    SessionState holder;
    holder.configuration = set;
    return holder.active();
}

std::vector<StateIndex> atomic_states(const SessionState& state, const ChartTables& tables) {
    std::vector<StateIndex> atomic;
    for (const StateIndex index : state.active()) {
        const StateKind kind = tables.nodes[index].kind;
        if (kind == StateKind::kAtomic || kind == StateKind::kFinal) {
            atomic.push_back(index);
        }
    }
    return atomic;
}

std::uint8_t parts_of(const SessionState& state) {
    unsigned parts = state.running ? kRunning : 0U;
    if (const SessionState::Rare* rare = state.rare.get()) {
        parts |= rare->invokes.empty() ? 0U : kInvokes;
        parts |= rare->histories.empty() ? 0U : kHistories;
        parts |= rare->internal_queue.empty() ? 0U : kQueue;
        parts |= rare->last_event == nullptr ? 0U : kLastEvent;
        parts |= rare->initialised.empty() ? 0U : kInitialised;
    }
    return static_cast<std::uint8_t>(parts);
}

// Reads one state and checks everything against its chart; after the first fault all is refused.
class Decoder {
  public:
    Decoder(const Chart& chart, value::Reader& reader) : tables_(chart.tables()), reader_(reader) {}

    Result<SessionState> run();

  private:
    [[nodiscard]] StateIndex state_count() const {
        return static_cast<StateIndex>(tables_.states.size());
    }
    void read_configuration();
    void read_invokes();
    void read_histories();
    void read_queue();
    void read_initialised();
    std::vector<StateIndex> read_states();
    void complete_configuration(const std::vector<StateIndex>& atomic);
    [[nodiscard]] bool is_legal(StateIndex state) const;
    [[nodiscard]] bool is_possible_history(const SessionState::History& history) const;
    void refuse(const char* why) { fault_ = fault_ == nullptr ? why : fault_; }

    const ChartTables& tables_;
    value::Reader& reader_;
    SessionState state_;
    const char* fault_ = nullptr;
};

Result<SessionState> Decoder::run() {
    const unsigned parts = reader_.byte();
    if ((parts & ~kAllParts) != 0) {
        refuse("unknown parts");
    }
    state_.running = (parts & kRunning) != 0;
    state_.configuration = StateSet(state_count());
    if ((parts & ~kRunning) != 0) {
        state_.rare = std::make_unique<SessionState::Rare>();
    }
    read_configuration();
    if ((parts & kInvokes) != 0) {
        read_invokes();
    }
    if ((parts & kHistories) != 0) {
        read_histories();
    }
    if ((parts & kQueue) != 0) {
        read_queue();
    }
    if ((parts & kLastEvent) != 0) {
        state_.rare->last_event = std::make_unique<value::Event>(value::read_event(reader_));
    }
    if ((parts & kInitialised) != 0) {
        read_initialised();
    }
    if (!reader_.ok()) {
        refuse("damaged");
    }
    if (fault_ != nullptr) {
        return Error(ErrorCode::kCorrupt, std::string("session state: ") + fault_);
    }
    return std::move(state_);
}

std::vector<StateIndex> Decoder::read_states() {
    std::vector<StateIndex> states;
    const std::uint64_t count = reader_.count();
    std::uint64_t last = 0;
    for (std::uint64_t at = 0; at < count && fault_ == nullptr; ++at) {
        const std::uint64_t step = reader_.varint();
        last += step;
        if (step >= state_count() || last >= state_count() || (at > 0 && step == 0)) {
            refuse("a state that the chart does not have");
            return {};
        }
        states.push_back(static_cast<StateIndex>(last));
    }
    return states;
}

void Decoder::read_configuration() {
    const std::vector<StateIndex> atomic = read_states();
    for (const StateIndex index : atomic) {
        const StateKind kind = tables_.nodes[index].kind;
        if (kind != StateKind::kAtomic && kind != StateKind::kFinal) {
            refuse("an active state that is not atomic");
            return;
        }
    }
    if (atomic.empty() == state_.running) {
        refuse(state_.running ? "runs without an active state" : "ended with an active state");
        return;
    }
    complete_configuration(atomic);
}

// Only atomic states are stored: the others are their ancestors.
void Decoder::complete_configuration(const std::vector<StateIndex>& atomic) {
    for (const StateIndex index : atomic) {
        for (StateIndex at = index; at != 0; at = tables_.nodes[at].parent) {
            state_.configuration.insert(at);
        }
    }
    if (!state_.running) {
        return;
    }
    bool is_sound = is_legal(0);
    for (const StateIndex index : state_.active()) {
        is_sound = is_sound && is_legal(index);
    }
    if (!is_sound) {
        refuse("a configuration that the chart cannot be in");
    }
}

// SCXML 3.11: a compound state has one active child, a parallel one all of them.
bool Decoder::is_legal(StateIndex state) const {
    const StateNode& node = tables_.nodes[state];
    std::uint32_t children = 0;
    std::uint32_t active = 0;
    for (StateIndex child = state + 1; child < node.subtree_end;
         child = tables_.nodes[child].subtree_end) {
        if (!is_history(tables_.nodes[child].kind)) {
            ++children;
            active += state_.configuration.contains(child) ? 1 : 0;
        }
    }
    return node.kind == StateKind::kParallel ? active == children
                                             : active == (children == 0 ? 0 : 1);
}

void Decoder::read_invokes() {
    const std::uint64_t count = reader_.count();
    for (std::uint64_t at = 0; at < count && fault_ == nullptr; ++at) {
        const std::uint64_t index = reader_.varint();
        std::string invokeid(reader_.text());
        if (index >= tables_.invokes.size() || invokeid.empty() ||
            !state_.configuration.contains(tables_.invokes[index].state)) {
            refuse("an invoke that cannot run");
            return;
        }
        state_.rare->invokes.push_back({static_cast<InvokeIndex>(index), std::move(invokeid)});
    }
}

void Decoder::read_histories() {
    const std::uint64_t count = reader_.count();
    for (std::uint64_t at = 0; at < count && fault_ == nullptr; ++at) {
        SessionState::History history;
        const std::uint64_t index = reader_.varint();
        history.states = read_states();
        if (index >= state_count() || !is_history(tables_.nodes[index].kind)) {
            refuse("a history state that the chart does not have");
            return;
        }
        history.history = static_cast<StateIndex>(index);
        if (!is_possible_history(history)) {
            refuse("a history value that cannot be");
            return;
        }
        state_.rare->histories.push_back(std::move(history));
    }
}

bool Decoder::is_possible_history(const SessionState::History& history) const {
    const StateIndex parent = tables_.nodes[history.history].parent;
    const bool is_deep = tables_.nodes[history.history].kind == StateKind::kDeepHistory;
    for (const StateIndex state : history.states) {
        const StateNode& node = tables_.nodes[state];
        const bool is_atomic = node.kind == StateKind::kAtomic || node.kind == StateKind::kFinal;
        const bool is_child = node.parent == parent && !is_history(node.kind);
        if (!is_descendant(tables_.nodes.data(), state, parent) ||
            !(is_deep ? is_atomic : is_child)) {
            return false;
        }
    }
    return !history.states.empty();
}

void Decoder::read_queue() {
    const std::uint64_t count = reader_.count();
    for (std::uint64_t at = 0; at < count && reader_.ok(); ++at) {
        state_.rare->internal_queue.push_back(value::read_event(reader_));
    }
}

void Decoder::read_initialised() {
    state_.rare->initialised = StateSet(state_count());
    for (const StateIndex state : read_states()) {
        state_.rare->initialised.insert(state);
    }
}

}  // namespace

void encode(const SessionState& state, const Chart& chart, value::Writer& writer) {
    const std::uint8_t parts = parts_of(state);
    writer.byte(parts);
    write_states(writer, atomic_states(state, chart.tables()));
    if ((parts & kInvokes) != 0) {
        writer.varint(state.rare->invokes.size());
        for (const SessionState::RunningInvoke& running : state.rare->invokes) {
            writer.varint(running.invoke);
            writer.text(running.invokeid);
        }
    }
    if ((parts & kHistories) != 0) {
        writer.varint(state.rare->histories.size());
        for (const SessionState::History& history : state.rare->histories) {
            writer.varint(history.history);
            write_states(writer, history.states);
        }
    }
    if ((parts & kQueue) != 0) {
        writer.varint(state.rare->internal_queue.size());
        for (const value::Event& event : state.rare->internal_queue) {
            value::write_event(writer, event);
        }
    }
    if ((parts & kLastEvent) != 0) {
        value::write_event(writer, *state.rare->last_event);
    }
    if ((parts & kInitialised) != 0) {
        write_states(writer, states_of(state.rare->initialised));
    }
}

Result<SessionState> decode(const Chart& chart, value::Reader& reader) {
    return Decoder(chart, reader).run();
}

}  // namespace fermata::scxml

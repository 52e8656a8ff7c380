// ChartTables: what a Chart is made of, for the compiler that fills it and the interpreter that
// runs it.
//
// Everything is a flat vector; things refer to each other by index. Executable content is one
// vector of instructions with jumps (for <if> and <foreach>), cut into blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "script/program.h"
#include "scxml/chart.h"
#include "scxml/effects.h"
#include "value/event.h"
#include "value/value.h"

namespace fermata::scxml {

// Index into ChartTables::names: an event name that the chart itself raises.
using NameIndex = std::uint32_t;
// Index into ChartTables::constants.
using ConstantIndex = std::uint32_t;

// Look-up by string_view without making a string.
struct TextHash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): standard name
    std::size_t operator()(std::string_view text) const {
        return std::hash<std::string_view>{}(text);
    }
};
template <typename Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

// What entering and leaving a state needs beyond the configuration: the hot half of State.
struct StateNode {
    StateIndex parent = kNone;
    StateIndex subtree_end = 0;
    StateKind kind = StateKind::kAtomic;
    // onentry, invokes, late data, or a final that must tell its parent.
    bool has_entry_work = false;
};

enum class Op : std::uint8_t {
    kRaise,         // a: NameIndex
    kLog,           // a: index into logs
    kAssign,        // a: location, b: expression
    kAssignValue,   // a: location, b: ConstantIndex
    kScript,        // a: expression
    kSend,          // a: index into sends
    kCancel,        // a: index into cancels
    kJumpUnless,    // a: condition, b: instruction to go on with when it does not hold
    kJump,          // b: instruction
    kForeachBegin,  // a: index into foreachs
    kForeachNext,   // b: instruction behind the loop
    kForeachEnd,
};

struct Instruction {
    Op op = Op::kJump;
    std::uint32_t a = 0;
    std::uint32_t b = 0;
};

// An attribute that is a literal or, by its twin with `expr`, evaluated.
struct TextSource {
    std::string literal;
    script::ExpressionId expression = script::kNoExpression;
    [[nodiscard]] bool is_expression() const { return expression != script::kNoExpression; }
};

// Inline content or a fetched resource, decided at compile time (SCXML B.2.1).
struct Constant {
    value::Value value;
    // Not empty: the resource could not be had; using the constant is an error.execution.
    std::string failure;
};

// <content>: nothing, an expression, or a constant.
struct Content {
    bool given = false;
    script::ExpressionId expression = script::kNoExpression;
    ConstantIndex constant = kNone;
};

// <param>, or one name of a namelist.
struct Parameter {
    std::string name;
    script::ExpressionId value = script::kNoExpression;
    // Where an empty <finalize> puts the answer; none for <param expr>.
    script::ExpressionId location = script::kNoExpression;
    Place place;
};

struct Send {
    TextSource event;
    TextSource target;
    TextSource type;
    TextSource delay;
    // Parsed literal delay; negative when the literal is no CSS2 time.
    std::int64_t delay_ms = 0;
    std::string id;
    script::ExpressionId id_location = script::kNoExpression;
    Range parameters;  // namelist first, then <param>, in document order
    Content content;
};

struct Cancel {
    TextSource sendid;
};

struct Log {
    std::string label;
    script::ExpressionId expression = script::kNoExpression;
};

struct Foreach {
    script::ExpressionId array = script::kNoExpression;
    std::string item;
    std::string index;
};

struct Invoke {
    StateIndex state = 0;
    TextSource type;
    TextSource source;
    std::string id;
    script::ExpressionId id_location = script::kNoExpression;
    Range parameters;
    Content content;       // expression only; inline documents are `document`
    std::string document;  // text of the inline document
    bool autoforward = false;
    bool has_finalize = false;
    BlockIndex finalize = kNone;  // none: the empty <finalize/>, which updates the locations
    Place place;
};

struct Data {
    script::DataIndex id = 0;
    script::ExpressionId expression = script::kNoExpression;
    ConstantIndex constant = kNone;
    Place place;
};

struct Donedata {
    Range parameters;
    Content content;
    Place place;
};

// An event name that the chart raises itself, known before it runs.
struct EventName {
    std::string text;
    value::EventType type = value::EventType::kInternal;
};

struct ChartTables {
    // Tells charts apart in caches, also when one lives where another was freed.
    std::uint64_t serial = 0;
    std::string hash;
    std::string url;
    std::string name;
    bool late_binding = false;
    bool uses_basic_http = false;
    // An expression may look at _event.
    bool uses_event = false;
    // An onexit handler may look at the event that came last, even when the session is cancelled.
    bool keeps_event = false;
    bool has_invokes = false;
    std::shared_ptr<const script::Program> program;

    std::vector<State> states;
    std::vector<StateNode> nodes;  // one a state
    TextMap<StateIndex> state_ids;
    std::vector<Transition> transitions;
    std::vector<StateIndex> targets;
    // Descriptors in their shortest form: without ".*" or "." at the end; "*" matches every event.
    std::vector<std::string> descriptors;
    // One a transition: the state whose proper descendants it exits; none for a targetless one.
    // kDynamicDomain when a history state is among the targets (SCXML appendix D,
    // getEffectiveTargetStates).
    std::vector<StateIndex> domains;
    std::vector<StateIndex> history_states;

    // Bit sets over states, as in a configuration.
    std::vector<std::uint64_t> atomic_states;
    std::vector<std::uint64_t> exit_work_states;  // onexit or invokes
    std::vector<std::uint64_t> history_parents;

    std::vector<Instruction> instructions;
    std::vector<Place> instruction_places;  // one an instruction
    std::vector<Range> blocks;              // of instructions
    std::vector<Send> sends;
    std::vector<Cancel> cancels;
    std::vector<Log> logs;
    std::vector<Foreach> foreachs;
    std::vector<Parameter> parameters;
    std::vector<Invoke> invokes;
    std::vector<Data> data;
    std::vector<std::uint32_t> data_in_document_order;
    std::vector<Donedata> donedata;
    std::vector<Constant> constants;
    std::vector<EventName> names;
    // One a state: its done.state event.
    std::vector<NameIndex> done_names;
    // The top-level <script>.
    BlockIndex script = kNone;
};
inline constexpr StateIndex kDynamicDomain = kNone - 1;

// SCXML appendix D findLCCA over static targets: the domain of a transition with targets.
StateIndex transition_domain(const ChartTables& tables, StateIndex source, bool internal,
                             const StateIndex* first, const StateIndex* last);

inline bool is_descendant(const StateNode* nodes, StateIndex state, StateIndex ancestor) {
    return state > ancestor && state < nodes[ancestor].subtree_end;
}

inline bool is_history(StateKind kind) {
    return kind == StateKind::kShallowHistory || kind == StateKind::kDeepHistory;
}

// The element that an instruction comes from, for error events.
std::string_view element_name(Op op);

}  // namespace fermata::scxml

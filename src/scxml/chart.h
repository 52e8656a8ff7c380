// Chart: a compiled document. Flat tables, numbered in document order; immutable and shared by all
// sessions and shards.
//
// A state's subtree is the interval [state, subtree_end), so that "is descendant" is two
// comparisons and an exit set is a range. State 0 is the <scxml> element itself.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "script/program.h"
#include "value/value.h"

namespace fermata::scxml {

using StateIndex = std::uint32_t;
using TransitionIndex = std::uint32_t;
using InvokeIndex = std::uint32_t;
using BlockIndex = std::uint32_t;
inline constexpr std::uint32_t kNone = ~std::uint32_t{0};

// A run of elements in one of the chart's vectors.
struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    [[nodiscard]] bool empty() const { return begin == end; }
    [[nodiscard]] std::uint32_t size() const { return end - begin; }
};

struct Place {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::uint32_t source = 0;  // index into Program::sources
};

enum class StateKind : std::uint8_t {
    kRoot,
    kAtomic,
    kCompound,
    kParallel,
    kFinal,
    kShallowHistory,
    kDeepHistory
};

struct State {
    StateKind kind = StateKind::kAtomic;
    std::string id;  // as in the document; generated ("$3") when it has none
    bool id_given = false;
    StateIndex parent = kNone;
    StateIndex subtree_end = 0;
    std::uint32_t depth = 0;
    Range transitions;                // outgoing, in document order
    TransitionIndex initial = kNone;  // compound states and root: the (possibly implied) initial
                                      // transition; history states: their default transition
    Range onentry;                    // blocks
    Range onexit;                     // blocks
    Range histories;                  // into Chart::history_states: history children
    Range invokes;                    // into Chart::invokes
    Range data;                       // into Chart::data
    std::uint32_t donedata = kNone;   // into Chart::donedata
    Place place;
};

struct Transition {
    StateIndex source = 0;
    Range targets;      // into Chart::targets; empty: targetless
    Range descriptors;  // into Chart::descriptors; empty: eventless
    script::ExpressionId condition = script::kNoExpression;
    BlockIndex block = kNone;
    bool internal = false;
    Place place;
};

// Everything else of a chart (executable content, invokes, data, send parameters) is the
// interpreter's business; see chart_tables.h.
struct ChartTables;

class Chart {
  public:
    explicit Chart(std::unique_ptr<ChartTables> tables);
    ~Chart();
    Chart(const Chart&) = delete;
    Chart& operator=(const Chart&) = delete;

    // SHA-256 over the document and everything included, as 64 hex digits: what a session is bound
    // to.
    [[nodiscard]] const std::string& hash() const;
    [[nodiscard]] const std::string& url() const;
    // `name` of <scxml>, may be empty.
    [[nodiscard]] const std::string& name() const;
    [[nodiscard]] script::DataModelKind datamodel() const;
    [[nodiscard]] const std::shared_ptr<const script::Program>& program() const;
    [[nodiscard]] std::span<const State> states() const;
    [[nodiscard]] std::span<const Transition> transitions() const;
    [[nodiscard]] std::span<const StateIndex> targets(const Transition& transition) const;
    // The event descriptors of a transition as written, such as "error.*".
    [[nodiscard]] std::vector<std::string> events(const Transition& transition) const;
    [[nodiscard]] StateIndex find_state(std::string_view id) const;  // kNone when unknown
    // The document sends or may receive through the BasicHTTP processor.
    [[nodiscard]] bool uses_basic_http() const;
    [[nodiscard]] const ChartTables& tables() const { return *tables_; }
    // About how many bytes the chart holds, for the cache's bound.
    [[nodiscard]] std::size_t memory_bytes() const;

  private:
    std::unique_ptr<ChartTables> tables_;
};

}  // namespace fermata::scxml

#include "scxml/chart.h"

#include <algorithm>

#include "scxml/chart_tables.h"

namespace fermata::scxml {

namespace {

template <typename Element>
std::size_t bytes_of(const std::vector<Element>& elements) {
    return elements.capacity() * sizeof(Element);
}

std::size_t program_bytes(const script::Program& program) {
    std::size_t bytes = bytes_of(program.expressions) + bytes_of(program.data_ids);
    for (const script::Expression& expression : program.expressions) {
        bytes += expression.text.capacity();
    }
    return bytes;
}

}  // namespace

Chart::Chart(std::unique_ptr<ChartTables> tables) : tables_(std::move(tables)) {}

Chart::~Chart() = default;

const std::string& Chart::hash() const {
    return tables_->hash;
}
const std::string& Chart::url() const {
    return tables_->url;
}
const std::string& Chart::name() const {
    return tables_->name;
}
script::DataModelKind Chart::datamodel() const {
    return tables_->program->datamodel;
}
const std::shared_ptr<const script::Program>& Chart::program() const {
    return tables_->program;
}
std::span<const State> Chart::states() const {
    return tables_->states;
}
std::span<const Transition> Chart::transitions() const {
    return tables_->transitions;
}

std::span<const StateIndex> Chart::targets(const Transition& transition) const {
    return std::span<const StateIndex>(tables_->targets)
        .subspan(transition.targets.begin, transition.targets.size());
}

std::vector<std::string> Chart::events(const Transition& transition) const {
    const auto first = tables_->descriptors.begin();
    return {first + transition.descriptors.begin, first + transition.descriptors.end};
}

StateIndex Chart::find_state(std::string_view id) const {
    const auto found = tables_->state_ids.find(id);
    return found == tables_->state_ids.end() ? kNone : found->second;
}

bool Chart::uses_basic_http() const {
    return tables_->uses_basic_http;
}

std::size_t Chart::memory_bytes() const {
    const ChartTables& t = *tables_;
    std::size_t bytes = sizeof(ChartTables) + bytes_of(t.states) + bytes_of(t.nodes) +
                        bytes_of(t.transitions) + bytes_of(t.targets) + bytes_of(t.descriptors) +
                        bytes_of(t.domains) + bytes_of(t.instructions) +
                        bytes_of(t.instruction_places) + bytes_of(t.blocks) + bytes_of(t.sends) +
                        bytes_of(t.parameters) + bytes_of(t.invokes) + bytes_of(t.data) +
                        bytes_of(t.donedata) + bytes_of(t.constants) + bytes_of(t.names) +
                        bytes_of(t.done_names) + 64 * t.state_ids.size();
    for (const Constant& constant : t.constants) {
        bytes += constant.value.bytes().capacity();
    }
    for (const Invoke& invoke : t.invokes) {
        bytes += invoke.document.capacity();
    }
    return bytes + program_bytes(*t.program);
}

StateIndex transition_domain(const ChartTables& tables, StateIndex source, bool internal,
                             const StateIndex* first, const StateIndex* last) {
    const StateNode* nodes = tables.nodes.data();
    const auto all_inside = [&](StateIndex ancestor) {
        return std::all_of(
            first, last, [&](StateIndex target) { return is_descendant(nodes, target, ancestor); });
    };
    if (internal && nodes[source].kind == StateKind::kCompound && all_inside(source)) {
        return source;
    }
    StateIndex ancestor = nodes[source].parent;
    while (ancestor != kNone && ancestor != 0 &&
           (nodes[ancestor].kind == StateKind::kParallel || !all_inside(ancestor))) {
        ancestor = nodes[ancestor].parent;
    }
    return ancestor == kNone ? 0 : ancestor;
}

std::string_view element_name(Op op) {
    switch (op) {
        case Op::kRaise:
            return "raise";
        case Op::kLog:
            return "log";
        case Op::kAssign:
        case Op::kAssignValue:
            return "assign";
        case Op::kScript:
            return "script";
        case Op::kSend:
            return "send";
        case Op::kCancel:
            return "cancel";
        case Op::kJumpUnless:
        case Op::kJump:
            return "if";
        case Op::kForeachBegin:
        case Op::kForeachNext:
        case Op::kForeachEnd:
            return "foreach";
    }
    return "";
}

}  // namespace fermata::scxml

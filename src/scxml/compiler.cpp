#include "scxml/compiler.h"

#include <algorithm>
#include <atomic>
#include <optional>

#include "scxml/content_compiler.h"
#include "scxml/event_name.h"

namespace fermata::scxml {

using script::ExpressionKind;
using value::XmlIndex;
using value::XmlNode;

namespace {

std::atomic<std::uint64_t> last_serial{0};

std::uint32_t size_of(const auto& elements) {
    return static_cast<std::uint32_t>(elements.size());
}

bool is_scxml(const XmlNode& node, std::string_view name) {
    return node.is_element(kScxmlNamespace, name);
}

// Two passes: number the states in document order, then compile what is inside each.
class Compiler {
  public:
    explicit Compiler(const Document& document)
        : document_(document), xml_(document.xml), content_(document, *tables_, *program_) {}

    std::shared_ptr<const Chart> run();

  private:
    struct DataElement {
        XmlIndex element;
        StateIndex state;
    };

    void read_root();
    StateIndex number(XmlIndex element, StateIndex parent, std::uint32_t depth);
    void read_datamodel(XmlIndex element, StateIndex state);
    void compile_state(StateIndex state);
    Range compile_blocks(XmlIndex element, std::string_view kind);
    void compile_transitions(StateIndex state);
    void compile_transition(XmlIndex element, StateIndex source);
    void compile_initial(StateIndex state);
    TransitionIndex add_transition(Transition transition, std::string_view targets);
    void compile_data();
    void compile_histories();
    void mark_states();
    void mark_uses();
    [[nodiscard]] bool is_read_by_onexit() const;
    [[nodiscard]] XmlIndex find_child(XmlIndex element, std::string_view name) const;

    const Document& document_;
    const value::XmlDocument& xml_;
    std::unique_ptr<ChartTables> tables_ = std::make_unique<ChartTables>();
    std::shared_ptr<script::Program> program_ = std::make_shared<script::Program>();
    ContentCompiler content_;
    std::vector<XmlIndex> elements_;          // one a state
    std::vector<DataElement> data_elements_;  // in document order
};

std::shared_ptr<const Chart> Compiler::run() {
    read_root();
    number(0, kNone, 0);
    compile_data();
    for (StateIndex state = 0; state < size_of(tables_->states); ++state) {
        compile_state(state);
    }
    // Behind all outgoing transitions, so that those of one state stay together.
    for (StateIndex state = 0; state < size_of(tables_->states); ++state) {
        compile_initial(state);
    }
    if (const XmlIndex script = find_child(0, "script"); script != value::kNoXml) {
        tables_->script = content_.script_block(script);
    }
    compile_histories();
    mark_states();
    mark_uses();
    tables_->program = program_;
    return std::make_shared<const Chart>(std::move(tables_));
}

void Compiler::read_root() {
    const XmlNode& root = xml_.root();
    const auto attribute = [&](std::string_view name) {
        const std::string* found = root.find_attribute(name);
        return found == nullptr ? std::string() : *found;
    };
    tables_->serial = ++last_serial;
    tables_->hash = document_.hash;
    tables_->url = xml_.sources.empty() ? std::string() : xml_.sources.front();
    tables_->name = attribute("name");
    tables_->late_binding = attribute("binding") == "late";
    program_->sources = xml_.sources;
    program_->datamodel = attribute("datamodel") == "ecmascript"
                              ? script::DataModelKind::kEcmascript
                              : script::DataModelKind::kNull;
    const std::string* realm = root.find_attribute(kFermataNamespace, "realm");
    program_->own_realm = realm != nullptr && *realm == "own";
}

std::optional<StateKind> kind_of(const value::XmlDocument& xml, XmlIndex element) {
    const XmlNode& node = xml.at(element);
    if (!node.is_element() || node.ns != kScxmlNamespace) {
        return std::nullopt;
    }
    if (node.name == "parallel") {
        return StateKind::kParallel;
    }
    if (node.name == "final") {
        return StateKind::kFinal;
    }
    if (node.name == "history") {
        const std::string* type = node.find_attribute("type");
        return type != nullptr && *type == "deep" ? StateKind::kDeepHistory
                                                  : StateKind::kShallowHistory;
    }
    if (node.name == "scxml") {
        return StateKind::kRoot;
    }
    if (node.name != "state") {
        return std::nullopt;
    }
    const bool has_children =
        std::any_of(node.children.begin(), node.children.end(), [&](XmlIndex child) {
            const XmlNode& inner = xml.at(child);
            return is_scxml(inner, "state") || is_scxml(inner, "parallel") ||
                   is_scxml(inner, "final");
        });
    return has_children ? StateKind::kCompound : StateKind::kAtomic;
}

StateIndex Compiler::number(XmlIndex element, StateIndex parent, std::uint32_t depth) {
    const XmlNode& node = xml_.at(element);
    const StateIndex index = size_of(tables_->states);
    State state;
    state.kind = *kind_of(xml_, element);
    state.parent = parent;
    state.depth = depth;
    state.place = to_place(node.place);
    const std::string* id = node.find_attribute("id");
    state.id_given = id != nullptr && state.kind != StateKind::kRoot;
    state.id = state.id_given ? *id : "$" + std::to_string(index);
    if (state.id_given) {
        tables_->state_ids.emplace(state.id, index);
    }
    tables_->states.push_back(std::move(state));
    elements_.push_back(element);
    for (const XmlIndex child : node.children) {
        if (is_scxml(xml_.at(child), "datamodel")) {
            read_datamodel(child, index);
        } else if (kind_of(xml_, child)) {
            number(child, index, depth + 1);
        }
    }
    tables_->states[index].subtree_end = size_of(tables_->states);
    return index;
}

void Compiler::read_datamodel(XmlIndex element, StateIndex state) {
    for (const XmlIndex child : xml_.at(element).children) {
        const XmlNode& node = xml_.at(child);
        if (is_scxml(node, "data")) {
            const std::string* id = node.find_attribute("id");
            program_->data_ids.push_back(id == nullptr ? std::string() : *id);
            data_elements_.push_back({child, state});
        }
    }
}

// Grouped by state, while DataIndex keeps document order for early binding.
void Compiler::compile_data() {
    std::vector<script::DataIndex> order(data_elements_.size());
    for (script::DataIndex index = 0; index < size_of(order); ++index) {
        order[index] = index;
    }
    std::stable_sort(order.begin(), order.end(), [&](script::DataIndex a, script::DataIndex b) {
        return data_elements_[a].state < data_elements_[b].state;
    });
    tables_->data_in_document_order.resize(order.size());
    for (const script::DataIndex index : order) {
        const DataElement& item = data_elements_[index];
        Range& range = tables_->states[item.state].data;
        if (range.empty()) {
            range.begin = size_of(tables_->data);
        }
        tables_->data_in_document_order[index] = size_of(tables_->data);
        tables_->data.push_back(content_.data(item.element, index));
        range.end = size_of(tables_->data);
    }
}

void Compiler::compile_state(StateIndex index) {
    const XmlIndex element = elements_[index];
    const StateKind kind = tables_->states[index].kind;
    if (is_history(kind)) {
        return;
    }
    const Range onentry = compile_blocks(element, "onentry");
    const Range onexit = compile_blocks(element, "onexit");
    tables_->states[index].onentry = onentry;
    tables_->states[index].onexit = onexit;
    compile_transitions(index);
    Range invokes{size_of(tables_->invokes), size_of(tables_->invokes)};
    for (const XmlIndex child : xml_.at(element).children) {
        if (is_scxml(xml_.at(child), "invoke")) {
            tables_->invokes.push_back(content_.invoke(child, index));
        }
    }
    invokes.end = size_of(tables_->invokes);
    tables_->states[index].invokes = invokes;
    if (const XmlIndex donedata = find_child(element, "donedata"); donedata != value::kNoXml) {
        tables_->donedata.push_back(content_.donedata(donedata));
        tables_->states[index].donedata = size_of(tables_->donedata) - 1;
    }
}

Range Compiler::compile_blocks(XmlIndex element, std::string_view kind) {
    const std::uint32_t begin = size_of(tables_->blocks);
    for (const XmlIndex child : xml_.at(element).children) {
        if (is_scxml(xml_.at(child), kind)) {
            content_.block(child);
        }
    }
    return {begin, size_of(tables_->blocks)};
}

void Compiler::compile_transitions(StateIndex state) {
    const std::uint32_t begin = size_of(tables_->transitions);
    for (const XmlIndex child : xml_.at(elements_[state]).children) {
        if (is_scxml(xml_.at(child), "transition")) {
            compile_transition(child, state);
        }
    }
    tables_->states[state].transitions = {begin, size_of(tables_->transitions)};
}

void Compiler::compile_transition(XmlIndex element, StateIndex source) {
    const XmlNode& node = xml_.at(element);
    const auto attribute = [&](std::string_view name) {
        const std::string* found = node.find_attribute(name);
        return found == nullptr ? std::string() : *found;
    };
    Transition transition;
    transition.source = source;
    transition.place = to_place(node.place);
    transition.internal = attribute("type") == "internal";
    transition.condition = content_.attribute(element, "cond", ExpressionKind::kCondition);
    transition.descriptors.begin = size_of(tables_->descriptors);
    for (const std::string& descriptor : split_list(attribute("event"))) {
        tables_->descriptors.emplace_back(normalised_descriptor(descriptor));
    }
    transition.descriptors.end = size_of(tables_->descriptors);
    const BlockIndex block = content_.block(element);
    transition.block = tables_->blocks[block].empty() ? kNone : block;
    add_transition(transition, attribute("target"));
}

// `initial` attribute, or <initial>, or else the first child in document order; for history states
// their default transition.
void Compiler::compile_initial(StateIndex index) {
    const State& state = tables_->states[index];
    const XmlIndex element = elements_[index];
    XmlIndex transition_element = value::kNoXml;
    if (is_history(state.kind)) {
        transition_element = find_child(element, "transition");
    } else if (state.kind != StateKind::kCompound && state.kind != StateKind::kRoot) {
        return;
    } else if (const XmlIndex initial = find_child(element, "initial"); initial != value::kNoXml) {
        transition_element = find_child(initial, "transition");
    }
    Transition transition;
    transition.source = index;
    transition.place = state.place;
    std::string targets;
    if (transition_element != value::kNoXml) {
        const XmlNode& node = xml_.at(transition_element);
        transition.place = to_place(node.place);
        const BlockIndex block = content_.block(transition_element);
        transition.block = tables_->blocks[block].empty() ? kNone : block;
        const std::string* target = node.find_attribute("target");
        targets = target == nullptr ? std::string() : *target;
    } else if (const std::string* initial = xml_.at(element).find_attribute("initial");
               initial != nullptr && !is_history(state.kind)) {
        targets = *initial;
    }
    const TransitionIndex added = add_transition(transition, targets);
    tables_->states[index].initial = added;
    Transition& stored = tables_->transitions[added];
    if (stored.targets.empty() && index + 1 < state.subtree_end) {
        StateIndex child = index + 1;
        while (is_history(tables_->states[child].kind)) {
            child = tables_->states[child].subtree_end;
        }
        tables_->targets.push_back(child);
        stored.targets.end = size_of(tables_->targets);
    }
}

TransitionIndex Compiler::add_transition(Transition transition, std::string_view targets) {
    transition.targets.begin = size_of(tables_->targets);
    for (const std::string& id : split_list(targets)) {
        const auto found = tables_->state_ids.find(id);
        if (found != tables_->state_ids.end()) {
            tables_->targets.push_back(found->second);
        }
    }
    transition.targets.end = size_of(tables_->targets);
    tables_->transitions.push_back(transition);
    return size_of(tables_->transitions) - 1;
}

void Compiler::compile_histories() {
    for (StateIndex index = 0; index < size_of(tables_->states); ++index) {
        State& state = tables_->states[index];
        state.histories.begin = size_of(tables_->history_states);
        for (StateIndex child = index + 1; child < state.subtree_end;
             child = tables_->states[child].subtree_end) {
            if (is_history(tables_->states[child].kind)) {
                tables_->history_states.push_back(child);
            }
        }
        state.histories.end = size_of(tables_->history_states);
    }
}

void Compiler::mark_states() {
    const std::uint32_t words = (size_of(tables_->states) + 63) / 64;
    tables_->atomic_states.assign(words, 0);
    tables_->exit_work_states.assign(words, 0);
    tables_->history_parents.assign(words, 0);
    for (StateIndex index = 0; index < size_of(tables_->states); ++index) {
        const State& state = tables_->states[index];
        const std::uint64_t bit = std::uint64_t{1} << (index % 64);
        const bool is_final = state.kind == StateKind::kFinal;
        if (is_final || state.kind == StateKind::kAtomic) {
            tables_->atomic_states[index / 64] |= bit;
        }
        if (!state.onexit.empty() || !state.invokes.empty()) {
            tables_->exit_work_states[index / 64] |= bit;
        }
        if (!state.histories.empty()) {
            tables_->history_parents[index / 64] |= bit;
        }
        StateNode node;
        node.parent = state.parent;
        node.subtree_end = state.subtree_end;
        node.kind = state.kind;
        node.has_entry_work = is_final || !state.onentry.empty() || !state.invokes.empty() ||
                              (tables_->late_binding && !state.data.empty());
        tables_->nodes.push_back(node);
        const bool has_done =
            state.kind == StateKind::kCompound || state.kind == StateKind::kParallel;
        tables_->done_names.push_back(
            has_done ? content_.name("done.state." + state.id, value::EventType::kPlatform)
                     : kNone);
    }
    for (const Transition& transition : tables_->transitions) {
        const StateIndex* first = tables_->targets.data() + transition.targets.begin;
        const StateIndex* last = tables_->targets.data() + transition.targets.end;
        StateIndex domain = kNone;
        if (std::any_of(first, last, [&](StateIndex target) {
                return is_history(tables_->nodes[target].kind);
            })) {
            domain = kDynamicDomain;
        } else if (first != last) {
            domain =
                transition_domain(*tables_, transition.source, transition.internal, first, last);
        }
        tables_->domains.push_back(domain);
    }
}

// Text that can get at _event without naming it: eval, Function, and names written with escapes.
bool may_use_event(const std::string& text) {
    for (const std::string_view hint : {"_event", "eval", "Function", "constructor", "\\u"}) {
        if (text.find(hint) != std::string::npos) {
            return true;
        }
    }
    return false;
}

void Compiler::mark_uses() {
    for (const script::Expression& expression : program_->expressions) {
        tables_->uses_event = tables_->uses_event || may_use_event(expression.text);
        tables_->uses_basic_http =
            tables_->uses_basic_http || expression.text.find("_ioprocessors") != std::string::npos;
    }
    tables_->keeps_event = tables_->uses_event && is_read_by_onexit();
    tables_->has_invokes = !tables_->invokes.empty();
}

bool Compiler::is_read_by_onexit() const {
    return std::any_of(tables_->states.begin(), tables_->states.end(), [](const State& state) {
        return !state.onexit.empty() || state.donedata != kNone;
    });
}

XmlIndex Compiler::find_child(XmlIndex element, std::string_view name) const {
    for (const XmlIndex child : xml_.at(element).children) {
        if (is_scxml(xml_.at(child), name)) {
            return child;
        }
    }
    return value::kNoXml;
}

}  // namespace

std::shared_ptr<const Chart> compile(const Document& document) {
    return Compiler(document).run();
}

}  // namespace fermata::scxml

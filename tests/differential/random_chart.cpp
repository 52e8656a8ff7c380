#include "differential/random_chart.h"

#include <utility>

#include <fmt/format.h>

namespace fermata::differential {

namespace {

enum class Kind : std::uint8_t { kAtomic, kCompound, kParallel, kFinal, kShallow, kDeep };

constexpr std::size_t kStatesMax = 24;
constexpr std::size_t kDepthMax = 4;
constexpr std::uint32_t kFuel = 12;
constexpr std::size_t kRoot = 0;

struct Node {
    Kind kind = Kind::kAtomic;
    std::size_t parent = kRoot;
    std::size_t end = 0;  // its subtree is [index, end)
    std::size_t depth = 0;
    std::vector<std::size_t> children;
};

bool is_history(const Node& node) {
    return node.kind == Kind::kShallow || node.kind == Kind::kDeep;
}

class Grower {
  public:
    explicit Grower(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    RandomChart grow() {
        nodes_.emplace_back();
        nodes_[kRoot].kind = Kind::kCompound;
        grow_children(kRoot, 2 + choose(3));
        RandomChart chart;
        chart.scxml = fmt::format(
            "<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" version=\"1.0\" "
            "datamodel=\"ecmascript\" name=\"random\"{}>\n"
            "  <datamodel>\n    <data id=\"a\" expr=\"0\"/>\n    <data id=\"b\" expr=\"1\"/>\n"
            "    <data id=\"fuel\" expr=\"{}\"/>\n  </datamodel>\n",
            initial_attribute(kRoot), kFuel);
        for (const std::size_t child : nodes_[kRoot].children) {
            chart.scxml += state_text(child, 1);
        }
        chart.scxml += "</scxml>\n";
        const std::size_t event_count = 1 + choose(10);
        for (std::size_t at = 0; at < event_count; ++at) {
            chart.events.push_back(fmt::format("e{}", 1 + choose(4)));
        }
        for (const Node& node : nodes_) {
            chart.parents.push_back(node.parent);
        }
        chart.transitions = std::move(transitions_);
        return chart;
    }

  private:
    // Below `limit`; 0 when the bytes are used up.
    std::size_t choose(std::size_t limit) {
        if (at_ == bytes_.size()) {
            return 0;
        }
        return bytes_[at_++] % limit;
    }

    void grow_children(std::size_t parent, std::size_t count) {
        for (std::size_t at = 0; at < count; ++at) {
            grow_state(parent, choose_kind(parent, at == 0));
        }
        if (parent != kRoot && choose(3) == 1) {
            grow_state(parent, choose(2) == 0 ? Kind::kShallow : Kind::kDeep);
        }
        nodes_[parent].end = nodes_.size();
    }

    Kind choose_kind(std::size_t parent, bool is_first) {
        const std::size_t roll = choose(9);
        const bool is_full = nodes_.size() > kStatesMax || nodes_[parent].depth + 1 >= kDepthMax;
        if (roll == 8 && nodes_[parent].kind != Kind::kParallel && !is_first) {
            return Kind::kFinal;
        }
        if (is_full || roll < 3 || roll == 8) {
            return Kind::kAtomic;
        }
        return roll < 6 ? Kind::kCompound : Kind::kParallel;
    }

    void grow_state(std::size_t parent, Kind kind) {
        const std::size_t self = nodes_.size();
        Node node;
        node.kind = kind;
        node.parent = parent;
        node.depth = nodes_[parent].depth + 1;
        nodes_.push_back(std::move(node));
        nodes_[parent].children.push_back(self);
        if (kind == Kind::kCompound) {
            grow_children(self, 1 + choose(3));
        } else if (kind == Kind::kParallel) {
            grow_children(self, 2 + choose(2));
        }
        nodes_[self].end = nodes_.size();
    }

    // A state inside `outer`, other than a history; there always is one.
    std::size_t state_inside(std::size_t outer) {
        const std::size_t size = nodes_[outer].end - outer - 1;
        std::size_t state = outer + 1 + choose(size);
        while (is_history(nodes_[state])) {
            state = state + 1 < nodes_[outer].end ? state + 1 : outer + 1;
        }
        return state;
    }

    std::string initial_attribute(std::size_t state) {
        const bool wanted = nodes_[state].kind == Kind::kCompound && choose(3) == 1;
        return wanted ? fmt::format(" initial=\"s{}\"", state_inside(state)) : std::string();
    }

    std::string state_text(std::size_t state, std::size_t level) {
        const std::string indent(2 * level, ' ');
        const Node node = nodes_[state];
        if (is_history(node)) {
            return fmt::format(
                "{0}<history id=\"s{1}\" type=\"{2}\"><transition target=\"s{3}\"><log "
                "label=\"h{1}\" expr=\"a\"/></transition></history>\n",
                indent, state, node.kind == Kind::kDeep ? "deep" : "shallow",
                state_inside(node.parent));
        }
        const char* tag = node.kind == Kind::kFinal      ? "final"
                          : node.kind == Kind::kParallel ? "parallel"
                                                         : "state";
        std::string text =
            fmt::format("{}<{} id=\"s{}\"{}>\n", indent, tag, state, initial_attribute(state));
        text += handler_text(state, "onentry", '+', indent);
        text += handler_text(state, "onexit", '-', indent);
        const std::size_t transitions = node.kind == Kind::kFinal ? 0 : choose(4);
        for (std::size_t at = 0; at < transitions; ++at) {
            text += transition_text(state, indent);
        }
        for (const std::size_t child : node.children) {
            text += state_text(child, level + 1);
        }
        return text + fmt::format("{}</{}>\n", indent, tag);
    }

    std::string handler_text(std::size_t state, std::string_view handler, char mark,
                             const std::string& indent) {
        return fmt::format("{0}  <{1}><log label=\"{2}s{3}\" expr=\"a\"/>{4}</{1}>\n", indent,
                           handler, mark, state, action_text());
    }

    std::string action_text() {
        switch (choose(5)) {
            case 1:
                return fmt::format("<assign location=\"a\" expr=\"(a + {}) % 4\"/>", 1 + choose(3));
            case 2:
                return fmt::format("<assign location=\"b\" expr=\"(b + a + {}) % 4\"/>", choose(3));
            case 3:
                return fmt::format(
                    "<if cond=\"fuel &gt; 0\"><assign location=\"fuel\" expr=\"fuel - 1\"/><raise "
                    "event=\"i{}\"/></if>",
                    1 + choose(2));
            default:
                return {};
        }
    }

    std::string transition_text(std::size_t state, const std::string& indent) {
        const auto [event, burns] = choose_event();
        std::string condition = choose_condition();
        if (burns) {
            condition = condition.empty() ? "fuel &gt; 0" : "fuel &gt; 0 &amp;&amp; " + condition;
        }
        std::string text = indent + "  <transition";
        text += event.empty() ? "" : fmt::format(" event=\"{}\"", event);
        text += condition.empty() ? "" : fmt::format(" cond=\"{}\"", condition);
        const std::string target = choose_target();
        text += target;
        text += choose(3) == 1 ? " type=\"internal\"" : "";
        text +=
            fmt::format("><log label=\"t{}.{}\" expr=\"a * 10 + b\"/>", state, transitions_.size());
        transitions_.push_back({state, !target.empty()});
        text += burns ? "<assign location=\"fuel\" expr=\"fuel - 1\"/>" : "";
        return text + action_text() + "</transition>\n";
    }

    // The descriptors, and whether they can match again and again by themselves.
    std::pair<std::string, bool> choose_event() {
        const std::size_t roll = choose(12);
        switch (roll) {
            case 6:
                return {"e1.* e3", false};
            case 7:
                return {"*", true};
            case 8:
                return {"", true};
            case 9:
                return {fmt::format("done.state.s{}", state_inside(kRoot)), true};
            case 10:
                return {"done", true};
            case 4:
            case 5:
                return {fmt::format("i{}", roll - 3), false};
            default:
                return {fmt::format("e{}", 1 + roll % 4), false};
        }
    }

    std::string choose_condition() {
        switch (choose(6)) {
            case 1:
                return fmt::format("a == {}", choose(4));
            case 2:
                return "a &lt; b";
            case 3:
                return fmt::format("In('s{}')", state_inside(kRoot));
            case 4:
                return fmt::format("!In('s{}')", state_inside(kRoot));
            default:
                return {};
        }
    }

    std::string choose_target() {
        const std::size_t roll = choose(8);
        if (roll == 7) {
            return {};
        }
        if (roll == 6) {
            const std::string targets = region_targets();
            if (!targets.empty()) {
                return fmt::format(" target=\"{}\"", targets);
            }
        }
        const std::size_t state = 1 + choose(nodes_.size() - 1);
        return fmt::format(" target=\"s{}\"", state);
    }

    // One state in each of the first two regions of some <parallel>.
    std::string region_targets() {
        std::vector<std::size_t> parallels;
        for (std::size_t state = 1; state < nodes_.size(); ++state) {
            if (nodes_[state].kind == Kind::kParallel) {
                parallels.push_back(state);
            }
        }
        if (parallels.empty()) {
            return {};
        }
        const Node& parallel = nodes_[parallels[choose(parallels.size())]];
        std::string targets;
        for (std::size_t region = 0; region < 2; ++region) {
            const std::size_t state = parallel.children[region];
            const bool has_states = nodes_[state].end > state + 1;
            targets += fmt::format("{}s{}", region == 0 ? "" : " ",
                                   has_states ? state_inside(state) : state);
        }
        return targets;
    }

    std::span<const std::uint8_t> bytes_;
    std::size_t at_ = 0;
    std::vector<Node> nodes_;
    std::vector<RandomChart::Transition> transitions_;
};

}  // namespace

RandomChart grow_chart(std::span<const std::uint8_t> bytes) {
    return Grower(bytes).grow();
}

}  // namespace fermata::differential

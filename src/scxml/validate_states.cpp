// Ids, and where initial states, transitions and histories lead (SCXML 3.2 to 3.14).
#include <cctype>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "scxml/rule_ids.h"
#include "scxml/validate.h"
#include "scxml/validate_walk.h"

namespace fermata::scxml {

namespace {

using value::kNoXml;
using value::XmlIndex;
using value::XmlNode;

bool is_state(const XmlNode& node) {
    return node.name == "state" || node.name == "parallel" || node.name == "final" ||
           node.name == "history";
}

// NCName (Namespaces in XML 1.0), with every character beyond ASCII taken for a letter.
bool is_ncname(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto letter = static_cast<unsigned char>(text[at]);
        const bool may_start = letter >= 0x80 || std::isalpha(letter) != 0 || letter == '_';
        const bool may_follow =
            may_start || std::isdigit(letter) != 0 || letter == '-' || letter == '.';
        if (at == 0 ? !may_start : !may_follow) {
            return false;
        }
    }
    return !text.empty();
}

class States {
  public:
    States(const value::XmlDocument& xml, Findings& findings)
        : xml_(xml), writer_(xml.sources, findings) {}

    void check() {
        auto collect = [this](const XmlNode& node, XmlIndex index) { collect_id(node, index); };
        walk_elements(xml_, 0, collect);
        auto check_element = [this](const XmlNode& node, XmlIndex index) {
            check_one(node, index);
        };
        walk_elements(xml_, 0, check_element);
    }

  private:
    void collect_id(const XmlNode& node, XmlIndex index) {
        const std::string* id = node.find_attribute("id");
        if (id == nullptr || !(is_state(node) || node.name == "data")) {
            return;
        }
        if (node.name == "data") {
            // What is a legal name is the data model's business; a wrong one fails when the session
            // starts.
            claim(data_, *id, node, index);
            return;
        }
        if (!is_ncname(*id)) {
            writer_.error(
                node.place, rule::kInvalidId,
                fmt::format("id=\"{}\" of <{}> is not a name", *id, node.name),
                "a name starts with a letter or _ and holds letters, digits, '-', '_', '.'");
            return;
        }
        claim(states_, *id, node, index);
    }

    void claim(std::map<std::string_view, XmlIndex>& ids, const std::string& id,
               const XmlNode& node, XmlIndex index) {
        const auto [known, is_new] = ids.emplace(id, index);
        if (!is_new) {
            writer_.error(
                node.place, rule::kDuplicateId,
                fmt::format("id=\"{}\" of <{}> is taken by <{}> in line {}", id, node.name,
                            xml_.at(known->second).name, xml_.at(known->second).place.line));
        }
    }

    void check_one(const XmlNode& node, XmlIndex index) {
        if (node.name == "scxml") {
            check_root(node, index);
        } else if (node.name == "state") {
            check_state(node, index);
        } else if (node.name == "initial" || node.name == "history") {
            check_default(node, index);
        } else if (node.name == "transition") {
            check_transition(node);
        }
    }

    void check_root(const XmlNode& node, XmlIndex index) {
        if (!has_substates(node)) {
            writer_.error(node.place, rule::kMissingElement, "<scxml> has no states",
                          "give it a <state>, <parallel> or <final>");
        }
        check_initial_attribute(node, index);
    }

    void check_state(const XmlNode& node, XmlIndex index) {
        const bool has_element = !children_named(xml_, node, "initial").empty();
        const bool has_initial = has_attribute(node, "initial");
        if (has_element && has_initial) {
            writer_.error(node.place, rule::kConflict, "<state> has both initial and <initial>",
                          "keep one of the two");
        }
        if ((has_element || has_initial) && !has_substates(node)) {
            writer_.error(node.place, rule::kInitialState,
                          fmt::format("{} has an initial state but no states in it", name_of(node)),
                          "remove initial, or give it the states");
            return;
        }
        check_initial_attribute(node, index);
    }

    void check_initial_attribute(const XmlNode& node, XmlIndex index) {
        if (!has_attribute(node, "initial")) {
            return;
        }
        const std::string_view list = attribute_of(node, "initial");
        if (is_blank(list)) {
            writer_.error(node.place, rule::kInitialState,
                          fmt::format("initial of {} is empty", name_of(node)),
                          "name a state, or leave it out for the first one");
            return;
        }
        check_inside(node, "initial", check_targets(node, list, "initial"), index);
    }

    // SCXML 3.6, 3.10: the one transition of <initial> or <history>: where to go, and nothing to
    // ask.
    void check_default(const XmlNode& node, XmlIndex index) {
        const std::vector<XmlIndex> transitions = children_named(xml_, node, "transition");
        if (transitions.size() != 1) {
            writer_.error(node.place,
                          transitions.empty() ? rule::kMissingElement : rule::kRepeatedElement,
                          fmt::format("<{}> needs exactly one <transition>, not {}", node.name,
                                      transitions.size()));
            return;
        }
        const XmlNode& transition = xml_.at(transitions.front());
        if (has_attribute(transition, "event") || has_attribute(transition, "cond")) {
            writer_.error(
                transition.place, rule::kDefaultTransition,
                fmt::format("the transition of <{}> cannot have event or cond", node.name),
                "put the choice into transitions of the states");
        }
        if (is_blank(attribute_of(transition, "target"))) {
            writer_.error(transition.place, rule::kDefaultTransition,
                          fmt::format("the transition of <{}> needs a target", node.name));
            return;
        }
        std::vector<XmlIndex> targets;
        for (const std::string_view id : split_words(attribute_of(transition, "target"))) {
            const auto state = states_.find(id);
            if (state != states_.end()) {
                targets.push_back(state->second);
            }
        }
        check_inside(transition, "target", targets, xml_.at(index).parent);
    }

    void check_transition(const XmlNode& node) {
        const XmlNode& parent = xml_.at(node.parent);
        const bool is_default = parent.name == "initial" || parent.name == "history";
        const bool has_target = has_attribute(node, "target");
        if (!is_default && has_target && is_blank(attribute_of(node, "target"))) {
            writer_.error(node.place, rule::kAttributeValue, "target of <transition> is empty",
                          "leave target out for a transition that stays where it is");
        }
        if (!is_default && has_attribute(node, "event") && is_blank(attribute_of(node, "event"))) {
            writer_.error(node.place, rule::kAttributeValue, "event of <transition> is empty",
                          "leave event out for a transition that needs no event");
        }
        if (parent.name == "scxml") {
            writer_.warning(node.place, rule::kDocumentTransition,
                            "<transition> directly in <scxml> is not in the specification; it is "
                            "taken as one of "
                            "a state around all others",
                            "put the states into one <state> and the transition beside them");
        }
        if (!has_target && !has_attribute(node, "event") && !has_attribute(node, "cond")) {
            writer_.error(node.place, rule::kAimlessTransition,
                          "<transition> has neither event nor cond nor target");
        }
        check_targets(node, attribute_of(node, "target"), "target");
    }

    // The states of a list; reports unknown ones, and lists that no configuration can satisfy
    // (SCXML 3.11).
    std::vector<XmlIndex> check_targets(const XmlNode& node, std::string_view list,
                                        std::string_view attribute) {
        std::vector<XmlIndex> targets;
        for (const std::string_view id : split_words(list)) {
            const auto state = states_.find(id);
            if (state == states_.end()) {
                writer_.error(node.place, rule::kUnknownTarget,
                              fmt::format("{}: there is no state {}", attribute, id));
                continue;
            }
            targets.push_back(state->second);
        }
        check_agreement(node, attribute, targets);
        return targets;
    }

    // SCXML 3.11: a compound state can be in one of its states only. So every target notes, in all
    // that encloses it, which way leads to it; two ways out of one compound state are a
    // contradiction.
    void check_agreement(const XmlNode& node, std::string_view attribute,
                         const std::vector<XmlIndex>& targets) {
        std::map<XmlIndex, XmlIndex> chosen;
        for (const XmlIndex target : targets) {
            XmlIndex below = target;
            for (XmlIndex at = xml_.at(target).parent; at != kNoXml; at = xml_.at(at).parent) {
                const XmlIndex known = chosen.emplace(at, below).first->second;
                if (known != below && xml_.at(at).name != "parallel") {
                    writer_.error(node.place, rule::kIllegalTarget,
                                  fmt::format("{}: {} and {} cannot be active together", attribute,
                                              name_of(xml_.at(known)), name_of(xml_.at(below))),
                                  "states of a list must be in different regions of a <parallel>");
                    return;
                }
                below = at;
            }
        }
    }

    void check_inside(const XmlNode& node, std::string_view attribute,
                      const std::vector<XmlIndex>& targets, XmlIndex outer) {
        for (const XmlIndex target : targets) {
            if (!is_descendant(target, outer)) {
                writer_.error(node.place, rule::kIllegalTarget,
                              fmt::format("{}: {} is not inside {}", attribute,
                                          name_of(xml_.at(target)), name_of(xml_.at(outer))));
            }
        }
    }

    bool is_descendant(XmlIndex state, XmlIndex ancestor) const {
        XmlIndex at = xml_.at(state).parent;
        while (at != kNoXml && at != ancestor) {
            at = xml_.at(at).parent;
        }
        return at == ancestor;
    }

    bool has_substates(const XmlNode& node) const {
        return !children_named(xml_, node, "state").empty() ||
               !children_named(xml_, node, "parallel").empty() ||
               !children_named(xml_, node, "final").empty();
    }

    static std::string name_of(const XmlNode& node) {
        const std::string* id = node.find_attribute("id");
        return id == nullptr ? fmt::format("<{}>", node.name)
                             : fmt::format("<{} id=\"{}\">", node.name, *id);
    }

    const value::XmlDocument& xml_;
    FindingWriter writer_;
    std::map<std::string_view, XmlIndex> states_;
    std::map<std::string_view, XmlIndex> data_;
};

}  // namespace

void validate_states(const value::XmlDocument& xml, Findings& findings) {
    States(xml, findings).check();
}

}  // namespace fermata::scxml

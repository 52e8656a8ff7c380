// Sends, cancels, and the names of events.
#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "scxml/delay.h"
#include "scxml/effects.h"
#include "scxml/lint.h"
#include "scxml/rule_ids.h"
#include "scxml/validate_walk.h"

namespace fermata::scxml {

namespace {

using value::XmlIndex;
using value::XmlNode;

bool is_processor(std::string_view type) {
    constexpr std::array<std::string_view, 6> kKnown{kScxmlProcessor,
                                                     "scxml",
                                                     kBasicHttpProcessor,
                                                     "basichttp",
                                                     "http://www.w3.org/TR/scxml",
                                                     "http://www.w3.org/TR/scxml/"};
    return std::find(kKnown.begin(), kKnown.end(), type) != kKnown.end();
}

class EventsLint {
  public:
    EventsLint(const Document& document, const Chart& chart, FindingWriter& writer)
        : document_(document), writer_(writer) {
        for (const script::Expression& expression : chart.program()->expressions) {
            reads_sendid_ = reads_sendid_ || expression.text.find("sendid") != std::string::npos;
        }
    }

    void check() {
        auto collect = [this](const XmlNode& node, XmlIndex) { collect_ids(node); };
        walk_elements(document_.xml, 0, collect);
        auto look = [this](const XmlNode& node, XmlIndex) { check_one(node); };
        walk_elements(document_.xml, 0, look);
    }

  private:
    void collect_ids(const XmlNode& node) {
        if (node.name == "send") {
            sent_.emplace(attribute_of(node, "id"));
        } else if (node.name == "cancel") {
            cancelled_.emplace(attribute_of(node, "sendid"));
            cancels_any_ = cancels_any_ || has_attribute(node, "sendidexpr");
        } else if (node.name == "invoke") {
            // An id that the platform makes (idlocation) cannot be written as a literal.
            invoked_.emplace(attribute_of(node, "id"));
        }
    }

    void check_one(const XmlNode& node) {
        if (node.name == "send") {
            check_send(node);
        } else if (node.name == "raise") {
            check_event(node);
        } else if (node.name == "cancel") {
            check_cancel(node);
        }
    }

    void check_send(const XmlNode& node) {
        check_event(node);
        check_delay(node);
        const std::string_view type = attribute_of(node, "type");
        if (has_attribute(node, "type") && !is_processor(type)) {
            writer_.warning(node.place, rule::kUnknownSendType,
                            fmt::format("type=\"{}\" is no event processor of this server", type),
                            "the session would get error.execution here");
        }
        check_target(node, attribute_of(node, "target"));
        const std::string_view id = attribute_of(node, "id");
        if (!id.empty() && cancelled_.count(id) == 0 && !cancels_any_ && !reads_sendid_) {
            writer_.note(node.place, rule::kUnusedSendid,
                         fmt::format("nothing cancels or looks at sendid {}", id));
        }
    }

    // "done" events are the platform's way to say that something ended (SCXML 3.12.1).
    void check_event(const XmlNode& node) {
        const std::string_view event = attribute_of(node, "event");
        if (event == "done" || event.starts_with("done.")) {
            writer_.warning(node.place, rule::kReservedEvent,
                            fmt::format("event {} looks like one of the platform's own", event),
                            "choose a name that does not begin with \"done.\"");
        }
    }

    void check_delay(const XmlNode& node) {
        const std::string_view delay = attribute_of(node, "delay");
        if (has_attribute(node, "delay") && !parse_delay(delay)) {
            writer_.warning(node.place, rule::kBadDelay,
                            fmt::format("delay=\"{}\" is not a time", delay),
                            "write it like 2s, 1.5s or 200ms");
        }
    }

    void check_target(const XmlNode& node, std::string_view target) {
        constexpr std::array<std::string_view, 2> kNames{"#_internal", "#_parent"};
        constexpr std::array<std::string_view, 2> kPrefixes{"#_scxml_", "#_request_"};
        if (!target.starts_with("#_") ||
            std::find(kNames.begin(), kNames.end(), target) != kNames.end()) {
            return;
        }
        for (const std::string_view prefix : kPrefixes) {
            if (target.starts_with(prefix)) {
                return;
            }
        }
        const std::string_view id = target.substr(2);
        if (invoked_.count(id) == 0) {
            writer_.warning(node.place, rule::kUnknownInvoke,
                            fmt::format("target=\"{}\": no <invoke> has the id {}", target, id));
        }
    }

    void check_cancel(const XmlNode& node) {
        const std::string_view id = attribute_of(node, "sendid");
        if (!id.empty() && sent_.count(id) == 0) {
            writer_.warning(node.place, rule::kUnknownSendid,
                            fmt::format("no <send> has the id {}", id),
                            "give the <send> this id, or cancel by sendidexpr");
        }
    }

    const Document& document_;
    FindingWriter& writer_;
    std::set<std::string_view> sent_;
    std::set<std::string_view> cancelled_;
    std::set<std::string_view> invoked_;
    bool cancels_any_ = false;
    bool reads_sendid_ = false;
};

}  // namespace

void lint_events(const Document& document, const Chart& chart, FindingWriter& writer) {
    EventsLint(document, chart, writer).check();
}

}  // namespace fermata::scxml

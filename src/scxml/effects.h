// Effects: what a macrostep asks the outside to do. The interpreter returns them in order; the
// engine commits them together with the new state and carries them out afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "value/event.h"
#include "value/value.h"

namespace fermata::scxml {

// I/O processor types (SCXML C.1, C.2); the long forms are what charts and _event.origintype see.
inline constexpr std::string_view kScxmlProcessor =
    "http://www.w3.org/TR/scxml/#SCXMLEventProcessor";
inline constexpr std::string_view kBasicHttpProcessor =
    "http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor";
// invoke type of SCXML children (SCXML 6.4.1)
inline constexpr std::string_view kScxmlInvoke = "http://www.w3.org/TR/scxml/";

enum class Processor : std::uint8_t { kScxml, kBasicHttp };

// <send> (SCXML 6.2). Sends to #_internal never come out of the interpreter.
struct SendEffect {
    Processor processor = Processor::kScxml;
    // SCXML: "" (this session's external queue), "#_parent", "#_scxml_<session id>", "#_<invoke
    // id>", or
    // "#_request_<id>" (answer to a held request). BasicHTTP: the URL.
    std::string target;
    // name, data, sendid as the receiver shall see them; origin and invokeid are the engine's to
    // fill.
    value::Event event;
    // Always set: generated when the element has no id, so that the engine can name the timer.
    std::string sendid;
    std::int64_t delay_ms = 0;
    // BasicHTTP: name=value pairs of namelist and param in document order, for form encoding (SCXML
    // C.2.2).
    std::vector<std::pair<std::string, std::string>> form;
    // BasicHTTP: <content> was given; the body is event.data as text and not a form.
    bool has_content = false;
};

// <cancel> (SCXML 6.3)
struct CancelEffect {
    std::string sendid;
};

// <invoke> (SCXML 6.4): start a child session. The document is `url`, or else `content`.
struct InvokeEffect {
    std::string invokeid;
    std::string type;  // as evaluated; only SCXML children are supported by the interpreter itself
    std::string url;   // resolved against the document's URL
    std::string content;  // document text
    std::vector<std::pair<std::string, value::Value>> params;
    bool autoforward = false;
};

// The state that invoked it was left (SCXML 6.4): end the child.
struct CancelInvokeEffect {
    std::string invokeid;
};

// autoforward: an exact copy of the event to the child (SCXML 6.4.1).
struct ForwardEffect {
    std::string invokeid;
    value::Event event;
};

// <log> (SCXML 4.7); shown after the commit, never needed for correctness.
struct LogEffect {
    std::string label;
    value::Value value;
    std::uint8_t level = 0;  // ORS dialect: 1..4; 0 when not given
};

// The session ended (SCXML 3.7 and the exitInterpreter procedure): it entered a top-level <final>,
// was cancelled, or was ended for a limit. Always the last effect.
enum class EndReason : std::uint8_t { kFinal, kCancelled, kLimit };
struct EndEffect {
    EndReason reason = EndReason::kFinal;
    value::Value donedata;
    // kLimit: which one and where, "max-microstep-count (1000) at order.scxml:12".
    std::string detail;
    // Ids of the states that were active just before the exit, in document order.
    std::vector<std::string> configuration;
};

using Effect = std::variant<SendEffect, CancelEffect, InvokeEffect, CancelInvokeEffect,
                            ForwardEffect, LogEffect, EndEffect>;
using Effects = std::vector<Effect>;

}  // namespace fermata::scxml

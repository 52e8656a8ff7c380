// Event: what a chart receives and sends (SCXML 5.10.1).
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "value/encoding.h"
#include "value/value.h"

namespace fermata::value {

enum class EventType : std::uint8_t {
    kPlatform = 0,  // raised by the platform itself: errors, done events
    kInternal = 1,  // <raise>, or <send> to #_internal
    kExternal = 2,
};

struct Event {
    std::string name;
    EventType type = EventType::kExternal;
    // Empty means "undefined" in the chart, for all of the following.
    std::string sendid;
    std::string origin;
    std::string origintype;
    std::string invokeid;
    Value data;
    // The text of the HTTP message that brought it, when one did (SCXML C.2: _event.raw).
    std::string raw;

    bool operator==(const Event&) const = default;
};

void write_event(Writer& writer, const Event& event);
// The reader's ok() says whether it was whole.
Event read_event(Reader& reader);

}  // namespace fermata::value

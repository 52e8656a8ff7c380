// The message that a BasicHTTP send becomes (SCXML C.2.2).
#pragma once

#include <string>
#include <string_view>

#include "engine/record_codec.h"
#include "scxml/effects.h"
#include "value/event.h"

namespace fermata::engine {

// Parameters and the event's name (as _scxmleventname) form-encoded; or, with <content>, that text
// as it is.
HttpDelivery http_delivery_of(const scxml::SendEffect& send);

// The event that the receiver of that message sees (SCXML C.2.1).
value::Event http_event_of(const scxml::SendEffect& send);

// _event.raw of a message: its head and its body. A text body is percent-encoded, so that raw stays
// one line whatever it holds.
std::string http_raw(std::string_view head, std::string_view content_type, std::string_view body);

}  // namespace fermata::engine

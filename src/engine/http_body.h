// The message that a BasicHTTP send becomes (SCXML C.2.2).
#pragma once

#include "engine/record_codec.h"
#include "scxml/effects.h"

namespace fermata::engine {

// Parameters and the event's name (as _scxmleventname) form-encoded; or, with <content>, that text
// as it is.
HttpDelivery http_delivery_of(const scxml::SendEffect& send);

}  // namespace fermata::engine

// Response: a chart's answer to a held request, on its way from the session that gave it to the
// shard that holds the request.
#pragma once

#include <string>

#include "value/value.h"

namespace fermata::engine {

struct Response {
    std::string request;  // what is behind "#_request_" in the address (engine/requests.h)
    std::string event;    // name of the event that was sent there
    value::Value data;
};

}  // namespace fermata::engine

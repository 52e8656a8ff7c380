// For tests of this and other folders: replies from bytes, without a server.
#pragma once

#include <string_view>

#include "base/result.h"
#include "redis/reply.h"

namespace fermata::redis {

// The first reply in the bytes, RESP2 or RESP3; kCorrupt when they are no such thing or end early.
Result<Reply> decode_reply(std::string_view bytes);

}  // namespace fermata::redis

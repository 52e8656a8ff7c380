// Node text: the record of a cluster's node as it stands in Redis: lines, the first of which is
// "<instance> <beat>", the others "<name>=<value>".
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/nodes.h"

namespace fermata::redis_store {

// Name of the record in the key of the nodes: "7", or "7 standby".
std::string node_field(store::NodeId node, bool standby);
// "<instance> <beat>".
std::string node_identity(std::uint64_t instance, std::uint64_t beat);
// kInvalidArgument: a text with a line's end in it.
Result<std::string> encode_node(const store::NodeRecord& record);
// Lines of later versions are passed over. kCorrupt for what is damaged.
Result<store::NodeRecord> decode_node(std::string_view field, std::string_view text);

}  // namespace fermata::redis_store

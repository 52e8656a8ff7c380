// Redis rights: what the server's user must be allowed to (docs/guide/redis.md), and which of it is
// lacking, found by trying harmlessly.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "redis/probe.h"

namespace fermata::app {

// Names as ACL rules have them: "hset", "cluster|slots". AUTH and HELLO need no right.
std::vector<std::string_view> needed_rights();

struct LackingRights {
    std::vector<std::string> commands;
    bool keys = false;  // the key pattern does not cover the cluster's keys
};

// Every command is tried once, on keys of the cluster that live for a minute and are removed at the
// end. An error of the server other than NOPERM means that the command is allowed.
Result<LackingRights> lacking_rights(redis::Probe& probe, const std::string& cluster);

}  // namespace fermata::app

// Cluster bindings: from the settings to this process's part in the cluster.
#pragma once

#include <string>
#include <string_view>

#include "app/settings.h"
#include "base/clock.h"
#include "base/result.h"
#include "cluster/member.h"
#include "store/store.h"

namespace fermata::app {

// "0.0.0.0" and "::": not where anybody else can reach this process.
bool is_any_address(std::string_view address);
// Of this machine; "localhost" when it has none.
std::string host_name();
// 64 hexadecimal digits of the operating system's randomness.
Result<std::string> make_secret();

// `listening_url` is where the HTTP server listens. A memory or embedded store makes the process
// the sole member of its cluster.
Result<cluster::MemberOptions> member_options(const Settings& settings, const store::Facts& facts,
                                              const std::string& listening_url, UnixMillis now);

}  // namespace fermata::app

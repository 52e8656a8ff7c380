// Redis bindings: from the settings to the options of the store on Redis.
#pragma once

#include <string>

#include "app/settings.h"
#include "base/result.h"
#include "redis_store/options.h"

namespace fermata::app {

// kInvalidArgument: the list of nodes, or the password's file.
Result<redis_store::Options> redis_store_options(const Settings& settings);

// From the option password or the file of password-file; empty: none. Never show it.
Result<std::string> redis_password(const Settings& settings);

}  // namespace fermata::app

// StoreCheck: is the store of a configuration fit for use? For the person who sets it up.
#pragma once

#include "app/check_report.h"
#include "app/settings.h"

namespace fermata::app {

// Connects, reads and tries as the server would; changes nothing that stays. Threads: the caller's,
// which waits.
CheckReport check_store(const Settings& settings);

}  // namespace fermata::app

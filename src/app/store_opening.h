// Opening the store that [persistence] names.
#pragma once

#include <memory>

#include "app/settings.h"
#include "base/result.h"
#include "store/store.h"

namespace fermata::app {

Result<std::unique_ptr<store::Store>> open_store(const Settings& settings);

}  // namespace fermata::app

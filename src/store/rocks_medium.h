// The Medium on RocksDB.
#pragma once

#include <memory>

#include "base/result.h"
#include "store/medium.h"

namespace fermata::store {

struct EmbeddedOptions;

// `create`: the database may be missing (StoreFolder::is_new).
Result<std::unique_ptr<Medium>> open_rocks_medium(const EmbeddedOptions& options, bool create);

}  // namespace fermata::store

// Opening the store that [persistence] names.
#pragma once

#include <memory>
#include <string>

#include "app/settings.h"
#include "base/result.h"
#include "redis_store/redis_store.h"
#include "store/store.h"

namespace fermata::app {

struct OpenedStore {
    std::unique_ptr<store::Store> store;
    // The same, when it is the one on Redis.
    const redis_store::RedisStore* redis = nullptr;
};

// Checks the rules of [persistence] first. kUnavailable: Redis is not there (it was waited for);
// trying again may help. Other errors say which option is to blame.
Result<OpenedStore> open_store(const Settings& settings);

// For tools: nothing is made, and the store's own partition count counts. kNotFound: there is no
// store.
Result<OpenedStore> open_existing_store(const Settings& settings);

// Where it is, for people: a folder, or nodes and the cluster's name.
std::string store_place(const Settings& settings);

}  // namespace fermata::app

#include "app/store_opening.h"

#include <utility>

#include "app/bindings.h"
#include "app/persistence_rules.h"
#include "app/redis_bindings.h"

namespace fermata::app {

Result<OpenedStore> open_store(const Settings& settings) {
    FERMATA_TRY(check_persistence(settings));
    OpenedStore opened;
    const std::string& type = settings.text("persistence", "type");
    if (type == "memory") {
        opened.store = std::make_unique<store::MemoryStore>(memory_options(settings));
    } else if (type == "redis") {
        FERMATA_TRY_ASSIGN(const redis_store::Options options, redis_store_options(settings));
        FERMATA_TRY_ASSIGN(auto redis, redis_store::RedisStore::open(options));
        opened.redis = redis.get();
        opened.store = std::move(redis);
    } else {
        FERMATA_TRY_ASSIGN(opened.store, store::EmbeddedStore::open(embedded_options(settings)));
    }
    return opened;
}

}  // namespace fermata::app

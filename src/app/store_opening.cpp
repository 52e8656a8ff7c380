#include "app/store_opening.h"

#include <utility>

#include "app/bindings.h"
#include "app/persistence_rules.h"
#include "app/redis_bindings.h"
#include "store/store_folder.h"

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

Result<OpenedStore> open_existing_store(const Settings& settings) {
    FERMATA_TRY(check_persistence(settings));
    const std::string& type = settings.text("persistence", "type");
    OpenedStore opened;
    if (type == "memory") {
        return Error(ErrorCode::kNotFound,
                     "[persistence] type=memory: nothing is left when its server has ended");
    }
    if (type == "redis") {
        FERMATA_TRY_ASSIGN(redis_store::Options options, redis_store_options(settings));
        options.partition_count = 0;
        FERMATA_TRY_ASSIGN(auto redis, redis_store::RedisStore::open(options));
        opened.redis = redis.get();
        opened.store = std::move(redis);
        return opened;
    }
    store::EmbeddedOptions options = embedded_options(settings);
    FERMATA_TRY_ASSIGN(options.partition_count,
                       store::StoreFolder::partition_count(options.folder));
    FERMATA_TRY_ASSIGN(opened.store, store::EmbeddedStore::open(options));
    return opened;
}

std::string store_place(const Settings& settings) {
    if (settings.text("persistence", "type") != "redis") {
        return settings.text("persistence", "folder");
    }
    std::string place = "cluster " + settings.text("cluster", "name") + " at";
    for (const std::string& node : settings.list("persistence", "redis-nodes")) {
        place += " " + node;
    }
    return place;
}

}  // namespace fermata::app

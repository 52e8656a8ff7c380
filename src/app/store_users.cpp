#include "app/store_users.h"

#include <string>
#include <thread>
#include <vector>

#include "app/store_asking.h"

namespace fermata::app {

namespace {

using Records = std::vector<store::NodeRecord>;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookInterval{50};

Result<Records> list_nodes(store::Store& store) {
    return ask_store<Records>([&](auto done) { store.list_nodes(std::move(done)); });
}

bool is_same_beat(const store::NodeRecord& one, const store::NodeRecord& other) {
    return one.node == other.node && one.standby == other.standby &&
           one.instance == other.instance && one.beat == other.beat;
}

// A record that was written since the first look; records that were removed are nobody's.
const store::NodeRecord* find_written(const Records& first, const Records& now) {
    for (const store::NodeRecord& record : now) {
        bool is_known = false;
        for (const store::NodeRecord& known : first) {
            is_known = is_known || is_same_beat(known, record);
        }
        if (!is_known && record.instance != 0) {
            return &record;
        }
    }
    return nullptr;
}

bool has_instance(const Records& records) {
    bool has = false;
    for (const store::NodeRecord& record : records) {
        has = has || record.instance != 0;
    }
    return has;
}

}  // namespace

Result<void> require_no_users(store::Store& store, std::chrono::milliseconds lease) {
    FERMATA_TRY_ASSIGN(const Records first, list_nodes(store));
    const auto deadline = SteadyClock::now() + lease;
    while (has_instance(first) && SteadyClock::now() < deadline) {
        std::this_thread::sleep_for(kLookInterval);
        FERMATA_TRY_ASSIGN(const Records now, list_nodes(store));
        if (const store::NodeRecord* user = find_written(first, now); user != nullptr) {
            return Error(ErrorCode::kConflict, "node " + std::to_string(user->node) + " at " +
                                                   user->facts.internal_address +
                                                   " works on this store: stop it first");
        }
    }
    return {};
}

}  // namespace fermata::app

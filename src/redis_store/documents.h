// Documents: texts by hash and names of uploads, which belong to no partition.
//
// What was put within the replay window is put again when a primary changed; what this process has
// put or found is kept from expiring, since its sessions are bound to it. Threads: the client's
// only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_set>

#include "redis/client.h"
#include "redis_store/keys.h"
#include "redis_store/replay_log.h"
#include "store/store.h"

namespace fermata::redis_store {

class Documents {
  public:
    // lifetime: TTL of a document, and of the names.
    Documents(redis::Client& client, const Keys& keys, std::chrono::milliseconds lifetime,
              std::chrono::milliseconds window)
        : client_(client), keys_(keys), lifetime_(lifetime), window_(window) {}

    void put(const std::string& hash, const std::string& bytes, ReplayLog::Moment now,
             store::Done<bool> done);
    void find(const std::string& hash, store::Done<std::optional<std::string>> done);
    void put_name(const store::DocumentName& name, ReplayLog::Moment now, store::Done<bool> done);
    void find_name(const std::string& name, store::Done<std::optional<store::DocumentName>> done);
    void list_names(store::Done<std::vector<store::DocumentName>> done);

    // Another history serves these slots: what was put lately is put again.
    void put_again(redis::Slot first, redis::Slot last);
    void trim(ReplayLog::Moment now);
    // New TTLs for all that is used.
    void refresh();

  private:
    struct Recent {
        redis::Slot slot;
        redis::Command command;
        ReplayLog::Moment at;
    };
    void use(const std::string& hash);
    void remember(const redis::Command& command, redis::Slot slot, ReplayLog::Moment now);
    void refresh_key(const std::string& key);

    redis::Client& client_;
    const Keys& keys_;
    const std::chrono::milliseconds lifetime_;
    const std::chrono::milliseconds window_;
    std::unordered_set<std::string> used_;
    std::deque<Recent> recent_;
    std::size_t recent_bytes_ = 0;
};

}  // namespace fermata::redis_store

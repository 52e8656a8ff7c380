// Keys: names of what RedisStore keeps (docs/formats/redis.md), and the slots they live in.
//
//   ORS:<cluster>:{<tag>}:owner, …:s:<session>, …    all keys of a partition, in one slot
//   ORS:<cluster>:doc:<hash>, …:documents, …:nodes, …:store    keys of the cluster
//
// Threads: immutable, any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/session_id.h"
#include "redis/slot.h"

namespace fermata::redis_store {

// The text in a partition's braces: "<partition>.<k>" with the smallest k that puts it into the
// partition's share of the 16384 slots, so that partitions spread evenly over any number of
// primaries. Fixed for ever: stored keys carry it.
std::string partition_tag(Partition partition, Partition partition_count);

class Keys {
  public:
    // cluster: see check_cluster_name.
    Keys(std::string_view cluster, Partition partition_count);

    [[nodiscard]] Partition partition_count() const {
        return static_cast<Partition>(bases_.size());
    }
    [[nodiscard]] redis::Slot slot(Partition partition) const { return slots_[partition]; }
    // "ORS:<cluster>:{<tag>}:", before each name below.
    [[nodiscard]] const std::string& base(Partition partition) const { return bases_[partition]; }

    [[nodiscard]] std::string key(Partition partition, std::string_view name) const;
    // id: SessionId::key().
    [[nodiscard]] std::string session(Partition partition, std::string_view id) const;
    [[nodiscard]] std::string journal(Partition partition, std::string_view id) const;
    [[nodiscard]] std::string document(std::string_view hash) const;
    [[nodiscard]] std::string documents() const;
    [[nodiscard]] std::string nodes() const;
    [[nodiscard]] std::string store() const;

  private:
    std::string prefix_;
    std::vector<std::string> bases_;
    std::vector<redis::Slot> slots_;
};

// 1 to 64 letters, digits, '-', '_', '.': a '{' would move keys to other slots.
Result<void> check_cluster_name(std::string_view cluster);

}  // namespace fermata::redis_store

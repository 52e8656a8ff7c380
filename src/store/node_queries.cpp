// The Queries' part for clusters: nodes' records, and owners of partitions.
#include <string_view>
#include <utility>

#include "store/entries.h"
#include "store/keys.h"
#include "store/queries.h"

namespace fermata::store {

Result<std::vector<NodeRecord>> Queries::nodes() const {
    std::vector<NodeRecord> nodes;
    Result<void> decoded;
    const Key prefix(Table::kNode);
    FERMATA_TRY(medium_.scan(prefix.bytes(), prefix.end(), Direction::kForward,
                             [&](std::string_view /*key*/, std::string_view value) {
                                 NodeRecord record;
                                 decoded = decode_entry(value, record);
                                 nodes.push_back(std::move(record));
                                 return decoded.has_value();
                             }));
    FERMATA_TRY(decoded);
    return nodes;
}

Result<OwnerList> Queries::owners(Partition partition_count) const {
    OwnerList owners(partition_count, Ownership());
    for (Partition partition = 0; partition < partition_count; ++partition) {
        FERMATA_TRY_ASSIGN(const auto bytes,
                           medium_.get(Key(partition, Table::kPartition).bytes()));
        if (bytes) {
            PartitionEntry entry;
            FERMATA_TRY(decode_entry(*bytes, entry));
            owners[partition] = Ownership{entry.node, entry.epoch};
        }
    }
    return owners;
}

}  // namespace fermata::store

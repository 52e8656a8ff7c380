// The Planner's part for clusters: nodes' records, and owners of partitions.
#include <string>

#include "store/keys.h"
#include "store/planner.h"

namespace fermata::store {

Result<ClaimAnswer> Planner::claim_from(Partition partition, const Ownership& expected,
                                        NodeId node) {
    FERMATA_TRY_ASSIGN(PartitionEntry entry, partition_entry(partition));
    if (Ownership{entry.node, entry.epoch} != expected) {
        return ClaimAnswer{false, {entry.node, entry.epoch}};
    }
    FERMATA_TRY_ASSIGN(const Epoch epoch, claim(partition, node));
    return ClaimAnswer{true, {node, epoch}};
}

Result<bool> Planner::release(Partition partition, Epoch epoch) {
    FERMATA_TRY_ASSIGN(PartitionEntry entry, partition_entry(partition));
    if (entry.epoch != epoch) {
        return Error(ErrorCode::kFenced, "partition " + std::to_string(partition) +
                                             " is at epoch " + std::to_string(entry.epoch) +
                                             ", the release at " + std::to_string(epoch));
    }
    if (entry.node == kNobody) {
        return false;
    }
    entry.node = kNobody;
    draft_.put(Key(partition, Table::kPartition), encode_entry(entry));
    return true;
}

Result<BeatAnswer> Planner::beat(const NodeBeat& beat) {
    const Key key = Key(Table::kNode).node(beat.record.node, beat.record.standby);
    FERMATA_TRY_ASSIGN(auto stored, draft_.find<NodeRecord>(key));
    std::optional<BeatExpectation> found;
    if (stored) {
        found = BeatExpectation{stored->instance, stored->beat};
    }
    const bool repeated = found == BeatExpectation{beat.record.instance, beat.record.beat};
    if (found != beat.expected && !repeated) {
        return BeatAnswer{false, std::move(stored)};
    }
    draft_.put(key, encode_entry(beat.record));
    return BeatAnswer{true, beat.record};
}

Result<bool> Planner::remove_node(NodeId node, bool standby, std::uint64_t instance) {
    const Key key = Key(Table::kNode).node(node, standby);
    FERMATA_TRY_ASSIGN(const auto stored, draft_.find<NodeRecord>(key));
    if (!stored || stored->instance != instance) {
        return false;
    }
    draft_.erase(key);
    return true;
}

}  // namespace fermata::store

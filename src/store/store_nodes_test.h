// The part of Store's contract that clusters need, one body for every implementation:
// INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreNodesTest, MemoryFactory), with the factory of
// store_contract_test.h.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "store/store_contract_test.h"

namespace fermata::store {

template <typename Factory>
class StoreNodesTest : public StoreContractTest<Factory> {
  protected:
    BeatAnswer beat(const NodeRecord& record, std::optional<BeatExpectation> expected) {
        return *wait<BeatAnswer>([&](auto done) { this->store_->beat({record, expected}, done); });
    }
    std::vector<NodeRecord> nodes() {
        return *wait<std::vector<NodeRecord>>([&](auto done) { this->store_->list_nodes(done); });
    }
    bool remove(NodeId node, bool standby, std::uint64_t instance) {
        return *wait<bool>(
            [&](auto done) { this->store_->remove_node(node, standby, instance, done); });
    }
    Result<ClaimAnswer> claim_from(Partition partition, Ownership expected, NodeId node) {
        return wait<ClaimAnswer>(
            [&](auto done) { this->store_->claim_from(partition, expected, node, done); });
    }
    Result<bool> release(Partition partition, Epoch epoch) {
        return wait<bool>([&](auto done) { this->store_->release(partition, epoch, done); });
    }
    std::vector<Ownership> owners() {
        const auto listed = wait<OwnerList>([&](auto done) { this->store_->list_owners(done); });
        std::vector<Ownership> owners;
        for (const auto& owner : *listed) {
            owners.push_back(owner.value());  // the whole store answers
        }
        return owners;
    }
    static NodeRecord record(NodeId node, std::uint64_t instance, std::uint64_t beat,
                             bool standby = false) {
        NodeRecord record;
        record.node = node;
        record.standby = standby;
        record.instance = instance;
        record.beat = beat;
        record.draining = beat % 2 == 0;
        record.changes = 17;
        record.facts = {"http://n/", "http://10.0.0.1:8078", "1.2",    3,   4,
                        16,          1'700'000'000'000,      "secret", 3000};
        return record;
    }
};

TYPED_TEST_SUITE_P(StoreNodesTest);

TYPED_TEST_P(StoreNodesTest, BeatsReplaceTheRecordThatWasExpected) {
    const NodeRecord first = this->record(7, 0xffff'ffff'ffff'ffff, 1);
    EXPECT_TRUE(this->beat(first, std::nullopt).accepted);
    const NodeRecord second = this->record(7, 0xffff'ffff'ffff'ffff, 2);
    const BeatAnswer answer = this->beat(second, BeatExpectation{first.instance, 1});

    EXPECT_TRUE(answer.accepted);
    EXPECT_EQ(answer.current, second);
    EXPECT_EQ(this->nodes(), std::vector{second});
}

TYPED_TEST_P(StoreNodesTest, BeatsThatExpectAnotherRecordAreRefusedAndToldOfIt) {
    const NodeRecord stored = this->record(7, 100, 5);
    EXPECT_FALSE(this->beat(stored, BeatExpectation{100, 4}).current);
    this->beat(stored, std::nullopt);

    for (const std::optional<BeatExpectation> wrong :
         {std::optional<BeatExpectation>(), std::optional(BeatExpectation{100, 4}),
          std::optional(BeatExpectation{101, 5})}) {
        const BeatAnswer answer = this->beat(this->record(7, 200, 6), wrong);
        EXPECT_FALSE(answer.accepted);
        EXPECT_EQ(answer.current, stored);
    }
    EXPECT_EQ(this->nodes(), std::vector{stored});
}

TYPED_TEST_P(StoreNodesTest, RepeatedBeatsAreAccepted) {
    this->beat(this->record(7, 100, 1), std::nullopt);
    this->beat(this->record(7, 100, 2), BeatExpectation{100, 1});

    EXPECT_TRUE(this->beat(this->record(7, 100, 2), BeatExpectation{100, 1}).accepted);
    EXPECT_FALSE(this->beat(this->record(7, 100, 1), std::nullopt).accepted);
}

TYPED_TEST_P(StoreNodesTest, StandbysHaveARecordOfTheirOwn) {
    const NodeRecord acting = this->record(7, 100, 1);
    const NodeRecord standby = this->record(7, 200, 1, true);
    const NodeRecord other = this->record(300, 300, 1);
    this->beat(other, std::nullopt);
    this->beat(standby, std::nullopt);
    this->beat(acting, std::nullopt);

    EXPECT_EQ(this->nodes(), (std::vector{acting, standby, other}));
}

TYPED_TEST_P(StoreNodesTest, RecordsAreRemovedByTheirInstanceOnly) {
    this->beat(this->record(7, 100, 1), std::nullopt);
    this->beat(this->record(7, 200, 1, true), std::nullopt);

    EXPECT_FALSE(this->remove(7, false, 200));
    EXPECT_FALSE(this->remove(8, false, 100));
    EXPECT_TRUE(this->remove(7, false, 100));
    EXPECT_FALSE(this->remove(7, false, 100));
    ASSERT_EQ(this->nodes().size(), 1U);
    EXPECT_TRUE(this->nodes()[0].standby);
}

TYPED_TEST_P(StoreNodesTest, OneOfManyTakesARecordOver) {
    this->beat(this->record(7, 100, 1), std::nullopt);
    std::atomic<int> accepted = 0;
    std::vector<std::thread> threads;
    for (std::uint64_t instance = 1; instance <= 4; ++instance) {
        threads.emplace_back([this, instance, &accepted] {
            const BeatAnswer answer =
                this->beat(this->record(7, instance, 2), BeatExpectation{100, 1});
            accepted += answer.accepted ? 1 : 0;
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }

    EXPECT_EQ(accepted, 1);
}

TYPED_TEST_P(StoreNodesTest, ClaimsFromAnExpectedOwnerRaiseTheEpoch) {
    const auto first = this->claim_from(3, {}, 7);
    ASSERT_TRUE(first);
    EXPECT_TRUE(first->accepted);
    EXPECT_EQ(first->current.node, 7U);
    EXPECT_GT(first->current.epoch, 0U);
    const auto second = this->claim_from(3, first->current, 8);

    EXPECT_TRUE(second->accepted);
    EXPECT_GT(second->current.epoch, first->current.epoch);
    EXPECT_EQ(this->owners().at(3), second->current);
}

TYPED_TEST_P(StoreNodesTest, ClaimsFromAnotherOwnerAreRefusedAndToldOfIt) {
    const Ownership owner = this->claim_from(3, {}, 7)->current;

    for (const Ownership& wrong :
         {Ownership{}, Ownership{8, owner.epoch}, Ownership{7, owner.epoch + 1}}) {
        const auto answer = this->claim_from(3, wrong, 9);
        ASSERT_TRUE(answer);
        EXPECT_FALSE(answer->accepted);
        EXPECT_EQ(answer->current, owner);
    }
    EXPECT_EQ(this->owners().at(3), owner);
}

TYPED_TEST_P(StoreNodesTest, ClaimsFenceCommitsOfTheFormerOwner) {
    const Ownership first = this->claim_from(0, {}, 7)->current;
    const Ownership second = this->claim_from(0, first, 7)->current;

    const auto late = this->commit(first.epoch, {test_step(this->a_, 1, "x")});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), ErrorCode::kFenced);
    EXPECT_EQ(this->commit_one(second.epoch, test_step(this->a_, 1, "x")).status,
              CommitStatus::kCommitted);
}

TYPED_TEST_P(StoreNodesTest, ReleasedPartitionsBelongToNobodyAndKeepTheirEpoch) {
    const Ownership owner = this->claim_from(3, {}, 7)->current;

    EXPECT_TRUE(*this->release(3, owner.epoch));
    EXPECT_EQ(this->owners().at(3), (Ownership{kNobody, owner.epoch}));
    EXPECT_FALSE(*this->release(3, owner.epoch));
    EXPECT_GT(this->claim_from(3, {kNobody, owner.epoch}, 8)->current.epoch, owner.epoch);
}

TYPED_TEST_P(StoreNodesTest, LateReleasesAreFenced) {
    const Ownership first = this->claim_from(3, {}, 7)->current;
    const Ownership second = this->claim_from(3, first, 8)->current;

    const auto late = this->release(3, first.epoch);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), ErrorCode::kFenced);
    EXPECT_EQ(this->owners().at(3), second);
}

TYPED_TEST_P(StoreNodesTest, OwnersOfAllPartitionsAreListed) {
    EXPECT_EQ(this->owners(), std::vector<Ownership>(kContractPartitions));
    const Epoch epoch = this->claim(15, 9);

    EXPECT_EQ(this->owners().size(), kContractPartitions);
    EXPECT_EQ(this->owners().back(), (Ownership{9, epoch}));
    const auto beyond = this->claim_from(kContractPartitions, {}, 1);
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code(), ErrorCode::kInvalidArgument);
}

REGISTER_TYPED_TEST_SUITE_P(StoreNodesTest, BeatsReplaceTheRecordThatWasExpected,
                            BeatsThatExpectAnotherRecordAreRefusedAndToldOfIt,
                            RepeatedBeatsAreAccepted, StandbysHaveARecordOfTheirOwn,
                            RecordsAreRemovedByTheirInstanceOnly, OneOfManyTakesARecordOver,
                            ClaimsFromAnExpectedOwnerRaiseTheEpoch,
                            ClaimsFromAnotherOwnerAreRefusedAndToldOfIt,
                            ClaimsFenceCommitsOfTheFormerOwner,
                            ReleasedPartitionsBelongToNobodyAndKeepTheirEpoch,
                            LateReleasesAreFenced, OwnersOfAllPartitionsAreListed);

}  // namespace fermata::store

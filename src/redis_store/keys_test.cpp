#include "redis_store/keys.h"

#include <set>

#include <gtest/gtest.h>

namespace fermata::redis_store {
namespace {

TEST(KeysTest, AllKeysOfAPartitionAreInItsSlot) {
    const Keys keys("fermata", 256);

    for (const Partition partition : std::initializer_list<Partition>{0, 1, 100, 255}) {
        EXPECT_EQ(redis::slot_of(keys.key(partition, "owner")), keys.slot(partition));
        EXPECT_EQ(redis::slot_of(keys.session(partition, "ABC")), keys.slot(partition));
        EXPECT_EQ(redis::slot_of(keys.journal(partition, "ABC")), keys.slot(partition));
    }
}

TEST(KeysTest, PartitionsHaveSlotsThatSpreadEvenly) {
    for (const Partition count : std::initializer_list<Partition>{1, 3, 16, 256, 1000, 1024}) {
        for (Partition partition = 0; partition < count; ++partition) {
            const unsigned slot = redis::slot_of(partition_tag(partition, count));
            EXPECT_GE(slot, partition * redis::kSlotCount / count) << partition << " of " << count;
            EXPECT_LT(slot, (partition + 1U) * redis::kSlotCount / count);
        }
    }
}

// Stored keys carry the tags: they must never change.
TEST(KeysTest, NamesAreAsTheyAreStored) {
    const Keys keys("callcentre", 256);

    EXPECT_EQ(keys.key(0, "owner"), "ORS:callcentre:{0.178}:owner");
    EXPECT_EQ(keys.session(255, "ID"), "ORS:callcentre:{255.279}:s:ID");
    EXPECT_EQ(keys.document("hash"), "ORS:callcentre:doc:hash");
    EXPECT_EQ(keys.documents(), "ORS:callcentre:documents");
    EXPECT_EQ(keys.store(), "ORS:callcentre:store");
}

TEST(KeysTest, ClusterNamesCannotMoveKeysToOtherSlots) {
    EXPECT_TRUE(check_cluster_name("a-Z_0.9"));
    for (const std::string& name :
         std::vector<std::string>{"", "{x}", "a b", "a:b", std::string(65, 'a')}) {
        EXPECT_FALSE(check_cluster_name(name)) << name;
    }
}

}  // namespace
}  // namespace fermata::redis_store

// The contract of Store on real servers. Needs with_redis.py: see testing.h.
#include "redis_store/redis_store.h"
#include "redis_store/testing.h"
#include "store/store_boxes_test.h"
#include "store/store_contract_test.h"
#include "store/store_ends_test.h"
#include "store/store_moving_test.h"
#include "store/store_nodes_test.h"

namespace fermata::redis_store {
namespace {

class RedisFactory {
  public:
    std::unique_ptr<store::Store> make(const store::JournalOptions& journal) {
        Options options = test_options(test_cluster(), store::kContractPartitions);
        options.journal = journal;
        auto store = RedisStore::open(options);
        EXPECT_TRUE(store) << store.error().to_string();
        return store ? *std::move(store) : nullptr;
    }
};

}  // namespace
}  // namespace fermata::redis_store

namespace fermata::store {

using redis_store::RedisFactory;
INSTANTIATE_TYPED_TEST_SUITE_P(Redis, StoreContractTest, RedisFactory);
INSTANTIATE_TYPED_TEST_SUITE_P(Redis, StoreBoxesTest, RedisFactory);
INSTANTIATE_TYPED_TEST_SUITE_P(Redis, StoreEndsTest, RedisFactory);
INSTANTIATE_TYPED_TEST_SUITE_P(Redis, StoreMovingTest, RedisFactory);
INSTANTIATE_TYPED_TEST_SUITE_P(Redis, StoreNodesTest, RedisFactory);

}  // namespace fermata::store

#include "store/embedded_store.h"
#include "store/memory_store.h"
#include "store/store_boxes_test.h"
#include "store/store_contract_test.h"
#include "store/store_ends_test.h"
#include "store/store_moving_test.h"
#include "store/store_nodes_test.h"

namespace fermata::store {
namespace {

struct MemoryFactory {
    static std::unique_ptr<Store> make(const JournalOptions& journal) {
        return std::make_unique<MemoryStore>(MemoryOptions{kContractPartitions, journal});
    }
};

class EmbeddedFactory {
  public:
    std::unique_ptr<Store> make(const JournalOptions& journal) {
        EmbeddedOptions options;
        options.folder = folder_.path();
        options.partition_count = kContractPartitions;
        options.journal = journal;
        auto store = EmbeddedStore::open(options);
        EXPECT_TRUE(store) << store.error().to_string();
        return store ? *std::move(store) : nullptr;
    }

  private:
    TemporaryFolder folder_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreContractTest, MemoryFactory);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreBoxesTest, MemoryFactory);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreEndsTest, MemoryFactory);
INSTANTIATE_TYPED_TEST_SUITE_P(Embedded, StoreContractTest, EmbeddedFactory);
INSTANTIATE_TYPED_TEST_SUITE_P(Embedded, StoreBoxesTest, EmbeddedFactory);
INSTANTIATE_TYPED_TEST_SUITE_P(Embedded, StoreEndsTest, EmbeddedFactory);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreMovingTest, MemoryFactory);
INSTANTIATE_TYPED_TEST_SUITE_P(Embedded, StoreMovingTest, EmbeddedFactory);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreNodesTest, MemoryFactory);
INSTANTIATE_TYPED_TEST_SUITE_P(Embedded, StoreNodesTest, EmbeddedFactory);

}  // namespace
}  // namespace fermata::store

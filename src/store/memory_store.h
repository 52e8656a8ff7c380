// MemoryStore: the Store for tests and for `[persistence] type=memory`. Nothing survives the
// process.
//
// Threads: every method from any thread; callbacks come from within the call.
#pragma once

#include <memory>
#include <mutex>

#include "store/keyed_store.h"

namespace fermata::store {

struct MemoryOptions {
    Partition partition_count = kPartitionsDefault;
    JournalOptions journal;
};

class MemoryStore final : public KeyedStore {
  public:
    explicit MemoryStore(const MemoryOptions& options = {});
    ~MemoryStore() override;

    [[nodiscard]] Facts facts() const override;
    void close() override;

  private:
    void submit(std::unique_ptr<Write> write) override;

    std::mutex writing_;
    bool closed_ = false;  // guarded by writing_
};

}  // namespace fermata::store

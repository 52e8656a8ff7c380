// OwnerListing: the owners of all partitions, read one by one; told once, when all are there or
// time is up. What comes later is ignored.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <functional>

#include "base/result.h"
#include "store/nodes.h"

namespace fermata::redis_store {

class OwnerListing {
  public:
    using Tell = std::function<void(Result<store::OwnerList>)>;

    OwnerListing(std::size_t partitions, Tell tell);

    // Once for each partition.
    void take(Partition partition, const Result<store::Ownership>& owner);
    // Tells what is there: the last error, or kUnavailable, when nothing is.
    void tell();

  private:
    store::OwnerList owners_;
    std::size_t missing_;
    Error error_;
    Tell tell_;
};

}  // namespace fermata::redis_store

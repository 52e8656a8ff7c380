#include "redis_store/owner_listing.h"

#include <algorithm>
#include <utility>

namespace fermata::redis_store {

OwnerListing::OwnerListing(std::size_t partitions, Tell tell)
    : owners_(partitions),
      missing_(partitions),
      error_(ErrorCode::kUnavailable, "no primary said in time whose its partitions are"),
      tell_(std::move(tell)) {}

void OwnerListing::take(Partition partition, const Result<store::Ownership>& owner) {
    if (tell_ == nullptr) {
        return;
    }
    if (owner) {
        owners_[partition] = *owner;
    } else {
        error_ = owner.error();
    }
    if (--missing_ == 0) {
        tell();
    }
}

void OwnerListing::tell() {
    const Tell tell = std::exchange(tell_, nullptr);
    if (tell == nullptr) {
        return;
    }
    const bool is_any = std::any_of(owners_.begin(), owners_.end(),
                                    [](const auto& owner) { return owner.has_value(); });
    tell(is_any ? Result<store::OwnerList>(std::move(owners_)) : error_);
}

}  // namespace fermata::redis_store

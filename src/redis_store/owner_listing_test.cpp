#include "redis_store/owner_listing.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fermata::redis_store {
namespace {

using store::Ownership;
using testing::ElementsAre;

class OwnerListingTest : public testing::Test {
  protected:
    std::vector<Result<store::OwnerList>> told_;
    OwnerListing listing_{
        2, [this](const Result<store::OwnerList>& owners) { told_.push_back(owners); }};
    const Error away_{ErrorCode::kUnavailable, "away"};
};

TEST_F(OwnerListingTest, IsToldWhenAllAreThere) {
    listing_.take(1, Ownership{7, 2});
    EXPECT_TRUE(told_.empty());
    listing_.take(0, Ownership{8, 3});
    listing_.tell();

    ASSERT_EQ(told_.size(), 1U);
    EXPECT_THAT(told_[0].value(), ElementsAre(Ownership{8, 3}, Ownership{7, 2}));
}

TEST_F(OwnerListingTest, WhatIsMissingInTheEndIsLeftOut) {
    listing_.take(1, Ownership{7, 2});
    listing_.tell();
    listing_.take(0, Ownership{8, 3});
    listing_.tell();

    ASSERT_EQ(told_.size(), 1U);
    EXPECT_THAT(told_[0].value(), ElementsAre(std::nullopt, Ownership{7, 2}));
}

TEST_F(OwnerListingTest, WhatCannotBeReadIsLeftOut) {
    listing_.take(1, away_);
    listing_.take(0, Ownership{8, 3});

    ASSERT_EQ(told_.size(), 1U);
    EXPECT_THAT(told_[0].value(), ElementsAre(Ownership{8, 3}, std::nullopt));
}

TEST_F(OwnerListingTest, NothingAtAllIsAnError) {
    listing_.take(1, away_);
    listing_.tell();

    ASSERT_EQ(told_.size(), 1U);
    ASSERT_FALSE(told_[0]);
    EXPECT_EQ(told_[0].error().message(), "away");
}

}  // namespace
}  // namespace fermata::redis_store

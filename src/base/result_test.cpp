#include "base/result.h"

#include <string>

#include <gtest/gtest.h>

namespace fermata {
namespace {

Result<int> half(int number) {
    if (number % 2 != 0) {
        return Error(ErrorCode::kInvalidArgument, "odd number " + std::to_string(number));
    }
    return number / 2;
}

Result<int> quarter(int number) {
    FERMATA_TRY_ASSIGN(const int first, half(number));
    return half(first);
}

TEST(ResultTest, ErrorsReturnEarlyWithTheirMessage) {
    EXPECT_EQ(quarter(8).value(), 2);
    ASSERT_FALSE(quarter(6));
    EXPECT_EQ(quarter(6).error().message(), "odd number 3");
    EXPECT_EQ(quarter(6).error().with_context("load").to_string(),
              "invalid-argument: load: odd number 3");
}

}  // namespace
}  // namespace fermata

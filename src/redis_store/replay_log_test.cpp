#include "redis_store/replay_log.h"

#include <gtest/gtest.h>

namespace fermata::redis_store {
namespace {

using std::chrono::milliseconds;

class ReplayLogTest : public testing::Test {
  protected:
    static LoggedCall call(std::uint64_t number, std::size_t bytes = 10) {
        return {number, redis::Command(std::string(bytes, 'x')), number * 100};
    }
    static ReplayLog::Moment at(int ms) { return ReplayLog::Moment(milliseconds(ms)); }

    ReplayLog log_{4, milliseconds(1000), 10'000};
};

TEST_F(ReplayLogTest, CallsAreFoundByNumber) {
    log_.add(1, call(1), at(0));
    log_.add(1, call(2), at(0));
    log_.add(2, call(7), at(0));

    ASSERT_NE(log_.find(1, 2), nullptr);
    EXPECT_EQ(log_.find(1, 2)->first, 200U);
    EXPECT_EQ(log_.find(2, 7)->number, 7U);
    EXPECT_EQ(log_.find(1, 3), nullptr);
    EXPECT_EQ(log_.find(2, 6), nullptr);
    EXPECT_EQ(log_.find(0, 1), nullptr);
}

TEST_F(ReplayLogTest, CallsOlderThanTheWindowAreDropped) {
    log_.add(1, call(1), at(0));
    log_.add(1, call(2), at(500));
    log_.trim(at(1001));

    EXPECT_EQ(log_.find(1, 1), nullptr);
    EXPECT_NE(log_.find(1, 2), nullptr);
    log_.trim(at(5000));
    EXPECT_EQ(log_.bytes(), 0U);
    EXPECT_EQ(log_.dropped_early(), 0U);
}

TEST_F(ReplayLogTest, BytesAreBoundedAcrossPartitions) {
    for (std::uint64_t number = 1; number <= 20; ++number) {
        log_.add(static_cast<Partition>(number % 2), call((number + 1) / 2, 1000), at(0));
    }

    EXPECT_LE(log_.bytes(), 10'000U);
    EXPECT_GT(log_.bytes(), 8'000U);
    EXPECT_GT(log_.dropped_early(), 10U);
    EXPECT_EQ(log_.find(0, 1), nullptr);
    EXPECT_NE(log_.find(0, 10), nullptr);
    EXPECT_NE(log_.find(1, 10), nullptr);
}

TEST_F(ReplayLogTest, ForgottenPartitionsStartOver) {
    log_.add(1, call(1), at(0));
    log_.add(1, call(2), at(0));
    log_.forget(1);
    EXPECT_EQ(log_.find(1, 1), nullptr);
    log_.add(1, call(1), at(900));
    log_.trim(at(1500));

    // The ages of the forgotten ones took nothing else with them.
    EXPECT_NE(log_.find(1, 1), nullptr);
    log_.trim(at(2000));
    EXPECT_EQ(log_.find(1, 1), nullptr);
    EXPECT_EQ(log_.bytes(), 0U);
}

}  // namespace
}  // namespace fermata::redis_store

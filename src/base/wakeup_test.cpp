#include "base/wakeup.h"

#include <thread>

#include <gtest/gtest.h>

namespace fermata {
namespace {

struct CountingSleeper final : Sleeper {
    int wakes = 0;
    void wake() override { ++wakes; }
};

TEST(WakeupTest, WithoutAHoldAThreadWakesAtOnce) {
    const auto sleeper = std::make_shared<CountingSleeper>();
    WakeupHold::wake(sleeper);
    EXPECT_EQ(sleeper->wakes, 1);
}

TEST(WakeupTest, AHoldWakesAllAtItsEnd) {
    const auto first = std::make_shared<CountingSleeper>();
    const auto second = std::make_shared<CountingSleeper>();
    {
        const WakeupHold hold;
        WakeupHold::wake(first);
        WakeupHold::wake(second);
        EXPECT_EQ(first->wakes + second->wakes, 0);
    }
    EXPECT_EQ(first->wakes, 1);
    EXPECT_EQ(second->wakes, 1);
    WakeupHold::wake(first);
    EXPECT_EQ(first->wakes, 2);
}

TEST(WakeupTest, TheOutermostHoldCounts) {
    const auto sleeper = std::make_shared<CountingSleeper>();
    {
        const WakeupHold outer;
        {
            const WakeupHold inner;
            WakeupHold::wake(sleeper);
        }
        EXPECT_EQ(sleeper->wakes, 0);
    }
    EXPECT_EQ(sleeper->wakes, 1);
}

TEST(WakeupTest, AHoldIsOfItsThreadOnly) {
    const auto sleeper = std::make_shared<CountingSleeper>();
    const WakeupHold hold;
    std::thread([&] { WakeupHold::wake(sleeper); }).join();
    EXPECT_EQ(sleeper->wakes, 1);
}

TEST(WakeupTest, AHoldKeepsWhoMayBeGoneMeanwhile) {
    auto sleeper = std::make_shared<CountingSleeper>();
    const std::weak_ptr<CountingSleeper> watched = sleeper;
    {
        const WakeupHold hold;
        WakeupHold::wake(std::move(sleeper));
        EXPECT_FALSE(watched.expired());
    }
    EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace fermata

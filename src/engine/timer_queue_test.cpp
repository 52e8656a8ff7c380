#include "engine/timer_queue.h"

#include <map>
#include <tuple>

#include <gtest/gtest.h>

#include "base/random.h"

namespace fermata::engine {
namespace {

SessionId session(std::uint8_t number) {
    std::array<std::uint8_t, SessionId::kBytes> bytes{};
    bytes[SessionId::kBytes - 1] = number;
    return SessionId::from_bytes(bytes);
}

TEST(TimerQueueTest, GivesDueTimersInOrderAndNoOthers) {
    TimerQueue queue(1);
    queue.add(session(1), 1, 300);
    queue.add(session(2), 1, 100);
    queue.add(session(3), 1, 200);
    queue.add(session(4), 1, 301);
    std::vector<DueTimer> due;

    EXPECT_EQ(queue.next_due(), 100);
    EXPECT_EQ(queue.pop_due(300, 10, due), 3U);

    const std::vector<DueTimer> expected = {
        {session(2), 1, 100}, {session(3), 1, 200}, {session(1), 1, 300}};
    EXPECT_EQ(due, expected);
    EXPECT_EQ(queue.next_due(), 301);
    EXPECT_EQ(queue.size(), 1U);
}

TEST(TimerQueueTest, TimersOfOneSessionDueTogetherKeepTheOrderOfTheirNumbers) {
    TimerQueue queue(1);
    queue.add(session(1), 300, 5);
    queue.add(session(1), 2, 5);
    queue.add(session(1), 70'000, 5);
    std::vector<DueTimer> due;

    queue.pop_due(5, 10, due);

    ASSERT_EQ(due.size(), 3U);
    EXPECT_EQ(due[0].number, 2U);
    EXPECT_EQ(due[1].number, 300U);
    EXPECT_EQ(due[2].number, 70'000U);
}

TEST(TimerQueueTest, StopsAtTheLimitAndGoesOnThere) {
    TimerQueue queue(1);
    for (std::uint8_t number = 0; number < 10; ++number) {
        queue.add(session(number), 1, number);
    }
    std::vector<DueTimer> due;

    EXPECT_EQ(queue.pop_due(100, 4, due), 4U);
    EXPECT_EQ(queue.pop_due(100, 100, due), 6U);

    ASSERT_EQ(due.size(), 10U);
    EXPECT_EQ(due[4].session, session(4));
    EXPECT_EQ(queue.next_due(), std::nullopt);
}

TEST(TimerQueueTest, ARemovedTimerNeverComes) {
    TimerQueue queue(1);
    queue.add(session(1), 1, 10);
    queue.add(session(1), 2, 20);
    std::vector<DueTimer> due;

    EXPECT_TRUE(queue.remove(session(1), 1));
    EXPECT_FALSE(queue.remove(session(1), 1));
    EXPECT_FALSE(queue.remove(session(2), 2));
    EXPECT_FALSE(queue.remove(session(1), TimerQueue::kNumberMax + 1));
    queue.pop_due(100, 10, due);

    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].number, 2U);
}

TEST(TimerQueueTest, AddingTwiceChangesNothing) {
    TimerQueue queue(1);

    EXPECT_TRUE(queue.add(session(1), 1, 10));
    EXPECT_FALSE(queue.add(session(1), 1, 5));

    EXPECT_EQ(queue.size(), 1U);
    EXPECT_EQ(queue.next_due(), 10);
}

// Against a sorted map, with many equal due times and ids.
TEST(TimerQueueTest, BehavesLikeASortedMap) {
    using Key = std::pair<std::uint8_t, std::uint64_t>;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        TimerQueue queue(seed);
        std::map<Key, UnixMillis> due_of;
        std::map<std::tuple<UnixMillis, std::uint8_t, std::uint64_t>, bool> order;
        for (int step = 0; step < 5000; ++step) {
            const auto who = static_cast<std::uint8_t>(random.below(40));
            const std::uint64_t number = random.below(60);
            const auto when = static_cast<UnixMillis>(random.below(200));
            const auto found = due_of.find({who, number});
            const std::uint64_t action = random.below(10);
            if (action < 6) {
                ASSERT_EQ(queue.add(session(who), number, when), found == due_of.end());
                if (found == due_of.end()) {
                    due_of.emplace(Key{who, number}, when);
                    order.emplace(std::make_tuple(when, who, number), true);
                }
            } else if (action < 9) {
                ASSERT_EQ(queue.remove(session(who), number), found != due_of.end());
                if (found != due_of.end()) {
                    order.erase({found->second, who, number});
                    due_of.erase(found);
                }
            } else {
                std::vector<DueTimer> due;
                queue.pop_due(when / 4, 5, due);
                for (const DueTimer& timer : due) {
                    const auto [first_due, first_who, first_number] = order.begin()->first;
                    ASSERT_EQ(timer, (DueTimer{session(first_who), first_number, first_due}));
                    order.erase(order.begin());
                    due_of.erase({first_who, first_number});
                }
                ASSERT_TRUE(due.size() == 5 || order.empty() ||
                            std::get<0>(order.begin()->first) > when / 4);
            }
            ASSERT_EQ(queue.size(), due_of.size());
        }
    }
}

TEST(TimerQueueTest, AMillionTimersCostAtMost42BytesEach) {
    constexpr std::size_t kTimers = 1'000'000;
    Random random(7);
    TimerQueue queue(7);
    for (std::size_t number = 0; number < kTimers; ++number) {
        queue.add(SessionId::random(random, 3), 1,
                  static_cast<UnixMillis>(random.below(1'000'000)));
    }

    EXPECT_LE(queue.memory_bytes(), kTimers * 42);
    std::vector<DueTimer> due;
    queue.pop_due(1'000'000, kTimers, due);
    ASSERT_EQ(due.size(), kTimers);
    for (std::size_t at = 1; at < kTimers; ++at) {
        ASSERT_LE(due[at - 1].due_ms, due[at].due_ms);
    }
}

TEST(TimerQueueTest, SettingAndCancellingForEverDoesNotGrow) {
    TimerQueue queue(1);
    for (std::uint64_t number = 0; number < 5000; ++number) {
        queue.add(session(1), number, 1000);
        queue.remove(session(1), number);
    }
    const std::size_t before = queue.memory_bytes();

    for (std::uint64_t number = 5000; number < 200'000; ++number) {
        queue.add(session(1), number, 1000);
        queue.remove(session(1), number);
    }

    EXPECT_EQ(queue.memory_bytes(), before);
    EXPECT_EQ(queue.size(), 0U);
}

}  // namespace
}  // namespace fermata::engine

#include "engine/stored_items.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/pending_timers.h"

namespace fermata::engine {
namespace {

// In the newest format, which most tests do not care about.
template <typename Record>
std::string encode(const Record& record) {
    return engine::encode(record, record_format_newest());
}

using testing::ElementsAre;
using testing::IsEmpty;

const StoredItems::Ids kIds = {"a", "b", "c"};

std::vector<std::string> swept(StoredItems& items) {
    std::vector<std::string> gone;
    items.sweep(kIds, [&](std::string_view name) { gone.emplace_back(name); });
    return gone;
}

TEST(StoredItemsTest, OnlyWhatDiffersIsNewsToTheStore) {
    StoredItems items;
    items.restore(kIds, "b", 7);

    EXPECT_TRUE(items.note(kIds, "a", 1));
    EXPECT_FALSE(items.note(kIds, "b", 7));
    EXPECT_TRUE(items.note(kIds, "free", 0)) << "a hash of 0 is a value like any other";
    EXPECT_THAT(swept(items), IsEmpty());
    EXPECT_FALSE(items.note(kIds, "a", 1));
    EXPECT_TRUE(items.note(kIds, "b", 8));
    EXPECT_FALSE(items.note(kIds, "free", 0));
}

TEST(StoredItemsTest, WhatIsNotNotedIsGoneUnderItsOwnName) {
    StoredItems items;
    for (int round = 0; round < 3; ++round) {
        for (const char* name : {"c", "x", "a", "y", "z"}) {
            EXPECT_EQ(items.note(kIds, name, 5), round == 0 || std::string(name) == "y");
        }
        EXPECT_THAT(swept(items), IsEmpty());
        // All but "y", whose place another name takes.
        for (const char* name : {"c", "x", "a", "z"}) {
            EXPECT_FALSE(items.note(kIds, name, 5));
        }
        EXPECT_THAT(swept(items), ElementsAre("y"));
        EXPECT_TRUE(items.note(kIds, "instead", 9));
        for (const char* name : {"c", "x", "a", "z"}) {
            EXPECT_FALSE(items.note(kIds, name, 5));
        }
        EXPECT_THAT(swept(items), IsEmpty());
        for (const char* name : {"c", "x", "a", "z"}) {
            EXPECT_FALSE(items.note(kIds, name, 5));
        }
        EXPECT_THAT(swept(items), ElementsAre("instead"));
    }
    EXPECT_EQ(items.size(), 4U);
}

std::string payload(const std::string& sendid) {
    SendTimer timer;
    timer.send.sendid = sendid;
    return encode(TimerPayload(timer));
}

TEST(PendingTimersTest, AreTakenByNumberAndBySendid) {
    PendingTimers timers;
    timers.add({1, 100, "late", payload("late")});
    timers.add({2, 200, {}, encode(TimerPayload(EventTimer{}))});
    timers.add({3, 300, "late", payload("late")});
    timers.add({4, 400, "other", payload("other")});

    EXPECT_THAT(timers.take_sent_as(""), IsEmpty());
    const auto late = timers.take_sent_as("late");
    ASSERT_EQ(late.size(), 2U);
    EXPECT_EQ(late[0].number(), 1U);
    EXPECT_EQ(late[1].due_ms(), 300);
    EXPECT_EQ(timers.take(4)->payload(), payload("other"));
    EXPECT_FALSE(timers.take(4));
    EXPECT_EQ(timers.take(2)->due_ms(), 200);
    EXPECT_EQ(timers.size(), 0U);
}

}  // namespace
}  // namespace fermata::engine

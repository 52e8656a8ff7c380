#include "app/store_users.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/memory_store.h"
#include "store/testing.h"

namespace fermata::app {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

class StoreUsersTest : public testing::Test {
  protected:
    void beat(std::uint64_t number) {
        store::NodeBeat beat;
        beat.record.node = 7;
        beat.record.instance = 70;
        beat.record.beat = number;
        beat.record.facts.internal_address = "http://node7:8077";
        if (number > 1) {
            beat.expected = store::BeatExpectation{70, number - 1};
        }
        const auto answer =
            store::wait<store::BeatAnswer>([&](auto done) { store_.beat(beat, done); });
        EXPECT_TRUE(answer && answer->accepted);
    }

    store::MemoryStore store_{store::MemoryOptions{4, {}}};
};

TEST_F(StoreUsersTest, NobodyEverUsedIt) {
    EXPECT_TRUE(require_no_users(store_, std::chrono::hours(1)));
}

TEST_F(StoreUsersTest, AnInstanceThatDiedIsNoUser) {
    beat(1);
    EXPECT_TRUE(require_no_users(store_, milliseconds(200)));
}

TEST_F(StoreUsersTest, AnInstanceThatBeatsIsNamed) {
    beat(1);
    std::atomic<bool> stop = false;
    std::thread instance([&] {
        for (std::uint64_t number = 2; !stop; ++number) {
            beat(number);
            std::this_thread::sleep_for(milliseconds(10));  // pause: between two beats
        }
    });
    const auto unused = require_no_users(store_, std::chrono::seconds(60));
    stop = true;
    instance.join();

    ASSERT_FALSE(unused);
    EXPECT_EQ(unused.error().code(), ErrorCode::kConflict);
    EXPECT_THAT(unused.error().message(), HasSubstr("node 7 at http://node7:8077"));
}

}  // namespace
}  // namespace fermata::app

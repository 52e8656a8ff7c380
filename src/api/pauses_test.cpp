// Calls after a while: in order of their time, and none is lost at the end.
#include "api/pauses.h"

#include <atomic>
#include <string>

#include <gtest/gtest.h>

#include "http/test_server.h"

namespace fermata::api {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(PausesTest, CallsInTheOrderOfTime) {
    Pauses pauses;
    std::string order;

    pauses.after(hours(3), [&] { order += 'c'; });
    pauses.after(hours(1), [&] { order += 'a'; });
    pauses.after(hours(2), [&] { order += 'b'; });
    pauses.stop();

    EXPECT_EQ(order, "abc");
}

TEST(PausesTest, NothingComesBeforeHalfOfItsPause) {
    Pauses pauses;
    std::atomic<int> calls = 0;
    const auto began = std::chrono::steady_clock::now();
    std::atomic<bool> is_early = false;

    for (int i = 0; i < 50; ++i) {
        pauses.after_about(milliseconds(40), [&] {
            is_early = is_early || std::chrono::steady_clock::now() - began < milliseconds(20);
            ++calls;
        });
    }

    EXPECT_TRUE(http::becomes([&] { return calls == 50; }));
    EXPECT_FALSE(is_early);
}

TEST(PausesTest, CallsWhatIsLeftWhenItStopsAndWhatComesLaterAtOnce) {
    Pauses pauses;
    int calls = 0;
    pauses.after(hours(1), [&] { ++calls; });

    pauses.stop();
    EXPECT_EQ(calls, 1);
    pauses.after(hours(1), [&] { ++calls; });

    EXPECT_EQ(calls, 2);
}

TEST(PausesTest, CallsMayAskForMore) {
    Pauses pauses;
    std::atomic<int> calls = 0;
    std::function<void()> again = [&] {
        if (++calls < 5) {
            pauses.after(milliseconds(1), again);
        }
    };

    pauses.after(milliseconds(1), again);

    EXPECT_TRUE(http::becomes([&] { return calls == 5; }));
}

}  // namespace
}  // namespace fermata::api

#include "engine/live_hub.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace fermata::engine {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

SessionId session(std::uint64_t seed) {
    Random random(seed);
    return SessionId::random(random, 1);
}

LiveMoment moment(const SessionId& session, std::string name) {
    LiveMoment moment;
    moment.session = session;
    moment.name = std::move(name);
    return moment;
}

// "<id>:<name>", with a '!' before it when there was a gap.
struct Seen {
    std::vector<std::string> moments;
    LiveHub::Sink sink() {
        return [this](const LiveMoment& moment, bool gap) {
            moments.push_back((gap ? "!" : "") + std::to_string(moment.id) + ":" + moment.name);
        };
    }
};

class LiveHubTest : public testing::Test {
  protected:
    void publish(LiveHub& hub, const SessionId& of, const std::string& names) {
        std::vector<LiveMoment> moments;
        for (const char name : names) {
            moments.push_back(moment(of, std::string(1, name)));
        }
        hub.publish(std::move(moments));
    }

    ManualClock clock_;
    LiveHubOptions options_;
    const SessionId one_ = session(1);
    const SessionId two_ = session(2);
};

TEST_F(LiveHubTest, HandsMomentsOfAllOrOfOneSession) {
    LiveHub hub(options_, clock_);
    Seen all;
    Seen of_one;
    const auto first = hub.subscribe(std::nullopt, std::nullopt, all.sink());
    const auto second = hub.subscribe(one_, std::nullopt, of_one.sink());

    publish(hub, one_, "a");
    publish(hub, two_, "b");
    publish(hub, one_, "c");

    EXPECT_THAT(all.moments, ElementsAre("1:a", "2:b", "3:c"));
    EXPECT_THAT(of_one.moments, ElementsAre("1:a", "3:c"));
}

TEST_F(LiveHubTest, AnEndedSubscriptionSeesNothingMore) {
    LiveHub hub(options_, clock_);
    Seen all;
    auto subscription = hub.subscribe(std::nullopt, std::nullopt, all.sink());
    auto other = hub.subscribe(one_, std::nullopt, all.sink());
    EXPECT_EQ(hub.subscription_count(), 2U);

    subscription.reset();
    other.reset();
    publish(hub, one_, "a");

    EXPECT_THAT(all.moments, IsEmpty());
    EXPECT_EQ(hub.subscription_count(), 0U);
}

TEST_F(LiveHubTest, ResumesBehindTheLastMomentSeen) {
    LiveHub hub(options_, clock_);
    publish(hub, one_, "ab");
    publish(hub, two_, "c");
    publish(hub, one_, "d");
    Seen all;
    Seen of_one;

    const auto first = hub.subscribe(std::nullopt, 2, all.sink());
    const auto second = hub.subscribe(one_, 1, of_one.sink());
    publish(hub, one_, "e");

    EXPECT_THAT(all.moments, ElementsAre("3:c", "4:d", "5:e"));
    EXPECT_THAT(of_one.moments, ElementsAre("2:b", "4:d", "5:e"));
}

TEST_F(LiveHubTest, SaysThatMomentsAreMissingWhenTheBufferWasTooShort) {
    options_.moments_max = 2;
    LiveHub hub(options_, clock_);
    publish(hub, one_, "abcde");
    Seen behind_two;
    Seen behind_three;

    const auto first = hub.subscribe(std::nullopt, 2, behind_two.sink());
    const auto second = hub.subscribe(std::nullopt, 3, behind_three.sink());

    EXPECT_THAT(behind_two.moments, ElementsAre("!4:d", "5:e"));
    EXPECT_THAT(behind_three.moments, ElementsAre("4:d", "5:e"));
}

TEST_F(LiveHubTest, TheBufferIsBoundedInBytes) {
    options_.bytes_max = 10'200;
    LiveHub hub(options_, clock_);
    publish(hub, one_, "a");
    hub.publish({moment(one_, std::string(9'900, 'x'))});
    Seen seen;

    const auto subscription = hub.subscribe(std::nullopt, 0, seen.sink());

    ASSERT_EQ(seen.moments.size(), 1U);
    EXPECT_EQ(seen.moments[0].substr(0, 4), "!2:x");
}

TEST_F(LiveHubTest, WithoutABufferStreamsCannotResume) {
    options_.moments_max = 0;
    LiveHub hub(options_, clock_);
    publish(hub, one_, "a");
    Seen seen;

    auto subscription = hub.subscribe(std::nullopt, 0, seen.sink());
    publish(hub, one_, "bc");
    subscription.reset();

    EXPECT_THAT(seen.moments, ElementsAre("!2:b", "3:c"));
    EXPECT_FALSE(hub.is_recording());
}

TEST_F(LiveHubTest, RecordsWhileSomebodyListensAndForAWhileAfter) {
    LiveHub hub(options_, clock_);
    EXPECT_TRUE(hub.is_recording());
    clock_.advance(milliseconds(10'000));
    EXPECT_FALSE(hub.is_recording());

    Seen seen;
    auto subscription = hub.subscribe(std::nullopt, std::nullopt, seen.sink());
    EXPECT_TRUE(hub.is_recording());
    subscription.reset();

    clock_.advance(options_.resume_window - milliseconds(1));
    EXPECT_TRUE(hub.is_recording());
    clock_.advance(milliseconds(1));
    EXPECT_FALSE(hub.is_recording());
}

TEST_F(LiveHubTest, SkippedMomentsTakeIdsAndAreAGap) {
    LiveHub hub(options_, clock_);
    publish(hub, one_, "a");
    hub.skip(3);
    Seen resumed;
    Seen fresh;

    const auto first = hub.subscribe(std::nullopt, 1, resumed.sink());
    const auto second = hub.subscribe(std::nullopt, 4, fresh.sink());
    publish(hub, one_, "b");

    EXPECT_EQ(hub.last_id(), 5U);
    EXPECT_THAT(resumed.moments, ElementsAre("!5:b"));
    EXPECT_THAT(fresh.moments, ElementsAre("5:b"));
}

TEST_F(LiveHubTest, AnIdOfAnEarlierRunIsAGapAndGetsAllThatIsThere) {
    LiveHub hub(options_, clock_);
    publish(hub, one_, "ab");
    Seen seen;

    const auto subscription = hub.subscribe(std::nullopt, 1000, seen.sink());

    EXPECT_THAT(seen.moments, ElementsAre("!1:a", "2:b"));
}

TEST_F(LiveHubTest, SubscriptionsMayOutliveTheHub) {
    Seen seen;
    std::unique_ptr<Subscription> subscription;
    {
        LiveHub hub(options_, clock_);
        subscription = hub.subscribe(one_, std::nullopt, seen.sink());
    }
    subscription.reset();
    EXPECT_THAT(seen.moments, IsEmpty());
}

// Each publisher counts up in its own session; listeners come and go.
TEST_F(LiveHubTest, ManyThreadsPublishInOrder) {
    constexpr int kMoments = 2000;
    LiveHub hub(options_, clock_);
    std::uint64_t last_id = 0;
    bool in_order = true;
    std::size_t count = 0;
    const auto watcher =
        hub.subscribe(std::nullopt, std::nullopt, [&](const LiveMoment& seen, bool) {
            in_order = in_order && seen.id > last_id;
            last_id = seen.id;
            ++count;
        });

    std::vector<std::thread> threads;
    for (std::uint64_t publisher = 0; publisher < 3; ++publisher) {
        threads.emplace_back([&hub, publisher] {
            for (int number = 0; number < kMoments; ++number) {
                hub.publish({moment(session(publisher), "x")});
                hub.skip(1);
            }
        });
    }
    threads.emplace_back([&hub] {
        for (int number = 0; number < 200; ++number) {
            const auto passing = hub.subscribe(session(1), 0, [](const LiveMoment&, bool) {});
        }
    });
    for (std::thread& thread : threads) {
        thread.join();
    }

    EXPECT_TRUE(in_order);
    EXPECT_EQ(count, 3U * kMoments);
    EXPECT_EQ(hub.last_id(), 6U * kMoments);
}

}  // namespace
}  // namespace fermata::engine

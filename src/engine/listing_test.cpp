#include "engine/listing.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine_fixture.h"
#include "store/forwarding_store.h"

namespace fermata::engine {
namespace {

// Keeps the answers to lists until they are let go; the newest first, as none promises an order.
class SlowLists final : public store::ForwardingStore {
  public:
    using ForwardingStore::ForwardingStore;

    void list_sessions(Partition partition, store::SessionPhase phase, const std::string& cursor,
                       std::size_t limit, store::Done<store::SessionPage> done) override {
        ++reads;
        phases.insert(phase);
        ForwardingStore::list_sessions(
            partition, phase, cursor, limit,
            [this, done = std::move(done)](Result<store::SessionPage> page) {
                held_.emplace_back([done, page = std::move(page)] { done(page); });
            });
    }
    void let_go() {
        at_a_time = std::max(at_a_time, held_.size());
        for (auto held = std::exchange(held_, {}); !held.empty(); held.pop_back()) {
            held.back()();
        }
    }

    std::size_t reads = 0;
    std::size_t at_a_time = 0;
    std::set<store::SessionPhase> phases;  // that were asked for

  private:
    std::vector<std::function<void()>> held_;
};

// One partition seems to hold `count` sessions of each phase, its first live one again and again;
// all others none.
class LongLists final : public store::ForwardingStore {
  public:
    LongLists(store::Store& inner, Partition partition, std::size_t count)
        : ForwardingStore(inner), partition_(partition), count_(count) {}

    void list_sessions(Partition partition, store::SessionPhase /*phase*/,
                       const std::string& cursor, std::size_t limit,
                       store::Done<store::SessionPage> done) override {
        if (partition != partition_) {
            done(store::SessionPage());
            return;
        }
        const std::size_t begin = cursor.empty() ? 0 : std::stoul(cursor);
        const std::size_t end = std::min(begin + limit, count_);
        looked_at += end - begin;
        ForwardingStore::list_sessions(
            partition, store::SessionPhase::kLive, {}, 1,
            [begin, end, count = count_, done = std::move(done)](Result<store::SessionPage> page) {
                ASSERT_TRUE(page && !page->sessions.empty());
                page->sessions.resize(end - begin, page->sessions.front());
                page->next = end < count ? std::to_string(end) : "";
                done(std::move(page));
            });
    }

    std::size_t looked_at = 0;

  private:
    Partition partition_;
    std::size_t count_;
};

class ListingTest : public EngineFixture {
  protected:
    void SetUp() override {
        open();
        for (int at = 0; at < 40; ++at) {
            all_.push_back(start(chart(at % 10 == 0 ? "<final id='f'/>" : "<state id='s'/>")));
        }
        std::sort(all_.begin(), all_.end());
    }

    Result<ListAnswer> list(const ListQuery& query) { return list(query, lists_); }
    Result<ListAnswer> list(const ListQuery& query, store::Store& store) {
        auto mailbox = std::make_shared<Mailbox>(100);
        std::optional<Result<ListAnswer>> answer;
        std::make_shared<Listing>(store, clock_, mailbox, query, [&](Result<ListAnswer> given) {
            answer = std::move(given);
        })->begin();
        for (int turn = 0; turn < 1000 && !answer; ++turn) {
            lists_.let_go();
            std::vector<Task> tasks;
            mailbox->take(tasks, std::chrono::milliseconds(0));
            for (const Task& task : tasks) {
                task();
            }
        }
        return answer ? *std::move(answer) : Error(ErrorCode::kInternal, "no answer");
    }
    // Of all pages, in their order.
    std::vector<std::string> list_all(ListQuery query) {
        std::vector<std::string> seen;
        do {
            const auto page = list(query);
            EXPECT_TRUE(page) << page.error().to_string();
            if (!page) {
                break;
            }
            EXPECT_LE(page->sessions.size(), query.limit);
            for (const SessionSummary& session : page->sessions) {
                seen.push_back(session.id.to_string());
            }
            query.cursor = page->next;
        } while (!query.cursor.empty());
        return seen;
    }

    std::vector<std::string> all_;
    SlowLists lists_{*store_};
};

TEST_F(ListingTest, EveryPageSizeShowsAllOnceAndInTheSameOrder) {
    ListQuery query;
    query.limit = 1000;
    const std::vector<std::string> expected = list_all(query);
    EXPECT_THAT(expected, ::testing::UnorderedElementsAreArray(all_));
    for (std::size_t limit = 1; limit <= 41; ++limit) {
        query.limit = limit;
        EXPECT_EQ(list_all(query), expected) << "limit " << limit;
    }
}

TEST_F(ListingTest, LiveSessionsComeBeforeEndedOnes) {
    ListQuery query;
    query.limit = 1000;
    const auto page = list(query);
    ASSERT_TRUE(page) << page.error().to_string();
    ASSERT_EQ(page->sessions.size(), 40U);
    for (std::size_t at = 0; at < 40; ++at) {
        EXPECT_EQ(page->sessions[at].status,
                  at < 36 ? SessionStatus::kActive : SessionStatus::kFinal);
    }
}

TEST_F(ListingTest, AFilterByStatusReadsSessionsOfItsPhaseOnly) {
    using store::SessionPhase;
    const std::pair<SessionStatus, SessionPhase> cases[] = {
        {SessionStatus::kScheduled, SessionPhase::kLive},
        {SessionStatus::kActive, SessionPhase::kLive},
        {SessionStatus::kFinal, SessionPhase::kEnded},
        {SessionStatus::kCancelled, SessionPhase::kEnded},
        {SessionStatus::kError, SessionPhase::kEnded}};
    for (const auto& [status, phase] : cases) {
        lists_.phases.clear();
        ListQuery query;
        query.status = status;
        ASSERT_TRUE(list(query));
        EXPECT_EQ(lists_.phases, std::set{phase}) << to_string(status);
    }
}

TEST_F(ListingTest, ACursorOfAnotherFilterIsRefused) {
    ListQuery query;
    query.status = SessionStatus::kActive;
    query.limit = 1;
    query.cursor = list(query)->next;
    ASSERT_FALSE(query.cursor.empty());
    query.status = SessionStatus::kFinal;
    const auto page = list(query);
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(ListingTest, AFilterThatFewFitIsReadAheadAndComplete) {
    ListQuery query;
    query.status = SessionStatus::kFinal;
    query.limit = 1000;
    EXPECT_EQ(list_all(query).size(), 4U);
    EXPECT_GT(lists_.at_a_time, 2U);
    EXPECT_EQ(lists_.reads, kPartitions);

    const std::vector<std::string> expected = list_all(query);
    query.limit = 3;
    EXPECT_EQ(list_all(query), expected);
}

TEST_F(ListingTest, EveryPageSizeShowsAllThatFitOnceAndInTheSameOrder) {
    ListQuery query;
    query.status = SessionStatus::kActive;
    query.limit = 1000;
    const std::vector<std::string> expected = list_all(query);
    EXPECT_EQ(expected.size(), 36U);
    for (std::size_t limit = 1; limit <= 37; ++limit) {
        query.limit = limit;
        EXPECT_EQ(list_all(query), expected) << "limit " << limit;
    }
}

// The reads do not grow with the sessions that do not fit.
TEST_F(ListingTest, OneSessionThatFitsIsFoundInFewReads) {
    ListQuery query;
    query.status = SessionStatus::kError;
    query.limit = 1;
    EXPECT_TRUE(list_all(query).empty());
    EXPECT_EQ(lists_.reads, kPartitions);

    lists_.reads = 0;
    query.status = SessionStatus::kFinal;
    ASSERT_EQ(list(query)->sessions.size(), 1U);
    EXPECT_LE(lists_.reads, 2U * kPartitions);
}

TEST_F(ListingTest, APageEndsWhenItHasLookedAtEnough) {
    const auto live = SessionId::parse(start(chart("<state id='s'/>")));
    LongLists lists(*store_, live->partition(), Listing::kLookedAtMax * 5 / 2);
    ListQuery query;
    query.status = SessionStatus::kError;
    for (int page = 1; page <= 3; ++page) {
        const std::size_t before = lists.looked_at;
        const auto answer = list(query, lists);
        ASSERT_TRUE(answer) << answer.error().to_string();
        EXPECT_TRUE(answer->sessions.empty());
        EXPECT_EQ(answer->next.empty(), page == 3);
        EXPECT_LE(lists.looked_at - before, Listing::kLookedAtMax);
        query.cursor = answer->next;
    }
    EXPECT_EQ(lists.looked_at, Listing::kLookedAtMax * 5 / 2);
}

TEST_F(ListingTest, AFirstPageThatIsEnoughReadsNoOther) {
    ListQuery query;
    query.limit = 2;
    ASSERT_TRUE(list(query));
    EXPECT_EQ(lists_.reads, 1U);
}

}  // namespace
}  // namespace fermata::engine

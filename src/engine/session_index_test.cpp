#include "engine/session_index.h"

#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>

#include "base/random.h"

namespace fermata::engine {
namespace {

TEST(SessionIndexTest, FindsWhatWasInserted) {
    Random random(1);
    const SessionId session = SessionId::random(random, 5);
    const SessionId other = SessionId::random(random, 5);
    SessionIndex index(1);
    const IndexEntry entry{Presence::kActive, 1'700'000'000, SessionIndex::kSlotEnd - 1};

    EXPECT_FALSE(index.find(session).has_value());
    EXPECT_FALSE(index.contains(session));
    EXPECT_TRUE(index.insert(session, entry));

    EXPECT_EQ(index.find(session), entry);
    EXPECT_TRUE(index.contains(session));
    EXPECT_FALSE(index.contains(other));
}

TEST(SessionIndexTest, InsertingTwiceChangesNothing) {
    Random random(1);
    const SessionId session = SessionId::random(random, 5);
    SessionIndex index(1);
    index.insert(session, {Presence::kActive, 1, 2});

    EXPECT_FALSE(index.insert(session, {Presence::kPassivated, 3, 0}));

    EXPECT_EQ(index.find(session), (IndexEntry{Presence::kActive, 1, 2}));
    EXPECT_EQ(index.size(), 1U);
}

TEST(SessionIndexTest, UpdatesAndErasesOnlyWhatIsThere) {
    Random random(1);
    const SessionId session = SessionId::random(random, 5);
    SessionIndex index(1);

    EXPECT_FALSE(index.update(session, {}));
    EXPECT_FALSE(index.erase(session));
    index.insert(session, {Presence::kActive, 1, 2});
    EXPECT_TRUE(index.update(session, {Presence::kPassivated, 1, 0}));
    EXPECT_EQ(index.find(session), (IndexEntry{Presence::kPassivated, 1, 0}));
    EXPECT_TRUE(index.erase(session));
    EXPECT_FALSE(index.find(session).has_value());
}

// Ids are taken from few, so that sessions come and go many times.
TEST(SessionIndexTest, BehavesLikeAMap) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        std::vector<SessionId> sessions;
        sessions.reserve(500);
        for (int number = 0; number < 500; ++number) {
            sessions.push_back(SessionId::random(random, 9));
        }
        SessionIndex index(seed);
        std::map<SessionId, IndexEntry> expected;
        for (int step = 0; step < 20'000; ++step) {
            // First mostly insertions, then mostly erasures: growing and shrinking.
            const bool inserting = random.below(10) < (step < 10'000 ? 7U : 3U);
            const SessionId& session = sessions[random.below(sessions.size())];
            if (inserting) {
                const IndexEntry entry{Presence::kPassivated, static_cast<std::uint32_t>(step), 0};
                ASSERT_EQ(index.insert(session, entry), expected.emplace(session, entry).second);
            } else {
                ASSERT_EQ(index.erase(session), expected.erase(session) == 1);
            }
            ASSERT_EQ(index.size(), expected.size());
        }
        std::map<SessionId, IndexEntry> visited;
        index.for_each([&](const SessionId& session, const IndexEntry& entry) {
            visited.emplace(session, entry);
        });
        EXPECT_EQ(visited, expected);
    }
}

// At every size on the way, since the worst moment is just after the table grew. Measured at the
// allocator: what a table of that many cells really takes.
TEST(SessionIndexTest, APassivatedSessionCostsAtMost64Bytes) {
    constexpr std::size_t kSessions = 100'000;
    Random random(3);
    const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    SessionIndex index(3);
    double worst = 0;
    for (std::size_t count = 1; count <= kSessions; ++count) {
        index.insert(SessionId::random(random, 3), {Presence::kPassivated, 1, 0});
        if (count >= 100) {
            worst = std::max(
                worst, static_cast<double>(index.memory_bytes()) / static_cast<double>(count));
        }
    }
    const std::size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;

    EXPECT_LE(worst, static_cast<double>(SessionIndex::kBytesPerSessionMax));
    EXPECT_LE(after - before, kSessions * SessionIndex::kBytesPerSessionMax);
    RecordProperty("worst_bytes_per_session", std::to_string(worst));
}

TEST(SessionIndexTest, GivesMemoryBackWhenSessionsEnd) {
    Random random(4);
    std::vector<SessionId> sessions;
    SessionIndex index(4);
    for (int number = 0; number < 10'000; ++number) {
        sessions.push_back(SessionId::random(random, 1));
        index.insert(sessions.back(), {});
    }

    for (const SessionId& session : sessions) {
        index.erase(session);
    }

    EXPECT_LE(index.memory_bytes(), sizeof(SessionIndex) + std::size_t{32} * 32);
}

TEST(SessionIndexTest, OtherThreadsMayAskWhileTheOwnerChangesIt) {
    Random random(5);
    const SessionId resident = SessionId::random(random, 1);
    SessionIndex index(5);
    index.insert(resident, {});
    std::atomic<bool> done = false;
    std::atomic<int> misses = 0;
    std::vector<std::thread> readers;
    readers.reserve(3);
    for (int reader = 0; reader < 3; ++reader) {
        readers.emplace_back([&] {
            while (!done) {
                misses += index.contains(resident) ? 0 : 1;
                std::this_thread::yield();
            }
        });
    }

    std::vector<SessionId> sessions;
    for (int number = 0; number < 5000; ++number) {
        sessions.push_back(SessionId::random(random, 1));
        index.insert(sessions.back(), {});
    }
    for (const SessionId& session : sessions) {
        index.erase(session);
    }
    done = true;
    for (std::thread& reader : readers) {
        reader.join();
    }

    EXPECT_EQ(misses, 0);
}

}  // namespace
}  // namespace fermata::engine

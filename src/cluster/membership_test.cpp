// Memberships with threads and the real clock, on one store: short leases, and polling for what
// must come.
#include "cluster/membership.h"

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "store/forwarding_store.h"
#include "store/memory_store.h"
#include "store/testing.h"

namespace fermata::cluster {
namespace {

using std::chrono::milliseconds;

constexpr Partition kPartitions = 16;

class Recorder final : public Partitions {
  public:
    void open(Partition partition, store::Epoch /*epoch*/) override {
        const std::lock_guard lock(mutex_);
        open_.insert(partition);
    }
    void suspend_all() override { suspensions_++; }
    void resume(Partition /*partition*/) override { resumptions_++; }
    void close(Partition partition, std::function<void()> done) override {
        drop(partition);
        std::thread(std::move(done)).detach();
    }
    void drop(Partition partition) override {
        const std::lock_guard lock(mutex_);
        open_.erase(partition);
    }
    std::size_t count() {
        const std::lock_guard lock(mutex_);
        return open_.size();
    }
    [[nodiscard]] int suspensions() const { return suspensions_; }
    [[nodiscard]] int resumptions() const { return resumptions_; }

  private:
    std::mutex mutex_;
    std::set<Partition> open_;  // guarded by mutex_
    std::atomic<int> suspensions_ = 0;
    std::atomic<int> resumptions_ = 0;
};

// A store that can be away: calls are kept and answered when it is back.
class AwayStore final : public store::ForwardingStore {
  public:
    using store::ForwardingStore::ForwardingStore;

    void beat(store::NodeBeat beat, store::Done<store::BeatAnswer> done) override {
        keep([this, beat, done] { inner().beat(beat, done); });
    }
    void list_nodes(store::Done<std::vector<store::NodeRecord>> done) override {
        keep([this, done] { inner().list_nodes(done); });
    }
    void go_away() { away_ = true; }
    void come_back() {
        std::vector<std::function<void()>> kept;
        {
            const std::lock_guard lock(mutex_);
            away_ = false;
            kept = std::exchange(kept_, {});
        }
        for (const auto& call : kept) {
            call();
        }
    }

  private:
    void keep(std::function<void()> call) {
        {
            const std::lock_guard lock(mutex_);
            if (away_) {
                kept_.push_back(std::move(call));
                return;
            }
        }
        call();
    }

    std::mutex mutex_;
    std::atomic<bool> away_ = false;
    std::vector<std::function<void()>> kept_;  // guarded by mutex_
};

MemberOptions options(store::NodeId node, std::uint64_t instance) {
    MemberOptions options;
    options.node = node;
    options.instance = instance;
    options.timing.lease = milliseconds(900);
    options.timing.hand_over_poll = milliseconds(20);
    options.facts.partition_count = kPartitions;
    options.facts.internal_address = "10.0.0." + std::to_string(node) + ":1";
    options.facts.external_url = "http://node" + std::to_string(node) + "/";
    return options;
}

bool eventually(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(milliseconds(5));  // poll
    }
    return true;
}

class MembershipTest : public testing::Test {
  protected:
    store::MemoryStore store_{store::MemoryOptions{kPartitions, {}}};
    SystemClock clock_;
    Recorder first_;
    Recorder second_;
};

TEST_F(MembershipTest, PartitionsAreSharedAndFound) {
    Membership one(options(1, 11), store_, clock_, first_);
    Membership two(options(2, 22), store_, clock_, second_);
    EXPECT_EQ(one.owner_of(3).where, Owner::Where::kNobody);
    one.start();
    two.start();

    ASSERT_TRUE(eventually([&] {
        return one.status().settled && two.status().settled &&
               first_.count() + second_.count() == kPartitions;
    }));
    EXPECT_GE(first_.count(), 5U);
    EXPECT_GE(second_.count(), 5U);
    for (Partition partition = 0; partition < kPartitions; ++partition) {
        const bool is_first = one.serves(partition);
        EXPECT_NE(is_first, two.serves(partition));
        const Owner here = (is_first ? one : two).owner_of(partition);
        EXPECT_EQ(here.where, Owner::Where::kHere);
        const Owner there = (is_first ? two : one).owner_of(partition);
        EXPECT_EQ(there.where, Owner::Where::kNode);
        EXPECT_EQ(there.node, is_first ? 1U : 2U);
        EXPECT_EQ(there.internal_address, is_first ? "10.0.0.1:1" : "10.0.0.2:1");
        EXPECT_EQ(there.external_url, is_first ? "http://node1/" : "http://node2/");
    }
    EXPECT_EQ(one.status().nodes.size(), 2U);
}

TEST_F(MembershipTest, DrainingAndLeavingLeaveNothingBehind) {
    Membership one(options(1, 11), store_, clock_, first_);
    Membership two(options(2, 22), store_, clock_, second_);
    one.start();
    two.start();
    ASSERT_TRUE(eventually([&] { return one.status().settled && two.status().settled; }));
    one.drain();
    ASSERT_TRUE(eventually([&] { return one.drained(); }));
    EXPECT_EQ(first_.count(), 0U);
    one.leave();

    EXPECT_FALSE(one.serves(0));
    ASSERT_TRUE(eventually([&] { return second_.count() == kPartitions; }));
    const auto nodes =
        store::wait<std::vector<store::NodeRecord>>([&](auto done) { store_.list_nodes(done); });
    ASSERT_EQ(nodes->size(), 1U);
    EXPECT_EQ(nodes->at(0).node, 2U);
}

TEST_F(MembershipTest, AnEndWithoutAWordIsNoticed) {
    auto one = std::make_unique<Membership>(options(1, 11), store_, clock_, first_);
    one->start();
    ASSERT_TRUE(eventually([&] { return first_.count() == kPartitions; }));
    one.reset();
    Membership two(options(2, 22), store_, clock_, second_);
    two.start();

    EXPECT_TRUE(eventually([&] { return second_.count() == kPartitions; }));
    EXPECT_EQ(two.status().counters.declared_dead, 1U);
}

TEST_F(MembershipTest, AStoreThatIsAwaySuspendsAndResumes) {
    AwayStore away(store_);
    Membership one(options(1, 11), away, clock_, first_);
    one.start();
    ASSERT_TRUE(eventually([&] { return first_.count() == kPartitions && one.serves(0); }));
    away.go_away();
    ASSERT_TRUE(eventually([&] { return first_.suspensions() > 0; }));
    EXPECT_FALSE(one.serves(0));
    EXPECT_TRUE(one.status().suspended);
    away.come_back();

    ASSERT_TRUE(eventually([&] { return one.serves(0); }));
    EXPECT_TRUE(eventually([&] { return first_.resumptions() >= kPartitions; }));
    EXPECT_EQ(first_.count(), kPartitions);
}

TEST_F(MembershipTest, AnswersThatComeAfterItsEndAreIgnored) {
    AwayStore away(store_);
    away.go_away();
    {
        Membership one(options(1, 11), away, clock_, first_);
        one.start();
        one.drain();
    }
    away.come_back();

    EXPECT_EQ(first_.count(), 0U);
}

}  // namespace
}  // namespace fermata::cluster

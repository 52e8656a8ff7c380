// A lane that is not served yet: calls for it wait, in bounds; the others do not notice.
#include <atomic>
#include <vector>

#include "engine/engine_fixture.h"
#include "engine/recovery_queue.h"
#include "store/forwarding_store.h"

namespace fermata::engine {
namespace {

// Answers the claim of one partition only when it is let go.
class SlowClaims final : public store::ForwardingStore {
  public:
    SlowClaims(store::Store& inner, Partition slow) : ForwardingStore(inner), slow_(slow) {}

    void claim(Partition partition, std::uint32_t node, store::Done<store::Epoch> done) override {
        const std::lock_guard lock(mutex_);
        if (partition == slow_ && !let_go_) {
            held_ = [this, partition, node, done = std::move(done)]() mutable {
                ForwardingStore::claim(partition, node, std::move(done));
            };
        } else {
            ForwardingStore::claim(partition, node, std::move(done));
        }
    }
    void let_go() {
        std::function<void()> held;
        {
            const std::lock_guard lock(mutex_);
            let_go_ = true;
            held = std::exchange(held_, nullptr);
        }
        if (held) {
            held();
        }
    }

  private:
    const Partition slow_;
    std::mutex mutex_;
    bool let_go_ = false;
    std::function<void()> held_;
};

// Answers reads of sessions one by one, when the test says so.
class ReadsByHand final : public store::ForwardingStore {
  public:
    using ForwardingStore::ForwardingStore;

    void list_sessions(Partition partition, store::SessionPhase phase, const std::string& cursor,
                       std::size_t limit, store::Done<store::SessionPage> done) override {
        const std::lock_guard lock(mutex_);
        reads_[partition] = [this, partition, phase, cursor, limit, done = std::move(done)] {
            inner().list_sessions(partition, phase, cursor, limit, done);
        };
    }
    // Partitions whose reads were asked for and are not answered.
    [[nodiscard]] std::vector<Partition> waiting() const {
        const std::lock_guard lock(mutex_);
        std::vector<Partition> partitions;
        for (const auto& [partition, read] : reads_) {
            partitions.push_back(partition);
        }
        return partitions;
    }
    void answer(Partition partition) {
        std::function<void()> read;
        {
            const std::lock_guard lock(mutex_);
            read = std::move(reads_.extract(partition).mapped());
        }
        read();
    }

  private:
    mutable std::mutex mutex_;
    std::map<Partition, std::function<void()>> reads_;
};

class EngineRecoveryTest : public EngineFixture {
  public:
    ~EngineRecoveryTest() override { engine_.reset(); }  // before the store it stands on

  protected:
    static constexpr Partition kSlow = 3;

    EngineRecoveryTest() { options_.recovers_in_background = true; }

    // A client's own name whose session belongs to `partition`.
    static std::string name_in(Partition partition) {
        for (int number = 0;; ++number) {
            std::string name = "order-" + std::to_string(number);
            if (SessionId::from_name(name, kPartitions).partition() == partition) {
                return name;
            }
        }
    }
    StartRequest start_in(Partition partition) {
        StartRequest request;
        request.document = chart(R"(<state id="a"/>)");
        request.id = name_in(partition);
        return request;
    }
    void wait_until_ready() { wait_until_reason_is(""); }
    void wait_until_reason_is(const std::string& reason) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (engine_->not_ready_reason() != reason) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << engine_->not_ready_reason();
            std::this_thread::yield();
        }
    }

    void wait_until_read(const std::vector<Partition>& partitions) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (by_hand_.waiting() != partitions) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline)
                << ::testing::PrintToString(by_hand_.waiting());
            std::this_thread::yield();
        }
    }

    SlowClaims slow_{*store_, kSlow};
    ReadsByHand by_hand_{*store_};
};

TEST_F(EngineRecoveryTest, TheFirstPartitionsAreServedBeforeTheLastAreRead) {
    options_.shards = 1;
    open(by_hand_);
    wait_until_read({0, 1, 2, 3});
    by_hand_.answer(2);
    wait_until_read({0, 1, 3, 4});
    EXPECT_TRUE(try_start(start_in(2)));
    wait_until_reason_is("7 partitions are being recovered");
    for (const Partition partition : std::vector<Partition>{0, 1, 3, 4}) {
        by_hand_.answer(partition);
    }
    wait_until_read({5, 6, 7});
    for (const Partition partition : std::vector<Partition>{5, 6, 7}) {
        by_hand_.answer(partition);
    }
    wait_until_ready();
}

TEST_F(EngineRecoveryTest, APartitionThatSomebodyWaitsForIsReadNext) {
    options_.shards = 1;
    open(by_hand_);
    wait_until_read({0, 1, 2, 3});
    auto promise = std::make_shared<std::promise<Result<StartOutcome>>>();
    auto outcome = promise->get_future();
    engine_->start(start_in(6), [promise](Result<StartOutcome> answer) {
        promise->set_value(std::move(answer));
    });
    by_hand_.answer(0);
    wait_until_read({1, 2, 3, 6});
    by_hand_.answer(6);
    EXPECT_TRUE(outcome.get());
    engine_.reset();
}

TEST_F(EngineRecoveryTest, PartitionsThatTakeLongDoNotKeepOthersWaiting) {
    options_.shards = 1;
    open(by_hand_);
    wait_until_read({0, 1, 2, 3});
    clock_.advance(RecoveryQueue::kSlow);
    wait_until_read({0, 1, 2, 3, 4, 5, 6, 7});
    by_hand_.answer(7);
    EXPECT_TRUE(try_start(start_in(7)));
    engine_.reset();
}

TEST_F(EngineRecoveryTest, AnEngineThatWaitsForAllReadsThemAFewAtATimeToo) {
    options_.shards = 1;
    options_.recovers_in_background = false;
    auto opened = std::async(std::launch::async, [this] { open(by_hand_); });
    wait_until_read({0, 1, 2, 3});
    for (Partition partition = 0; partition < kPartitions; ++partition) {
        while (by_hand_.waiting().empty() || by_hand_.waiting().front() != partition) {
            std::this_thread::yield();
        }
        EXPECT_EQ(opened.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
        by_hand_.answer(partition);
    }
    opened.get();
    EXPECT_EQ(engine_->not_ready_reason(), "");
}

TEST_F(EngineRecoveryTest, PartitionsAreServedWhileOthersAreStillBeingRecovered) {
    open(slow_);
    EXPECT_TRUE(try_start(start_in(kSlow + 1)));
    wait_until_reason_is("1 partitions are being recovered");
    slow_.let_go();
    wait_until_ready();
}

TEST_F(EngineRecoveryTest, CallsWaitForTheirPartition) {
    open(slow_);
    auto promise = std::make_shared<std::promise<Result<StartOutcome>>>();
    auto outcome = promise->get_future();
    engine_->start(start_in(kSlow), [promise](Result<StartOutcome> answer) {
        promise->set_value(std::move(answer));
    });
    EXPECT_TRUE(try_start(start_in(kSlow + 2)));  // same shard: the first call was taken before it
    EXPECT_EQ(outcome.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    slow_.let_go();
    const auto answer = outcome.get();
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_TRUE(answer->answer);
}

TEST_F(EngineRecoveryTest, CallsThatWaitTooLongAreRefused) {
    options_.recovery_wait = std::chrono::milliseconds(300);
    open(slow_);
    auto promise = std::make_shared<std::promise<Result<StartOutcome>>>();
    auto outcome = promise->get_future();
    engine_->start(start_in(kSlow), [promise](Result<StartOutcome> answer) {
        promise->set_value(std::move(answer));
    });
    EXPECT_TRUE(try_start(start_in(kSlow + 2)));
    clock_.advance(std::chrono::milliseconds(299));
    EXPECT_TRUE(try_start(start_in(kSlow + 4)));
    EXPECT_EQ(outcome.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    clock_.advance(std::chrono::milliseconds(500));
    const auto answer = outcome.get();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::kUnavailable);
    slow_.let_go();
}

TEST_F(EngineRecoveryTest, NotMoreCallsWaitThanTheQueueMayHold) {
    options_.queue_length_max = 4;
    open(slow_);
    std::atomic<int> overloaded = 0;
    for (int number = 0; number < 20; ++number) {
        engine_->query(name_in(kSlow), [&](const Result<SessionView>& view) {
            overloaded += !view && view.error().code() == ErrorCode::kOverloaded ? 1 : 0;
        });
        // Answered when the shard has seen what was posted before: its queue never fills.
        EXPECT_FALSE(query(name_in(kSlow + 2)));
    }
    EXPECT_EQ(overloaded, 16);
    slow_.let_go();
}

TEST_F(EngineRecoveryTest, StoppingAnswersThoseWhoWait) {
    open(slow_);
    auto promise = std::make_shared<std::promise<Result<SessionView>>>();
    auto outcome = promise->get_future();
    engine_->query(name_in(kSlow),
                   [promise](Result<SessionView> view) { promise->set_value(std::move(view)); });
    engine_->stop(std::chrono::milliseconds(100));
    const auto view = outcome.get();
    ASSERT_FALSE(view);
    EXPECT_EQ(view.error().code(), ErrorCode::kUnavailable);
    slow_.let_go();
}

}  // namespace
}  // namespace fermata::engine

// The store goes away and comes back, or another instance takes partitions over: nobody is told
// anything wrong, and nobody waits for ever.
#include <vector>

#include <gmock/gmock.h>

#include "engine/engine_fixture.h"
#include "store/away_store.h"

namespace fermata::engine {
namespace {

using testing::HasSubstr;

class EngineStoreAwayTest : public EngineFixture {
  protected:
    void TearDown() override { engine_.reset(); }  // before the store it stands on

    const std::string counting_ = chart(
        R"(<datamodel><data id="n" expr="0"/></datamodel>
           <state id="a"><transition event="go"><assign location="n" expr="n + 1"/></transition></state>)",
        R"(datamodel="ecmascript")");

    std::future<Result<EventAnswer>> send_later(const std::string& session,
                                                const std::string& key = {}) {
        EventRequest request;
        request.session = session;
        request.event.name = "go";
        request.idempotency_key = key;
        auto promise = std::make_shared<std::promise<Result<EventAnswer>>>();
        auto answer = promise->get_future();
        engine_->send(std::move(request),
                      [promise](Result<EventAnswer> told) { promise->set_value(std::move(told)); });
        return answer;
    }
    void wait_until_held(std::size_t commits) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (away_.held() < commits) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline);
            std::this_thread::yield();
        }
    }
    static bool is_pending(const std::future<Result<EventAnswer>>& answer) {
        return answer.wait_for(std::chrono::seconds(0)) == std::future_status::timeout;
    }
    void take_over(Partition partition) {
        store::Done<store::Epoch> claimed = [](const Result<store::Epoch>& epoch) {
            EXPECT_TRUE(epoch);
        };
        store_->claim(partition, 99, claimed);
    }
    // Of a session that is sent to until it finds that it was taken over.
    ErrorCode sent_until_refused(const std::string& session) {
        for (int tries = 0; tries < 100; ++tries) {
            const auto answer = send(session, "go");
            if (!answer && answer.error().code() == ErrorCode::kFenced) {
                return ErrorCode::kFenced;
            }
        }
        return ErrorCode::kInternal;
    }

    store::AwayStore away_{*store_};
};

TEST_F(EngineStoreAwayTest, NewWorkIsRefusedWithTheReasonUntilTheStoreIsBack) {
    open(away_);
    const std::string session = start(counting_);
    EXPECT_EQ(engine_->not_ready_reason(), "");

    away_.leave("redis1:6379 is not reachable");
    StartRequest start_request;
    start_request.document = counting_;
    const auto started = try_start(start_request);
    const auto sent = send(session, "go");
    const auto terminated = terminate(session);
    const auto requested = wait_for<ChartResponse>([&](auto done) {
        EventRequest request;
        request.session = session;
        request.event.name = "go";
        engine_->request(request, std::chrono::seconds(30), done);
    });
    const auto stored = wait_for<std::pair<DocumentView, scxml::Findings>>(
        [&](auto done) { engine_->put_document("name", counting_, done); });
    for (const Error& error :
         {started.error(), sent.error(), terminated.error(), requested.error(), stored.error()}) {
        EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
        EXPECT_THAT(error.message(), HasSubstr("the store cannot work now"));
        EXPECT_THAT(error.message(), HasSubstr("redis1:6379 is not reachable"));
    }
    EXPECT_THAT(engine_->not_ready_reason(), HasSubstr("redis1:6379 is not reachable"));
    const auto view = query(session);
    ASSERT_TRUE(view) << "running sessions stay";
    EXPECT_EQ(data(*view, "n"), "0");

    away_.come_back();
    EXPECT_EQ(engine_->not_ready_reason(), "");
    EXPECT_TRUE(send(session, "go"));
    EXPECT_EQ(data(*query(session), "n"), "1");
}

TEST_F(EngineStoreAwayTest, WhatWasTakenBeforeIsAnsweredWhenTheStoreIsBack) {
    open(away_);
    const std::string session = start(counting_);
    away_.hold();
    auto answer = send_later(session);
    wait_until_held(1);
    away_.leave("away");
    EXPECT_TRUE(is_pending(answer));

    away_.come_back();
    EXPECT_TRUE(answer.get());
    EXPECT_EQ(data(*query(session), "n"), "1");
}

TEST_F(EngineStoreAwayTest, WhoeverWaitsTooLongIsToldSoAndMayRepeat) {
    options_.answer_timeout = std::chrono::milliseconds(5'000);
    open(away_);
    const std::string session = start(counting_);
    away_.hold();
    auto answer = send_later(session, "once");
    wait_until_held(1);
    away_.leave("redis1:6379 is not reachable");
    clock_.advance(std::chrono::milliseconds(4'900));
    EXPECT_TRUE(query("nobody").error().code() == ErrorCode::kNotFound);  // a turn later
    EXPECT_TRUE(is_pending(answer));
    clock_.advance(std::chrono::milliseconds(400));

    const auto told = answer.get();
    ASSERT_FALSE(told);
    EXPECT_EQ(told.error().code(), ErrorCode::kTimeout);
    EXPECT_THAT(told.error().message(), HasSubstr("redis1:6379 is not reachable"));
    away_.come_back();
    const auto repeated = send(session, "go", {}, "once");
    ASSERT_TRUE(repeated) << repeated.error().to_string();
    EXPECT_TRUE(repeated->repeated);
    EXPECT_EQ(data(*query(session), "n"), "1");
}

TEST_F(EngineStoreAwayTest, AQueryThatNobodyAnswersEndsInTime) {
    options_.answer_timeout = std::chrono::milliseconds(5'000);
    open(away_);
    const std::string session = start(counting_);
    away_.hold();
    const auto sent = send_later(session);
    wait_until_held(1);
    auto promise = std::make_shared<std::promise<Result<SessionView>>>();
    auto view = promise->get_future();
    engine_->query(session,
                   [promise](Result<SessionView> told) { promise->set_value(std::move(told)); });
    EXPECT_EQ(query("nobody").error().code(), ErrorCode::kNotFound);
    clock_.advance(std::chrono::milliseconds(5'300));

    EXPECT_EQ(view.get().error().code(), ErrorCode::kTimeout);
    away_.come_back();
}

TEST_F(EngineStoreAwayTest, StartsGoToPartitionsThatCanWork) {
    open(away_);
    for (Partition partition = 0; partition < kPartitions; ++partition) {
        if (partition != 5) {
            away_.leave(partition);
        }
    }
    for (int number = 0; number < 3; ++number) {
        const auto session = SessionId::parse(start(counting_));
        ASSERT_TRUE(session);
        EXPECT_EQ(session->partition(), 5);
    }
    away_.leave(5);
    StartRequest request;
    request.document = counting_;
    EXPECT_THAT(try_start(request).error().message(), HasSubstr("partition is away"));
}

TEST_F(EngineStoreAwayTest, PartitionsTakenOverAreFencedAndTheOthersServed) {
    open(away_);
    const std::string session = start(counting_);
    const Partition partition = SessionId::parse(session)->partition();
    take_over(partition);

    EXPECT_EQ(sent_until_refused(session), ErrorCode::kFenced);
    EXPECT_EQ(engine_->not_ready_reason(), "1 partitions belong to another instance");
    for (int number = 0; number < 2 * kPartitions; ++number) {
        const auto started = SessionId::parse(start(counting_));
        ASSERT_TRUE(started);
        EXPECT_NE(started->partition(), partition);
    }
}

TEST_F(EngineStoreAwayTest, AServerThatLostEverythingSaysSo) {
    open(away_);
    std::vector<std::string> sessions;
    sessions.reserve(kPartitions);
    for (int number = 0; number < kPartitions; ++number) {
        sessions.push_back(start(counting_));
    }
    for (Partition partition = 0; partition < kPartitions; ++partition) {
        take_over(partition);
    }
    for (const std::string& session : sessions) {
        EXPECT_EQ(sent_until_refused(session), ErrorCode::kFenced);
    }

    EXPECT_THAT(engine_->not_ready_reason(),
                HasSubstr("another instance took over all partitions"));
    StartRequest request;
    request.document = counting_;
    EXPECT_EQ(try_start(request).error().code(), ErrorCode::kFenced);
}

}  // namespace
}  // namespace fermata::engine

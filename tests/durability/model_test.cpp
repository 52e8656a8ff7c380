// The checker must be able to fail: an example of each breach.
#include "model.h"

#include <gtest/gtest.h>

namespace fermata::durability {
namespace {

SessionSeen seen(const std::string& json) {
    SessionSeen seen;
    seen.status_code = 200;
    seen.view = boost::json::parse(json).as_object();
    return seen;
}

SessionModel started(Kind kind) {
    SessionModel model;
    model.kind = kind;
    model.start = Known::kAcknowledged;
    return model;
}

SessionModel counter() {
    SessionModel model = started(Kind::kCounter);
    model.ledgers["seen"].note(1, Known::kAcknowledged);
    model.ledgers["seen"].note(2, Known::kUnknown);
    model.ledgers["seen"].note(3, Known::kAcknowledged);
    return model;
}

std::string counter_problem(const std::string& list) {
    return problem_of(counter(), seen(R"({"status":"active","data":{"seen":)" + list + "}}"));
}

TEST(ModelTest, AcknowledgedNumbersAreThereOnceAndUnknownOnesAtMostOnce) {
    EXPECT_EQ(counter_problem("[1,2,3]"), "");
    EXPECT_EQ(counter_problem("[1,3]"), "");
    EXPECT_EQ(counter_problem("[1,2]"), "seen: 3 was acknowledged and is not there");
    EXPECT_EQ(counter_problem("[1,3,3]"), "seen: 3 is there twice");
    EXPECT_EQ(counter_problem("[1,2,2,3]"), "seen: 2 is there twice");
    EXPECT_EQ(counter_problem("[1,3,4]"), "seen: 4 was never sent");
    EXPECT_EQ(counter_problem("[3,1]"), "seen: not in the order in which they were sent");
}

TEST(ModelTest, OrderIsDemandedUnlessSomethingWasLeftOpen) {
    SessionModel model = counter();
    const SessionSeen view = seen(R"({"status":"active","data":{"seen":[3,1]}})");

    EXPECT_EQ(problem_of(model, view), "seen: not in the order in which they were sent");
    model.in_order = false;
    EXPECT_EQ(problem_of(model, view), "");
}

TEST(ModelTest, AnAcknowledgedSessionIsThereAndActive) {
    SessionSeen missing;
    missing.status_code = 404;
    SessionModel unknown = counter();
    unknown.start = Known::kUnknown;

    EXPECT_EQ(problem_of(counter(), missing), "the server answers 404");
    EXPECT_EQ(problem_of(unknown, missing), "");
    EXPECT_EQ(problem_of(counter(), seen(R"({"status":"scheduled","data":{"seen":[1,3]}})")),
              "should be active, but is scheduled");
    EXPECT_EQ(problem_of(counter(), seen(R"({"status":"error","data":{"seen":[1,3]}})")),
              "should be active, but is error");
}

TEST(ModelTest, AnEndedCounterShowsItsNumbersAsDonedata) {
    SessionModel model = counter();
    model.finish_sent = true;
    model.finish = Known::kAcknowledged;

    EXPECT_EQ(problem_of(model, seen(R"({"status":"final","donedata":[1,3]})")), "");
    EXPECT_EQ(problem_of(model, seen(R"({"status":"final","donedata":[1]})")),
              "seen: 3 was acknowledged and is not there");
    EXPECT_EQ(problem_of(model, seen(R"({"status":"active","data":{"seen":[1,3]}})")),
              "finish was acknowledged, but the session is active");
}

std::string timers_problem(const std::string& data) {
    return problem_of(started(Kind::kTimers), seen(R"({"status":"active","data":)" + data + "}"));
}

TEST(ModelTest, EveryTimerFiresOnceOrIsCancelled) {
    EXPECT_EQ(timers_problem(R"({"armed":[1,2],"fired":[2],"cancelled":[1],"early":0})"), "");
    EXPECT_EQ(timers_problem(R"({"armed":[1],"fired":[],"cancelled":[],"early":0})"),
              "timer 1 neither fired nor was cancelled");
    EXPECT_EQ(timers_problem(R"({"armed":[1],"fired":[1,1],"cancelled":[],"early":0})"),
              "fired: 1 is there twice");
    EXPECT_EQ(timers_problem(R"({"armed":[1],"fired":[1],"cancelled":[],"early":1})"),
              "1 timers fired early");
    EXPECT_EQ(timers_problem(R"({"armed":[],"fired":[1],"cancelled":[],"early":0})"),
              "a timer fired that was never armed");
}

std::string parent_problem(const std::string& data) {
    return problem_of(started(Kind::kParent), seen(R"({"status":"active","data":)" + data + "}"));
}

TEST(ModelTest, EveryChildFinishesOnceOrIsAbandoned) {
    EXPECT_EQ(parent_problem(R"({"spawned":[1,2],"finished":[1],"abandoned":[2],"progress":[1]})"),
              "");
    EXPECT_EQ(parent_problem(R"({"spawned":[1,2],"finished":[1],"abandoned":[],"progress":[1]})"),
              "not every spawned child has finished or was abandoned");
    EXPECT_EQ(parent_problem(R"({"spawned":[1],"finished":[1],"abandoned":[1],"progress":[1]})"),
              "finished and abandoned children: 1 is there twice");
    EXPECT_EQ(parent_problem(R"({"spawned":[1],"finished":[1],"abandoned":[],"progress":[]})"),
              "a child finished without having reported progress");
    EXPECT_EQ(parent_problem(R"({"spawned":[1],"finished":[1],"abandoned":[],"progress":[1,1]})"),
              "progress: 1 is there twice");
    EXPECT_EQ(parent_problem(R"({"spawned":[],"errors":["error.communication"]})"),
              "the chart got an error event");
}

TEST(ModelTest, NothingMayBeLeftWaiting) {
    const std::string view = R"({"status":"active","data":{"seen":[1,3]},"timers":[],"pending":)";

    EXPECT_EQ(problem_of(counter(), seen(view + "[]}")), "");
    EXPECT_EQ(problem_of(counter(), seen(view + R"([{"name":"count"}]})")),
              R"(pending are left: [{"name":"count"}])");
}

SessionSeen account(const std::string& balance, const std::string& sent,
                    const std::string& received) {
    return seen(R"({"status":"active","data":{"balance":)" + balance + R"(,"sent":)" + sent +
                R"(,"received":)" + received + "}}");
}

TEST(ModelTest, TransfersArriveOnceAndTheTotalStays) {
    EXPECT_EQ(conservation_problem({account("-5", "[1]", "[]"), account("5", "[]", "[1]")}), "");
    EXPECT_EQ(conservation_problem({account("-5", "[1]", "[]"), account("0", "[]", "[]")}),
              "1 transfers were sent, 0 arrived");
    EXPECT_EQ(conservation_problem({account("-5", "[1]", "[]"), account("10", "[]", "[1,1]")}),
              "transfer 1 is there twice");
    EXPECT_EQ(conservation_problem({account("-5", "[1]", "[]"), account("6", "[]", "[1]")}),
              "the total of all accounts is 1");
}

}  // namespace
}  // namespace fermata::durability

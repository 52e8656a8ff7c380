#include "app/request_answers.h"

#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/test_server.h"

namespace fermata::app {
namespace {

using testing::ElementsAre;

// The instance that holds the request.
class Holder {
  public:
    explicit Holder(int status)
        : server_(http::serve_with(
              [this, status](const http::Request& request, const http::Responder& responder) {
                  {
                      const std::lock_guard lock(mutex_);
                      told_.push_back(request.method + " " + request.path + " " +
                                      std::string(request.headers.get("Fermata-Peer")) + " " +
                                      request.body);
                  }
                  responder.send(http::Response::text(status, ""));
              })) {}

    [[nodiscard]] RequestAnswers::Peer peer() const { return {server_->url(), "the secret"}; }
    [[nodiscard]] std::vector<std::string> told() const {
        const std::lock_guard lock(mutex_);
        return told_;
    }

  private:
    mutable std::mutex mutex_;
    std::vector<std::string> told_;         // under mutex_
    std::unique_ptr<http::Server> server_;  // last: its threads use the rest
};

std::unique_ptr<RequestAnswers> answers_for(const Holder& holder) {
    return *RequestAnswers::create({}, [&holder](store::NodeId node) {
        return node == 7 ? std::optional(holder.peer()) : std::nullopt;
    });
}

engine::Response response() {
    return {"7x81x0x3", "done", *value::Value::from_json(R"({"n":1})")};
}

TEST(RequestAnswersTest, AnAnswerGoesToTheInstanceOfItsNode) {
    const Holder holder(204);
    const auto answers = answers_for(holder);
    answers->pass(7, response());

    ASSERT_TRUE(http::becomes([&] { return !holder.told().empty(); }));
    EXPECT_THAT(holder.told(), ElementsAre("POST /internal/answers/7x81x0x3 the secret "
                                           R"({"event":"done","data":{"n":1}})"));
    EXPECT_EQ(answers->counters().sent, 1U);
    EXPECT_EQ(answers->counters().failed, 0U);
}

TEST(RequestAnswersTest, WithoutALivingInstanceItIsDropped) {
    const Holder holder(204);
    const auto answers = answers_for(holder);
    answers->pass(8, response());

    EXPECT_EQ(answers->counters().sent, 0U);
}

TEST(RequestAnswersTest, AnAnswerThatIsNotTakenIsCountedAndNotRepeated) {
    const Holder holder(503);
    const auto answers = answers_for(holder);
    answers->pass(7, response());

    ASSERT_TRUE(http::becomes([&] { return answers->counters().failed == 1; }));
    EXPECT_EQ(holder.told().size(), 1U);
}

}  // namespace
}  // namespace fermata::app

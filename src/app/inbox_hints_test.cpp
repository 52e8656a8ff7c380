#include "app/inbox_hints.h"

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/test_server.h"

namespace fermata::app {
namespace {

using testing::ElementsAre;

// An owner that answers when it is told to.
class Owner {
  public:
    Owner()
        : server_(http::serve_with(
              [this](const http::Request& request, const http::Responder& responder) {
                  const std::lock_guard lock(mutex_);
                  told_.push_back(request.method + " " + request.path + " " +
                                  std::string(request.headers.get("Fermata-Peer")));
                  waiting_.push_back(responder);
              })) {}

    [[nodiscard]] InboxHints::Peer peer() const { return {server_->url(), "the secret"}; }
    void answer(int status = 204) {
        const std::lock_guard lock(mutex_);
        for (const http::Responder& responder : std::exchange(waiting_, {})) {
            responder.send(http::Response::text(status, ""));
        }
    }
    [[nodiscard]] std::vector<std::string> told() const {
        const std::lock_guard lock(mutex_);
        return told_;
    }

  private:
    mutable std::mutex mutex_;
    std::vector<std::string> told_;         // under mutex_
    std::vector<http::Responder> waiting_;  // under mutex_
    std::unique_ptr<http::Server> server_;  // last: its threads use the rest
};

class InboxHintsTest : public testing::Test {
  protected:
    Owner owner_;
    std::unique_ptr<InboxHints> hints_ = *InboxHints::create(
        {}, [this](Partition /*partition*/) { return std::optional(owner_.peer()); });
};

TEST_F(InboxHintsTest, TellsTheOwnerWithItsSecret) {
    hints_->tell(17);

    ASSERT_TRUE(http::becomes([&] { return !owner_.told().empty(); }));
    EXPECT_THAT(owner_.told(), ElementsAre("POST /internal/inbox/17 the secret"));
    owner_.answer();
    EXPECT_EQ(hints_->counters().sent, 1U);
}

TEST_F(InboxHintsTest, WhatComesMeanwhileIsOneMoreHint) {
    hints_->tell(3);
    ASSERT_TRUE(http::becomes([&] { return owner_.told().size() == 1; }));
    for (int i = 0; i < 100; ++i) {
        hints_->tell(3);
    }
    EXPECT_EQ(hints_->counters().sent, 1U);
    owner_.answer();

    ASSERT_TRUE(http::becomes([&] { return owner_.told().size() == 2; }));
    owner_.answer();
    hints_->tell(3);
    ASSERT_TRUE(http::becomes([&] { return owner_.told().size() == 3; }));
    owner_.answer();
    EXPECT_EQ(hints_->counters().sent, 3U);
}

TEST_F(InboxHintsTest, AnOwnerThatRefusesIsCounted) {
    hints_->tell(3);
    ASSERT_TRUE(http::becomes([&] { return owner_.told().size() == 1; }));
    owner_.answer(403);

    EXPECT_TRUE(http::becomes([&] { return hints_->counters().failed == 1; }));
}

TEST(InboxHintsWithoutOwnerTest, NobodyIsTold) {
    const auto hints =
        *InboxHints::create({}, [](Partition /*partition*/) { return std::nullopt; });
    hints->tell(3);
    EXPECT_EQ(hints->counters().sent, 0U);
}

}  // namespace
}  // namespace fermata::app

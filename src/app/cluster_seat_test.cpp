// Seats with real engines and memberships on one store, as instances of one cluster have them.
#include "app/cluster_seat.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/scripted_outside.h"
#include "http/test_server.h"
#include "store/memory_store.h"
#include "store/testing.h"

namespace fermata::app {
namespace {

using api::Place;
using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr Partition kPartitions = 16;
constexpr const char* kChart =
    R"(<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript">
  <datamodel><data id="n" expr="0"/></datamodel>
  <state id="a"><transition event="add"><assign location="n" expr="n + 1"/></transition></state>
</scxml>)";

ClusterSeatOptions options(store::NodeId node, std::uint64_t instance) {
    ClusterSeatOptions options;
    options.cluster_name = "test";
    options.member.node = node;
    options.member.instance = instance;
    options.member.timing.lease = milliseconds(1500);
    options.member.timing.hand_over_poll = milliseconds(20);
    options.member.facts.partition_count = kPartitions;
    options.member.facts.lease_ms = 1500;
    options.member.facts.internal_address = "http://10.0.0." + std::to_string(node) + ":1";
    options.member.facts.external_url = "https://node" + std::to_string(node);
    options.member.facts.peer_secret = "secret of " + std::to_string(instance);
    return options;
}

class Instance {
  public:
    Instance(store::Store& store, const ClusterSeatOptions& options)
        : seat_(*ClusterSeat::create(options, store, clock_)) {
        engine::Options own;
        own.shards = 1;
        own.node = options.member.node;
        engine_ = *engine::Engine::create(own, store, outside_, clock_, seat_.get());
        seat_->start(*engine_);
    }
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;
    ~Instance() {
        engine_->stop(milliseconds(5000));
        seat_->leave();
    }

    [[nodiscard]] Result<void> wait_for_place() {
        return seat_->wait_for_place([](const std::string& /*awaited*/) {});
    }
    Result<engine::StartOutcome> start() {
        return store::wait<engine::StartOutcome>([&](auto done) {
            engine::StartRequest request;
            request.document = kChart;
            engine_->start(std::move(request), std::move(done));
        });
    }
    Result<engine::EventAnswer> send(const std::string& session) {
        return store::wait<engine::EventAnswer>([&](auto done) {
            engine::EventRequest request;
            request.session = session;
            request.event.name = "add";
            engine_->send(std::move(request), std::move(done));
        });
    }
    ClusterSeat& seat() { return *seat_; }
    [[nodiscard]] const ClusterSeat& seat() const { return *seat_; }
    engine::Engine& engine() { return *engine_; }
    [[nodiscard]] std::size_t count_places(Place::Where where) const {
        std::size_t count = 0;
        for (Partition partition = 0; partition < kPartitions; ++partition) {
            count += seat_->place_of(partition).where == where ? 1 : 0;
        }
        return count;
    }

  private:
    SystemClock clock_;
    engine::ScriptedOutside outside_;
    std::unique_ptr<ClusterSeat> seat_;
    std::unique_ptr<engine::Engine> engine_;
};

class ClusterSeatTest : public testing::Test {
  protected:
    // Knows both, and nothing has to move any more.
    static bool shares(const Instance& instance) {
        const api::ClusterView view = instance.seat().view();
        return view.instances.size() == 2 && view.settled &&
               instance.count_places(Place::Where::kHere) < kPartitions;
    }

    store::MemoryStore store_{store::MemoryOptions{kPartitions, {}}};
};

TEST_F(ClusterSeatTest, ASoleMemberServesEverythingWhenItHasItsPlace) {
    ClusterSeatOptions sole = options(1, 11);
    sole.member.sole = true;
    Instance one(store_, sole);
    ASSERT_TRUE(one.wait_for_place());

    EXPECT_EQ(one.count_places(Place::Where::kHere), kPartitions);
    EXPECT_EQ(one.seat().not_ready_reason(), "");
    EXPECT_EQ(one.seat().place_for_start().where, Place::Where::kHere);
    const auto started = one.start();
    ASSERT_TRUE(started) << started.error().to_string();
    EXPECT_TRUE(one.send(started->answer->session.to_string()));
    EXPECT_FALSE(one.seat().hand_over(milliseconds(5000)));  // nobody is there to take it
    EXPECT_EQ(one.count_places(Place::Where::kHere), kPartitions);
}

TEST_F(ClusterSeatTest, TwoNodesShareAndTellWhereThingsAre) {
    Instance one(store_, options(1, 11));
    ASSERT_TRUE(one.wait_for_place());
    Instance two(store_, options(2, 22));
    ASSERT_TRUE(two.wait_for_place());
    ASSERT_TRUE(http::becomes([&] { return shares(one) && shares(two); }));
    const std::size_t of_two = two.count_places(Place::Where::kHere);
    EXPECT_EQ(one.count_places(Place::Where::kHere) + of_two, kPartitions);
    ASSERT_TRUE(http::becomes([&] { return one.count_places(Place::Where::kNode) == of_two; }));

    for (Partition partition = 0; partition < kPartitions; ++partition) {
        const Place place = one.seat().place_of(partition);
        if (place.where == Place::Where::kNode) {
            EXPECT_EQ(place.node, 2U);
            EXPECT_EQ(place.internal_url, "http://10.0.0.2:1");
            EXPECT_EQ(place.external_url, "https://node2");
            EXPECT_EQ(place.peer_secret, "secret of 22");
        }
    }
    const api::ClusterView view = one.seat().view();
    EXPECT_EQ(view.name, "test");
    EXPECT_EQ(view.role, "acting");
    ASSERT_EQ(view.instances.size(), 2U);
    for (const api::InstanceView& instance : view.instances) {
        EXPECT_TRUE(instance.alive);
        EXPECT_EQ(instance.self, instance.node == 1);
        EXPECT_EQ(instance.partitions, instance.node == 1 ? kPartitions - of_two : of_two);
    }
    EXPECT_EQ(view.partitions.size(), kPartitions);
}

TEST_F(ClusterSeatTest, SessionsMoveWhenAnInstanceIsHandedOver) {
    auto one = std::make_unique<Instance>(store_, options(1, 11));
    ASSERT_TRUE(one->wait_for_place());
    ASSERT_TRUE(
        http::becomes([&] { return one->engine().counters().partitions_served == kPartitions; }));
    std::vector<std::string> sessions;
    for (int i = 0; i < 50; ++i) {
        const auto started = one->start();
        ASSERT_TRUE(started) << started.error().to_string();
        sessions.push_back(started->answer->session.to_string());
    }
    Instance two(store_, options(2, 22));
    ASSERT_TRUE(two.wait_for_place());
    ASSERT_TRUE(http::becomes([&] { return shares(*one) && shares(two); }));
    EXPECT_TRUE(one->seat().hand_over(milliseconds(20'000)));
    EXPECT_THAT(one->seat().not_ready_reason(), HasSubstr("drained"));
    EXPECT_EQ(one->seat().place_for_start().node, 2U);
    one.reset();

    ASSERT_TRUE(
        http::becomes([&] { return two.engine().counters().partitions_served == kPartitions; }));
    for (const std::string& session : sessions) {
        const auto sent = two.send(session);
        EXPECT_TRUE(sent) << sent.error().to_string();
    }
}

TEST_F(ClusterSeatTest, ABackupStandsByAndSaysForWhom) {
    Instance primary(store_, options(1, 11));
    ASSERT_TRUE(primary.wait_for_place());
    ClusterSeatOptions second = options(1, 12);
    second.member.backup = true;
    Instance backup(store_, second);
    ASSERT_TRUE(backup.wait_for_place());

    EXPECT_EQ(backup.seat().not_ready_reason(),
              "standby: the instance at http://10.0.0.1:1 acts as node 1");
    EXPECT_EQ(backup.count_places(Place::Where::kHere), 0U);
    EXPECT_EQ(backup.seat().view().role, "standby");
    EXPECT_TRUE(http::becomes([&] { return backup.seat().place_for_start().node == 1; }));
}

TEST_F(ClusterSeatTest, APrimaryStandsByOnlyForAnInstanceThatBeats) {
    auto former = std::make_unique<Instance>(store_, options(1, 11));
    ASSERT_TRUE(former->wait_for_place());
    Instance second(store_, options(1, 12));
    ASSERT_TRUE(second.wait_for_place());
    EXPECT_EQ(second.seat().view().role, "standby");

    store::NodeBeat dead;  // of a former instance that was killed
    dead.record.node = 2;
    dead.record.instance = 21;
    dead.record.beat = 1;
    dead.record.facts.partition_count = kPartitions;
    dead.record.facts.lease_ms = 1500;
    ASSERT_TRUE(store::wait<store::BeatAnswer>([&](auto done) { store_.beat(dead, done); }));
    Instance restarted(store_, options(2, 22));
    ASSERT_TRUE(restarted.wait_for_place());
    EXPECT_EQ(restarted.seat().view().role, "acting");
}

TEST_F(ClusterSeatTest, AnInstanceThatDoesNotFitIsRefusedWithTheReason) {
    Instance one(store_, options(1, 11));
    ASSERT_TRUE(one.wait_for_place());
    ClusterSeatOptions other = options(2, 22);
    other.member.facts.format_newest = 0;
    Instance two(store_, other);

    const auto placed = two.wait_for_place();
    ASSERT_FALSE(placed);
    EXPECT_THAT(placed.error().message(), HasSubstr("node 1 writes records of format 1"));
    EXPECT_THAT(two.seat().refusal(), HasSubstr("node 1 writes records of format 1"));
}

}  // namespace
}  // namespace fermata::app

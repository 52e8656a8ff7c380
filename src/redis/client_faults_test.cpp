// The client while its servers are killed, stopped, filled, moved and locked; ctest runs each suite
// beside servers of its own.
#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "redis/client.h"
#include "redis/script.h"
#include "redis/test_servers.h"

namespace fermata::redis {
namespace {

std::string key_number(std::size_t number) {
    return "ORS:faults:{" + std::to_string(number) + "}";
}

// Writes rising numbers under many keys, each when the one before is acknowledged, until stopped.
class Load {
  public:
    explicit Load(Client& client) : client_(client) {
        for (std::size_t key = 0; key < kKeys; ++key) {
            write(key, 1);
        }
    }
    // Waits until nothing is under way.
    ~Load() {
        is_stopping_ = true;
        EXPECT_TRUE(comes_true([this] { return under_way_ == 0; }))
            << under_way_ << " writes unanswered; " << client_.status().last_error;
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    // Each key gets so many further acknowledgements.
    [[nodiscard]] bool goes_on(std::int64_t further = 3) {
        std::array<std::int64_t, kKeys> before{};
        for (std::size_t key = 0; key < kKeys; ++key) {
            before[key] = acknowledged_[key];
        }
        return comes_true([&] {
            for (std::size_t key = 0; key < kKeys; ++key) {
                if (acknowledged_[key] < before[key] + further) {
                    return false;
                }
            }
            return true;
        });
    }
    [[nodiscard]] int failures() const { return failures_; }
    // What was acknowledged is there.
    void check_nothing_is_lost() {
        for (std::size_t key = 0; key < kKeys; ++key) {
            const std::int64_t acknowledged = acknowledged_[key];
            const Result<Reply> reply =
                ask(client_, read_request(key_number(key), Command("GET").add(key_number(key))));
            ASSERT_TRUE(reply) << reply.error().to_string();
            EXPECT_GE(reply->view().integer().value_or(0), acknowledged) << key_number(key);
        }
    }

  private:
    static constexpr std::size_t kKeys = 40;

    void write(std::size_t key, std::int64_t value) {
        ++under_way_;
        client_.send(write_request(key_number(key), Command("SET").add(key_number(key)).add(value)),
                     [this, key, value](const Result<Reply>& reply) {
                         if (reply) {
                             acknowledged_[key] = value;
                         } else {
                             ++failures_;
                         }
                         if (!is_stopping_) {
                             write(key, value + 1);
                         }
                         --under_way_;
                     });
    }

    Client& client_;
    std::array<std::atomic<std::int64_t>, kKeys> acknowledged_{};
    std::atomic<int> under_way_{0};
    std::atomic<int> failures_{0};
    std::atomic<bool> is_stopping_{false};
};

// Which slots were told to have another primary; closes the client when it goes.
class Changes {
  public:
    explicit Changes(Client& client) : client_(client) {
        client.on_primary_changed([this](Slot first, Slot last) {
            const std::lock_guard lock(mutex_);
            for (unsigned slot = first; slot <= last; ++slot) {
                slots_.insert(static_cast<Slot>(slot));
            }
        });
    }
    ~Changes() { client_.close(); }
    Changes(const Changes&) = delete;
    Changes& operator=(const Changes&) = delete;

    [[nodiscard]] bool have(Slot slot) const {
        const std::lock_guard lock(mutex_);
        return slots_.contains(slot);
    }
    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return slots_.size();
    }

  private:
    Client& client_;
    mutable std::mutex mutex_;
    std::set<Slot> slots_;
};

Options fault_options() {
    Options options = TestServers::options();
    options.socket_timeout = std::chrono::milliseconds(1'500);
    options.degrade_after = std::chrono::milliseconds(1'000);
    return options;
}

std::optional<PrimaryStatus> status_at(const Client& client, const Address& address) {
    for (PrimaryStatus& primary : client.status().primaries) {
        if (primary.address == address) {
            return std::move(primary);
        }
    }
    return std::nullopt;
}

const std::string kKey = key_number(0);
const Slot kSlot = slot_of(kKey);

// --- clusters with two replicas a primary: one may go and WAIT 1 still succeeds

class ClusterFaultsTest : public testing::Test {
  protected:
    void TearDown() override {
        TestServers::control("restart all");
        TestServers::control("wait");
    }

    std::unique_ptr<Client> client_ = open_client(fault_options());
    Changes changes_{*client_};
};

TEST_F(ClusterFaultsTest, AKilledPrimaryIsReplacedAndNothingIsLost) {
    Load load(*client_);
    ASSERT_TRUE(load.goes_on());

    TestServers::control("kill " + TestServers::node_of(*client_, kSlot));

    EXPECT_TRUE(load.goes_on()) << client_->status().last_error;
    EXPECT_EQ(load.failures(), 0);
    EXPECT_TRUE(changes_.have(kSlot));
    load.check_nothing_is_lost();
    EXPECT_EQ(client_->status().counters.degraded_requests, 0U);
}

TEST_F(ClusterFaultsTest, AStoppedPrimaryIsReplacedAndNothingIsLostWhenItWakes) {
    Load load(*client_);
    ASSERT_TRUE(load.goes_on());
    const std::string node = TestServers::node_of(*client_, kSlot);

    TestServers::control("pause " + node);
    EXPECT_TRUE(load.goes_on()) << client_->status().last_error;
    TestServers::control("resume " + node);
    EXPECT_TRUE(load.goes_on(20));
    TestServers::control("wait");
    EXPECT_TRUE(load.goes_on());

    EXPECT_EQ(load.failures(), 0);
    EXPECT_TRUE(changes_.have(kSlot));
    load.check_nothing_is_lost();
}

TEST_F(ClusterFaultsTest, OtherPrimariesDoNotNoticeAStoppedOne) {
    const std::string node = TestServers::node_of(*client_, kSlot);
    std::string other_key = kKey;
    for (std::size_t number = 1; TestServers::node_of(*client_, slot_of(other_key)) == node;
         ++number) {
        other_key = key_number(number);
    }

    TestServers::control("pause " + node);
    auto stuck = ask_later(*client_, write_request(kKey, Command("SET").add(kKey).add("after")));
    for (int number = 0; number < 200; ++number) {
        const auto begun = std::chrono::steady_clock::now();
        ASSERT_TRUE(
            ask(*client_, write_request(other_key, Command("SET").add(other_key).add(number))));
        // Far below the second that a stopped primary costs those who need it.
        ASSERT_LT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(900));
    }
    const Result<Reply> reply = wait_for(stuck);
    TestServers::control("resume " + node);

    EXPECT_TRUE(reply) << reply.error().to_string();
}

TEST_F(ClusterFaultsTest, AGracefulFailoverIsFollowed) {
    Load load(*client_);
    ASSERT_TRUE(load.goes_on());

    TestServers::control("failover " + TestServers::node_of(*client_, kSlot));

    EXPECT_TRUE(load.goes_on());
    EXPECT_EQ(load.failures(), 0);
    EXPECT_TRUE(comes_true([this] { return changes_.have(kSlot); }));
    load.check_nothing_is_lost();
}

TEST_F(ClusterFaultsTest, AForcedTakeoverIsFollowed) {
    Load load(*client_);
    ASSERT_TRUE(load.goes_on());

    TestServers::control("failover " + TestServers::node_of(*client_, kSlot) + " TAKEOVER");

    EXPECT_TRUE(load.goes_on());
    EXPECT_EQ(load.failures(), 0);
    EXPECT_TRUE(comes_true([this] { return changes_.have(kSlot); }));
}

TEST_F(ClusterFaultsTest, ReshardingUnderLoadIsFollowed) {
    Load load(*client_);
    ASSERT_TRUE(load.goes_on());

    TestServers::control("reshard 300");

    EXPECT_TRUE(load.goes_on());
    EXPECT_EQ(load.failures(), 0);
    EXPECT_TRUE(comes_true([this] { return changes_.size() >= 300; })) << changes_.size();
    load.check_nothing_is_lost();
}

TEST_F(ClusterFaultsTest, ScriptsAreLoadedAgainWhileTheyAreFlushedUnderLoad) {
    const Script script("return redis.call('SET', KEYS[1], ARGV[1])");
    for (std::size_t round = 0; round < 100; ++round) {
        if (round % 25 == 10) {
            TestServers::control("flush-scripts");
        }
        const std::string key = key_number(round);
        const Result<Reply> reply =
            ask(*client_, write_request(key, Command(script, {key}).add(round)));
        ASSERT_TRUE(reply) << reply.error().to_string();
    }
    EXPECT_GT(client_->status().counters.retries, 0U);
}

TEST_F(ClusterFaultsTest, AllServersRestartedFromTheirLogs) {
    Load load(*client_);
    ASSERT_TRUE(load.goes_on());

    TestServers::control("restart all");

    EXPECT_TRUE(load.goes_on()) << client_->status().last_error;
    EXPECT_EQ(load.failures(), 0);
    EXPECT_EQ(changes_.size(), kSlotCount);
    load.check_nothing_is_lost();
}

// --- clusters with one replica a primary

class ReplicaFaultsTest : public ClusterFaultsTest {};

TEST_F(ReplicaFaultsTest, WithoutReplicasWritesGoOnAfterAWhileAndTheStatusSaysSo) {
    const TestServers::Nodes nodes = TestServers::nodes_of(*client_, kSlot);
    const Address address = TestServers::options().nodes.at(std::stoul(nodes.primary));
    const std::string replica = nodes.replicas.at(0);
    const Result<Reply> before =
        ask(*client_, write_request(kKey, Command("SET").add(kKey).add("one")));
    ASSERT_TRUE(before);
    EXPECT_EQ(before->replicas(), 1U);

    TestServers::control("kill " + replica);
    const auto begun = std::chrono::steady_clock::now();
    const Result<Reply> without =
        ask(*client_, write_request(kKey, Command("SET").add(kKey).add("two")));
    ASSERT_TRUE(without) << without.error().to_string();
    EXPECT_EQ(without->replicas(), 0U);
    EXPECT_GE(std::chrono::steady_clock::now() - begun, fault_options().degrade_after);
    EXPECT_TRUE(comes_true([&] {
        const auto status = status_at(*client_, address);
        return status && status->degraded && status->replicas == 0 &&
               client_->status().counters.degraded_requests > 0;
    }));

    TestServers::control("restart " + replica);
    EXPECT_TRUE(comes_true([&] {
        const auto status = status_at(*client_, address);
        return status && !status->degraded && status->replicas == 1;
    }));
    const Result<Reply> after =
        ask(*client_, write_request(kKey, Command("SET").add(kKey).add("three")));
    ASSERT_TRUE(after);
    EXPECT_EQ(after->replicas(), 1U);
}

TEST_F(ReplicaFaultsTest, APrimaryThatNobodyElseSeesMustWaitForReplicas) {
    // The replica is gone, and both other primaries are silent: nobody can give the word.
    const TestServers::Nodes nodes = TestServers::nodes_of(*client_, kSlot);
    for (const std::string& other : nodes.other_primaries) {
        TestServers::control("pause " + other);
    }
    TestServers::control("kill " + nodes.replicas.at(0));

    Request request = write_request(kKey, Command("SET").add(kKey).add("cut off"));
    request.deadline = std::chrono::steady_clock::now() + 4 * fault_options().degrade_after;
    const Result<Reply> reply = ask(*client_, std::move(request));
    const Status status = client_->status();
    for (const std::string& other : nodes.other_primaries) {
        TestServers::control("resume " + other);
    }

    EXPECT_FALSE(reply);
    EXPECT_EQ(status.counters.degraded_requests, 0U);
    for (const PrimaryStatus& primary : status.primaries) {
        EXPECT_FALSE(primary.degraded) << primary.address.to_string();
    }
}

TEST_F(ReplicaFaultsTest, WithMaxmemoryReachedWritesWaitAndTheStatusSaysWhy) {
    const std::string node = TestServers::node_of(*client_, kSlot);
    const Address address = TestServers::options().nodes.at(std::stoul(node));
    TestServers::control("cli " + node + " CONFIG SET maxmemory 1");

    auto waiting = ask_later(*client_, write_request(kKey, Command("SET").add(kKey).add("later")));
    EXPECT_TRUE(comes_true([&] {
        const auto status = status_at(*client_, address);
        return status && status->state == PrimaryState::kFull &&
               status->last_error.find("maxmemory") != std::string::npos;
    }));
    Request urgent = write_request(kKey, Command("SET").add(kKey).add("never"));
    urgent.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    const Result<Reply> refused = ask(*client_, std::move(urgent));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
    EXPECT_NE(refused.error().message().find("OOM"), std::string::npos)
        << refused.error().message();

    TestServers::control("cli " + node + " CONFIG SET maxmemory 0");
    const Result<Reply> reply = wait_for(waiting);
    EXPECT_TRUE(reply) << reply.error().to_string();
    EXPECT_TRUE(comes_true([&] {
        const auto status = status_at(*client_, address);
        return status && status->state == PrimaryState::kReady;
    }));
}

TEST_F(ReplicaFaultsTest, AFullServerIsSentTheScriptForThatAndStaysFull) {
    const Script for_full(std::string(Script::kRunsWhenFull) +
                          "return redis.call('SET', KEYS[1], 'although full')");
    const Script script("return redis.call('SET', KEYS[1], 'there is room')", &for_full);
    const std::string node = TestServers::node_of(*client_, kSlot);
    const Address address = TestServers::options().nodes.at(std::stoul(node));
    TestServers::control("cli " + node + " CONFIG SET maxmemory 1");

    const Result<Reply> reply =
        ask(*client_, write_request(kKey, Command(script, {std::string_view(kKey)})));
    const Result<Reply> stored = ask(*client_, read_request(kKey, Command("GET").add(kKey)));
    const bool stays_full = comes_true([&] {
        const auto status = status_at(*client_, address);
        return status && status->state == PrimaryState::kFull;
    });
    TestServers::control("cli " + node + " CONFIG SET maxmemory 0");

    ASSERT_TRUE(reply) << reply.error().to_string();
    ASSERT_TRUE(stored) << stored.error().to_string();
    EXPECT_EQ(stored->view().text(), "although full");
    EXPECT_TRUE(stays_full);
}

TEST_F(ReplicaFaultsTest, WhatNeedsNoMemoryDoesNotMakeAFullServerReady) {
    const std::string node = TestServers::node_of(*client_, kSlot);
    const Address address = TestServers::options().nodes.at(std::stoul(node));
    ASSERT_TRUE(ask(*client_, write_request(kKey, Command("SET").add(kKey).add("first"))));
    TestServers::control("cli " + node + " CONFIG SET maxmemory 1");
    auto waiting = ask_later(*client_, write_request(kKey, Command("SET").add(kKey).add("later")));
    const auto is_full = [&] {
        const auto status = status_at(*client_, address);
        return status && status->state == PrimaryState::kFull;
    };
    const bool was_full = comes_true(is_full);

    const Script reading("return redis.call('GET', KEYS[1])");
    std::size_t answered = 0;
    std::size_t full = 0;
    for (int turn = 0; turn < 20; ++turn) {
        const auto plain = ask(*client_, write_request(kKey, Command("PERSIST").add(kKey)));
        const auto read =
            ask(*client_, write_request(kKey, Command(reading, {std::string_view(kKey)})));
        answered += plain && read ? 1U : 0U;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // pause: for many ticks in all
        full += is_full() ? 1U : 0U;
    }
    TestServers::control("cli " + node + " CONFIG SET maxmemory 0");

    EXPECT_TRUE(was_full);
    EXPECT_EQ(answered, 20U);
    EXPECT_EQ(full, 20U);
    EXPECT_TRUE(wait_for(waiting));
}

TEST_F(ReplicaFaultsTest, AServerWhoseReserveIsUsedUpIsOverfullUntilSomethingFitsAgain) {
    const Script from_reserve(std::string(Script::kRunsWhenFull) +
                              "if redis.call('EXISTS', KEYS[1]) == 1 then "
                              "return redis.error_reply('OOM no reserve') end "
                              "return redis.call('SET', KEYS[1], 'from the reserve')");
    const Script script("return redis.call('SET', KEYS[1], 'there is room')", &from_reserve);
    const std::string node = TestServers::node_of(*client_, kSlot);
    const Address address = TestServers::options().nodes.at(std::stoul(node));
    const auto becomes = [&](PrimaryState state) {
        return comes_true([&] {
            const auto status = status_at(*client_, address);
            return status && status->state == state;
        });
    };
    ASSERT_TRUE(ask(*client_, write_request(kKey, Command("SET").add(kKey).add("first"))));
    TestServers::control("cli " + node + " CONFIG SET maxmemory 1");

    auto waiting =
        ask_later(*client_, write_request(kKey, Command(script, {std::string_view(kKey)})));
    const bool is_overfull = becomes(PrimaryState::kOverfull);
    TestServers::control("cli " + node + " DEL " + std::string(kKey));
    const Result<Reply> reply = wait_for(waiting);
    const bool is_full_again = becomes(PrimaryState::kFull);
    TestServers::control("cli " + node + " CONFIG SET maxmemory 0");

    EXPECT_TRUE(is_overfull);
    EXPECT_TRUE(reply) << reply.error().to_string();
    EXPECT_TRUE(is_full_again);
}

TEST_F(ReplicaFaultsTest, ASilentPrimaryMakesADeadlineATimeout) {
    const std::string node = TestServers::node_of(*client_, kSlot);
    TestServers::control("pause " + node);
    Request request = read_request(kKey, Command("GET").add(kKey));
    request.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);

    const Result<Reply> reply = ask(*client_, std::move(request));
    TestServers::control("resume " + node);

    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code(), ErrorCode::kTimeout);
}

// --- a stand-alone server

class StandaloneFaultsTest : public testing::Test {
  protected:
    static Result<Reply> set(Client& client, std::string_view value) {
        return ask(client, write_request(kKey, Command("SET").add(kKey).add(value)));
    }
};

TEST_F(StandaloneFaultsTest, ARestartIsToldAndSurvived) {
    const std::unique_ptr<Client> client = open_client(fault_options());
    const Changes changes(*client);
    ASSERT_TRUE(set(*client, "one"));

    TestServers::control("kill 0");
    EXPECT_TRUE(comes_true([&] { return !client->status().is_ready(); }));
    auto waiting = ask_later(*client, write_request(kKey, Command("SET").add(kKey).add("two")));
    TestServers::control("restart 0");

    const Result<Reply> reply = wait_for(waiting);
    EXPECT_TRUE(reply) << reply.error().to_string();
    EXPECT_EQ(changes.size(), kSlotCount);
    EXPECT_TRUE(comes_true([&] { return client->status().is_ready(); }));
}

TEST_F(StandaloneFaultsTest, AConnectionThatIsSilentIsGivenUp) {
    const std::unique_ptr<Client> client = open_client(fault_options());
    ASSERT_TRUE(set(*client, "one"));

    TestServers::control("pause 0");
    auto waiting = ask_later(*client, write_request(kKey, Command("SET").add(kKey).add("two")));
    const Address address = TestServers::options().nodes.at(0);
    EXPECT_TRUE(comes_true([&] {
        const auto status = status_at(*client, address);
        return status && status->state == PrimaryState::kConnecting &&
               status->last_error.find("redis-socket-timeout") != std::string::npos;
    }));
    TestServers::control("resume 0");

    const Result<Reply> reply = wait_for(waiting);
    EXPECT_TRUE(reply) << reply.error().to_string();
}

TEST_F(StandaloneFaultsTest, AClientThatIsThereFirstFindsTheServerLater) {
    TestServers::control("kill 0");
    auto client = Client::open(fault_options());
    ASSERT_TRUE(client);
    const Result<void> ready = (*client)->wait_until_ready(std::chrono::milliseconds(300));
    ASSERT_FALSE(ready);
    EXPECT_EQ(ready.error().code(), ErrorCode::kUnavailable);
    EXPECT_NE(ready.error().message().find("refused"), std::string::npos)
        << ready.error().message();
    auto waiting =
        ask_later(**client, write_request(kKey, Command("SET").add(kKey).add("patience")));

    TestServers::control("restart 0");

    const Result<Reply> reply = wait_for(waiting);
    EXPECT_TRUE(reply) << reply.error().to_string();
}

// --- a stand-alone server with ACL

class LoginFaultsTest : public testing::Test {
  protected:
    static void set_user(const std::string& rules) {
        TestServers::control("cli 0 ACL SETUSER late " + rules);
    }
    static Options options_of_late() {
        Options options = fault_options();
        options.username = "late";
        options.password = "guess-me";
        return options;
    }
};

TEST_F(LoginFaultsTest, AWrongPasswordIsSaidAndMayBeMended) {
    set_user("reset on '>another' '~*' +@all");
    const auto client = Client::open(options_of_late());
    ASSERT_TRUE(client);
    auto waiting = ask_later(**client, write_request(kKey, Command("SET").add(kKey).add("let in")));
    Request hurried = write_request(kKey, Command("SET").add(kKey).add("too late"));
    hurried.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);

    EXPECT_TRUE(comes_true([&] { return (*client)->status().is_denied; }));
    const Result<void> ready = (*client)->wait_until_ready(std::chrono::milliseconds(100));
    const Result<Reply> refused = ask(**client, std::move(hurried));
    set_user("'>guess-me'");
    const Result<Reply> reply = wait_for(waiting);

    ASSERT_FALSE(ready);
    EXPECT_EQ(ready.error().code(), ErrorCode::kForbidden);
    EXPECT_NE(ready.error().message().find("check username and password"), std::string::npos)
        << ready.error().message();
    EXPECT_EQ(ready.error().message().find("guess-me"), std::string::npos);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kForbidden);
    EXPECT_TRUE(reply) << reply.error().to_string();
}

TEST_F(LoginFaultsTest, AMissingRightIsSaidAndMayBeMended) {
    set_user("reset on '>guess-me' '~*' +@all -set");
    const std::unique_ptr<Client> client = open_client(options_of_late());
    auto waiting = ask_later(*client, write_request(kKey, Command("SET").add(kKey).add("let in")));

    EXPECT_TRUE(comes_true([&] {
        const Status status = client->status();
        return status.is_denied && status.last_error.find("'set'") != std::string::npos &&
               status.last_error.find("ACL") != std::string::npos;
    })) << client->status().last_error;
    set_user("+set");

    const Result<Reply> reply = wait_for(waiting);
    EXPECT_TRUE(reply) << reply.error().to_string();
}

TEST_F(LoginFaultsTest, AMissingLoginIsSaid) {
    Options options = fault_options();
    options.username.clear();
    options.password.clear();
    const auto client = Client::open(options);
    ASSERT_TRUE(client);

    EXPECT_TRUE(comes_true([&] { return (*client)->status().is_denied; }));

    EXPECT_NE((*client)->status().last_error.find("set username and password"), std::string::npos)
        << (*client)->status().last_error;
}

}  // namespace
}  // namespace fermata::redis

// TestServers: the real servers beside which a test runs (tests/support/with_redis.py), and ways to
// disturb them.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "redis/client.h"

namespace fermata::redis {

constexpr std::chrono::seconds kTestPatience{60};

class TestServers {
  public:
    [[nodiscard]] static Options options();
    [[nodiscard]] static bool are_standalone();
    // Replicas of each primary.
    [[nodiscard]] static unsigned replicas();
    // "kill 0", "cli 0 CONFIG SET maxmemory 1mb": as redis_command.py has them; must succeed.
    static void control(const std::string& verb);
    // Numbers, for control(), of the nodes around a slot, as the cluster says; a stand-alone server
    // is 0 and has no others.
    struct Nodes {
        std::string primary;
        std::vector<std::string> replicas;
        std::vector<std::string> other_primaries;
    };
    static Nodes nodes_of(Client& client, Slot slot);
    static std::string node_of(Client& client, Slot slot) { return nodes_of(client, slot).primary; }
};

// Ready within kTestPatience, or the test fails.
std::unique_ptr<Client> open_client(Options options);

Request read_request(std::string_view key, Command command);
Request write_request(std::string_view key, Command command);

// Sends and waits for the answer; an Error of kInternal when none comes within kTestPatience.
Result<Reply> ask(Client& client, Request request);
std::future<Result<Reply>> ask_later(Client& client, Request request);
Result<Reply> wait_for(std::future<Result<Reply>>& answer);

// Polls until it holds; false when it does not within kTestPatience.
bool comes_true(const std::function<bool()>& condition);

}  // namespace fermata::redis

#include "redis/test_servers.h"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>

#include "redis/topology.h"

namespace fermata::redis {
namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

bool serves(const Shard& shard, Slot slot) {
    return std::any_of(shard.slots.begin(), shard.slots.end(), [slot](const SlotRange& range) {
        return range.first <= slot && slot <= range.last;
    });
}

// Nodes are numbered as FERMATA_TEST_REDIS lists them.
std::string number_of(const Node& node) {
    const std::vector<Address> nodes = TestServers::options().nodes;
    const auto found = std::find_if(nodes.begin(), nodes.end(), [&node](const Address& address) {
        return address.port == node.address.port;
    });
    EXPECT_NE(found, nodes.end()) << node.address.to_string();
    return std::to_string(found - nodes.begin());
}

}  // namespace

bool TestServers::are_standalone() {
    return variable("FERMATA_TEST_REDIS_STANDALONE") == "1";
}

unsigned TestServers::replicas() {
    return static_cast<unsigned>(
        std::strtoul(variable("FERMATA_TEST_REDIS_REPLICAS").c_str(), nullptr, 10));
}

Options TestServers::options() {
    Options options;
    auto nodes = parse_address_list(variable("FERMATA_TEST_REDIS"));
    EXPECT_TRUE(nodes) << "FERMATA_TEST_REDIS: run this test with tests/support/with_redis.py";
    options.nodes = nodes ? *nodes : std::vector<Address>{};
    options.username = variable("FERMATA_TEST_REDIS_USER");
    options.password = variable("FERMATA_TEST_REDIS_PASSWORD");
    options.tls.cacert = variable("FERMATA_TEST_REDIS_CACERT");
    options.tls.enabled = !options.tls.cacert.empty();
    options.tls.cert = variable("FERMATA_TEST_REDIS_CERT");
    options.tls.key = variable("FERMATA_TEST_REDIS_KEY");
    options.wait_replicas = replicas() > 0 ? 1 : 0;
    options.denied_pause = std::chrono::milliseconds(300);
    return options;
}

void TestServers::control(const std::string& verb) {
    const std::string command =
        variable("FERMATA_TEST_REDIS_CONTROL") + " " + verb + " >/dev/null 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

TestServers::Nodes TestServers::nodes_of(Client& client, Slot slot) {
    if (are_standalone()) {
        return {.primary = "0", .replicas = {}, .other_primaries = {}};
    }
    const Result<Reply> reply =
        ask(client, {.slot = slot, .command = Command("CLUSTER").add("SHARDS")});
    const auto topology = reply ? decode_cluster_shards(reply->view(), {"", options().tls.enabled})
                                : Result<Topology>(reply.error());
    EXPECT_TRUE(topology) << topology.error().to_string();
    Nodes nodes;
    for (const Shard& shard : topology ? topology->shards : std::vector<Shard>()) {
        if (!serves(shard, slot)) {
            nodes.other_primaries.push_back(number_of(shard.primary));
            continue;
        }
        nodes.primary = number_of(shard.primary);
        for (const Node& replica : shard.replicas) {
            nodes.replicas.push_back(number_of(replica));
        }
    }
    EXPECT_FALSE(nodes.primary.empty()) << "nobody serves slot " << slot;
    return nodes;
}

std::unique_ptr<Client> open_client(Options options) {
    auto client = Client::open(std::move(options));
    EXPECT_TRUE(client) << client.error().to_string();
    const Result<void> ready = (*client)->wait_until_ready(kTestPatience);
    EXPECT_TRUE(ready) << ready.error().to_string();
    return std::move(*client);
}

Request read_request(std::string_view key, Command command) {
    return {.slot = slot_of(key), .command = std::move(command), .kind = Request::Kind::kRead};
}

Request write_request(std::string_view key, Command command) {
    return {.slot = slot_of(key), .command = std::move(command), .kind = Request::Kind::kWrite};
}

std::future<Result<Reply>> ask_later(Client& client, Request request) {
    auto promise = std::make_shared<std::promise<Result<Reply>>>();
    std::future<Result<Reply>> answer = promise->get_future();
    client.send(std::move(request),
                [promise](Result<Reply> reply) { promise->set_value(std::move(reply)); });
    return answer;
}

Result<Reply> wait_for(std::future<Result<Reply>>& answer) {
    if (answer.wait_for(kTestPatience) != std::future_status::ready) {
        return Error(ErrorCode::kInternal, "no answer within the test's patience");
    }
    return answer.get();
}

Result<Reply> ask(Client& client, Request request) {
    auto answer = ask_later(client, std::move(request));
    return wait_for(answer);
}

bool comes_true(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kTestPatience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));  // poll
    }
    return true;
}

}  // namespace fermata::redis

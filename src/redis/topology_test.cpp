#include "redis/topology.h"

#include <array>
#include <cstddef>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "redis/server_facts.h"
#include "redis/slot_map.h"
#include "redis/testing.h"

namespace fermata::redis {
namespace {

using testing::ElementsAre;

std::string text(std::string_view word) {
    return "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
}

std::string number(int value) {
    return ":" + std::to_string(value) + "\r\n";
}

std::string array(const std::vector<std::string>& elements) {
    std::string out = "*" + std::to_string(elements.size()) + "\r\n";
    for (const std::string& element : elements) {
        out += element;
    }
    return out;
}

struct NodeText {
    std::string id = "id";
    std::string ip = "10.0.0.1";
    std::string hostname = {};
    std::string endpoint = "10.0.0.1";
    int port = 7000;
    int tls_port = 0;
    std::string role = "master";
    std::string health = "online";
};

std::string shard_node(const NodeText& node) {
    std::vector<std::string> fields = {
        text("id"),    text(node.id), text("endpoint"), text(node.endpoint), text("ip"),
        text(node.ip), text("role"),  text(node.role),  text("health"),      text(node.health)};
    if (node.port > 0) {
        fields.insert(fields.end(), {text("port"), number(node.port)});
    }
    if (node.tls_port > 0) {
        fields.insert(fields.end(), {text("tls-port"), number(node.tls_port)});
    }
    if (!node.hostname.empty()) {
        fields.insert(fields.end(), {text("hostname"), text(node.hostname)});
    }
    return array(fields);
}

std::string shard(const std::vector<int>& slots, const std::vector<std::string>& nodes) {
    std::vector<std::string> numbers;
    numbers.reserve(slots.size());
    for (const int slot : slots) {
        numbers.push_back(number(slot));
    }
    return array({text("slots"), array(numbers), text("nodes"), array(nodes)});
}

Result<Topology> decode_shards(const std::string& bytes,
                               const AskedNode& asked = {"asked", false}) {
    return decode_cluster_shards(decode_reply(bytes)->view(), asked);
}

TEST(ClusterShardsTest, NamesPrimariesReplicasAndSlots) {
    const auto topology = decode_shards(array(
        {shard(
             {0, 99, 200, 300},
             {shard_node({.id = "r", .ip = "10.0.0.2", .endpoint = "10.0.0.2", .role = "replica"}),
              shard_node({.id = "p"})}),
         shard({}, {shard_node({.id = "empty", .port = 7009})})}));

    ASSERT_TRUE(topology) << topology.error().to_string();
    ASSERT_EQ(topology->shards.size(), 1U);
    const Shard& only = topology->shards[0];
    EXPECT_EQ(only.primary, (Node{{"10.0.0.1", 7000}, "10.0.0.1", "p"}));
    EXPECT_THAT(only.slots, ElementsAre(SlotRange{0, 99}, SlotRange{200, 300}));
    EXPECT_THAT(only.replicas, ElementsAre(Node{{"10.0.0.2", 7000}, "10.0.0.2", "r"}));
}

TEST(ClusterShardsTest, PrefersTheAnnouncedNameAndThePortOfTheConnection) {
    const std::string bytes = array({shard(
        {0, 1}, {shard_node({.hostname = "redis-1.example", .port = 7000, .tls_port = 7443})})});

    EXPECT_EQ(decode_shards(bytes)->shards[0].primary.address, (Address{"redis-1.example", 7000}));
    EXPECT_EQ(decode_shards(bytes, {"asked", true})->shards[0].primary.address,
              (Address{"redis-1.example", 7443}));
    EXPECT_EQ(decode_shards(bytes)->shards[0].primary.ip, "10.0.0.1");
}

TEST(ClusterShardsTest, AnUnknownEndpointIsWhereOneAsked) {
    const auto topology =
        decode_shards(array({shard({0, 1}, {shard_node({.ip = "", .endpoint = "?"})})}));
    EXPECT_EQ(topology->shards[0].primary.address, (Address{"asked", 7000}));
}

TEST(ClusterShardsTest, OfTwoPrimariesTheOneThatIsOnlineCounts) {
    for (const bool is_failed_first : {true, false}) {
        const std::string failed = shard_node({.id = "old", .port = 7001, .health = "failed"});
        const std::string online = shard_node({.id = "new", .port = 7002});
        const auto topology = decode_shards(array(
            {is_failed_first ? shard({0, 1}, {failed, online}) : shard({0, 1}, {online, failed})}));
        EXPECT_EQ(topology->shards[0].primary.id, "new");
    }
}

TEST(ClusterShardsTest, TellsPrimariesWithoutSlotsUnlessTheyHaveFailed) {
    NodeText added;
    added.port = 7001;
    NodeText dead;
    dead.port = 7002;
    dead.health = "fail";
    const auto topology =
        decode_shards(array({shard({0, 16383}, {shard_node({})}), shard({}, {shard_node(added)}),
                             shard({}, {shard_node(dead)})}));
    ASSERT_TRUE(topology);
    EXPECT_EQ(topology->shards.size(), 1U);
    ASSERT_EQ(topology->idle.size(), 1U);
    EXPECT_EQ(topology->idle[0].address.port, 7001);
}

TEST(ClusterShardsTest, MalformedAnswersAreErrors) {
    const std::string node = shard_node({});
    for (const std::string& bytes :
         {text("no array"), array({shard({0}, {node})}), array({shard({5, 4}, {node})}),
          array({shard({0, 16'384}, {node})}), array({shard({-1, 4}, {node})}),
          array({shard({0, 1}, {shard_node({.port = 70'000})})}),
          array({shard({0, 1}, {shard_node({.port = 0})})})}) {
        const auto topology = decode_shards(bytes);
        ASSERT_FALSE(topology) << bytes;
        EXPECT_EQ(topology.error().code(), ErrorCode::kCorrupt);
    }
}

TEST(ClusterSlotsTest, NamesPrimariesReplicasAndSlots) {
    const auto node = [](const std::string& host, int port, const std::string& id) {
        return array({text(host), number(port), text(id), array({text("hostname"), text("name")})});
    };
    const auto bare = [](const std::string& host, int port, const std::string& id) {
        return array({text(host), number(port), text(id)});
    };
    const std::string bytes = array(
        {array({number(0), number(99), bare("10.0.0.1", 7000, "p"), bare("10.0.0.2", 7001, "r")}),
         array({number(100), number(200), bare("10.0.0.1", 7000, "p")}),
         array({number(201), number(300), node("10.0.0.3", 7002, "q")}),
         array({number(301), number(301), bare("", 7003, "s")})});

    const auto topology = decode_cluster_slots(decode_reply(bytes)->view(), {"asked", false});

    ASSERT_TRUE(topology) << topology.error().to_string();
    ASSERT_EQ(topology->shards.size(), 3U);
    EXPECT_THAT(topology->shards[0].slots, ElementsAre(SlotRange{0, 99}, SlotRange{100, 200}));
    EXPECT_EQ(topology->shards[0].replicas.at(0).address, (Address{"10.0.0.2", 7001}));
    EXPECT_EQ(topology->shards[1].primary, (Node{{"name", 7002}, "10.0.0.3", "q"}));
    EXPECT_EQ(topology->shards[2].primary.address, (Address{"asked", 7003}));
    EXPECT_FALSE(decode_cluster_slots(decode_reply(array({array({number(0)})}))->view(), {}));
    EXPECT_FALSE(decode_cluster_slots(
        decode_reply(array({array({number(9), number(1), bare("h", 1, "i")})}))->view(), {}));
}

TEST(ClusterNodesTest, TellsHowOthersAreSeen) {
    const std::vector<SeenNode> nodes = decode_cluster_nodes(
        "aa 10.0.0.1:7000@17000,name myself,master - 0 1700000000123 3 connected 0-99 200 "
        "[300->-bb]\n"
        "bb 10.0.0.2:7000@17000 master,fail? - 5 1700000000456 4 connected 101\n"
        "cc 10.0.0.3:7000@17000 slave aa 0 7 3 disconnected\n"
        "broken line\n"
        "\n");

    ASSERT_EQ(nodes.size(), 3U);
    EXPECT_EQ(nodes[0].id, "aa");
    EXPECT_TRUE(nodes[0].is_primary);
    EXPECT_FALSE(nodes[0].is_suspected);
    EXPECT_TRUE(nodes[0].is_linked);
    EXPECT_EQ(nodes[0].heard_at.count(), 1'700'000'000'123);
    EXPECT_THAT(nodes[0].slots, ElementsAre(SlotRange{0, 99}, SlotRange{200, 200}));
    EXPECT_TRUE(nodes[1].is_suspected);
    EXPECT_FALSE(nodes[2].is_primary);
    EXPECT_FALSE(nodes[2].is_linked);
}

TEST(MovingSlotsTest, AreReadFromTheLineOfTheNodeItself) {
    const MovingSlots moving = decode_moving_slots(
        "bb 10.0.0.2:7000@17000 master - 0 5 4 connected 101 [7->-aa]\n"
        "aa 10.0.0.1:7000@17000,name myself,master - 0 17 3 connected 0-99 [300->-bb] "
        "[301-<-cc]\n");

    EXPECT_EQ(moving.id, "aa");
    EXPECT_THAT(moving.leaving, ElementsAre(MovingSlots::Mark{300, "bb"}));
    EXPECT_THAT(moving.importing, ElementsAre(MovingSlots::Mark{301, "cc"}));
}

TEST(MovingSlotsTest, MarksThatAreMalformedAreLeftOut) {
    const MovingSlots moving = decode_moving_slots(
        "aa 10.0.0.1:7000@17000 myself,master - 0 17 3 connected [] [5] [6->] [x->-bb] "
        "[99999->-bb] "
        "[7=-bb] [8-<bb]");

    EXPECT_TRUE(moving.leaving.empty());
    EXPECT_TRUE(moving.importing.empty());
    EXPECT_TRUE(decode_moving_slots("").id.empty());
}

TEST(ClusterInfoTest, TellsTheEpoch) {
    EXPECT_EQ(cluster_epoch("cluster_state:ok\r\ncluster_current_epoch:17\r\nx:1\r\n"), 17U);
    EXPECT_EQ(cluster_epoch("cluster_state:ok\r\n"), 0U);
    EXPECT_EQ(cluster_epoch("cluster_current_epoch:x\r\n"), 0U);
}

TEST(ServerFactsTest, AreReadFromInfo) {
    const ServerFacts facts = parse_info(
        "# Server\r\nredis_version:7.0.15\r\nredis_mode:cluster\r\nrun_id:abc\r\n# Replication\r\n"
        "role:master\r\nconnected_slaves:3\r\nmaster_replid:def\r\n"
        "slave0:ip=10.0.0.2,port=7001,state=online,offset=10,lag=0\r\n"
        "slave1:ip=10.0.0.3,port=7001,state=wait_bgsave,offset=0,lag=0\r\n"
        "slave2:ip=10.0.0.4,port=7001,state=online,offset=10,lag=9\r\n"
        "slave_read_only:1\r\n");

    EXPECT_EQ(facts.version, "7.0.15");
    EXPECT_EQ(facts.run_id, "abc");
    EXPECT_EQ(facts.replication_id, "def");
    EXPECT_TRUE(facts.is_primary);
    EXPECT_TRUE(facts.is_cluster);
    EXPECT_EQ(facts.replicas.size(), 3U);
    EXPECT_EQ(facts.live_replicas(std::chrono::seconds(5)), 1U);
    EXPECT_EQ(facts.live_replicas(std::chrono::seconds(9)), 2U);
    EXPECT_EQ(parse_info("valkey_version:8.0.1\r\nredis_version:7.2.4\r\n").version, "8.0.1");
    EXPECT_EQ(parse_info("redis_version:7.2.4\r\nvalkey_version:8.0.1\r\n").version, "8.0.1");
}

// Never followed: only their addresses count.
Primary* primary_number(std::size_t number) {
    static std::array<std::max_align_t, 32> places{};
    return reinterpret_cast<Primary*>(&places[number]);
}

TEST(SlotMapTest, TellsWhichSlotsChangedTheirPrimary) {
    SlotMap map;
    EXPECT_TRUE(map.assign({{{0, 9}, primary_number(8)}, {{20, 29}, primary_number(16)}}).empty());

    const auto changed = map.assign(
        {{{0, 3}, primary_number(8)}, {{4, 5}, primary_number(16)}, {{9, 24}, primary_number(24)}});

    EXPECT_THAT(changed, ElementsAre(SlotRange{4, 5}, SlotRange{9, 9}, SlotRange{20, 24}));
    EXPECT_EQ(map.find(7), primary_number(8));  // left out: as before
    EXPECT_EQ(map.find(30), nullptr);
    EXPECT_THAT(map.slots_of(primary_number(16)), ElementsAre(SlotRange{4, 5}, SlotRange{25, 29}));
}

}  // namespace
}  // namespace fermata::redis

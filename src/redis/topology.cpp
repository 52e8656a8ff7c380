#include "redis/topology.h"

#include <optional>
#include <utility>

namespace fermata::redis {
namespace {

Error malformed(std::string_view what) {
    return {ErrorCode::kCorrupt, "malformed topology: " + std::string(what)};
}

std::optional<Slot> as_slot(ReplyView reply) {
    const std::optional<std::int64_t> number = reply.integer();
    if (!number || *number < 0 || *number >= std::int64_t{kSlotCount}) {
        return std::nullopt;
    }
    return static_cast<Slot>(*number);
}

std::optional<std::uint16_t> as_port(ReplyView reply) {
    const std::optional<std::int64_t> number = reply.integer();
    if (!number || *number <= 0 || *number > 0xFFFF) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(*number);
}

std::optional<SlotRange> as_range(ReplyView first, ReplyView last) {
    const std::optional<Slot> begin = as_slot(first);
    const std::optional<Slot> end = as_slot(last);
    if (!begin || !end || *begin > *end) {
        return std::nullopt;
    }
    return SlotRange{*begin, *end};
}

// "?" stands for an unknown endpoint, nothing for "where you asked me".
std::string first_known(std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        if (!name.empty() && name != "?") {
            return std::string(name);
        }
    }
    return {};
}

struct ShardNode {
    Node node;
    bool is_primary = false;
    bool is_online = false;
};

Result<ShardNode> decode_shard_node(ReplyView reply, const AskedNode& asked) {
    std::optional<std::uint16_t> port;
    if (asked.is_tls) {
        port = as_port(reply.find("tls-port"));
    }
    if (!port) {
        port = as_port(reply.find("port"));
    }
    if (!port && !asked.is_tls) {
        // A node with its plain port closed; nothing else is left to try.
        port = as_port(reply.find("tls-port"));
    }
    if (!port) {
        return malformed("a node without port");
    }
    ShardNode node;
    const std::string_view ip = reply.find("ip").text();
    node.node.address.host =
        first_known({reply.find("hostname").text(), reply.find("endpoint").text(), ip, asked.host});
    node.node.address.port = *port;
    node.node.ip = ip;
    node.node.id = reply.find("id").text();
    node.is_primary = reply.find("role").text() == "master";
    node.is_online = reply.find("health").text() == "online";
    return node;
}

Result<std::vector<SlotRange>> decode_ranges(ReplyView flat) {
    std::vector<SlotRange> ranges;
    for (std::size_t index = 0; index < flat.size(); index += 2) {
        const std::optional<SlotRange> range = as_range(flat[index], flat[index + 1]);
        if (!range) {
            return malformed("a bad range of slots");
        }
        ranges.push_back(*range);
    }
    return ranges;
}

// Nothing: a shard without a primary, or with one that has failed and serves nothing. After a
// failover the old primary may still be listed as one, with its failure known.
Result<std::optional<Shard>> decode_shard(ReplyView reply, const AskedNode& asked) {
    Shard shard;
    FERMATA_TRY_ASSIGN(shard.slots, decode_ranges(reply.find("slots")));
    const ReplyView nodes = reply.find("nodes");
    bool is_found = false;
    bool is_online = false;
    for (std::size_t index = 0; index < nodes.size(); ++index) {
        FERMATA_TRY_ASSIGN(ShardNode node, decode_shard_node(nodes[index], asked));
        if (!node.is_primary) {
            shard.replicas.push_back(std::move(node.node));
        } else if (!is_found || (node.is_online && !is_online)) {
            shard.primary = std::move(node.node);
            is_found = true;
            is_online = node.is_online;
        }
    }
    if (!is_found || (shard.slots.empty() && !is_online)) {
        return std::optional<Shard>();
    }
    return std::optional(std::move(shard));
}

// RESP2: [ip, port, id, [name, value ...]]; RESP3 has a map at the end.
Result<Node> decode_slots_node(ReplyView reply, const AskedNode& asked) {
    const std::optional<std::uint16_t> port = as_port(reply[1]);
    if (!port) {
        return malformed("a node without port");
    }
    const ReplyView more = reply[3];
    const std::string_view preferred = reply[0].text();
    Node node;
    node.address.host =
        first_known({more.find("hostname").text(), preferred, more.find("ip").text(), asked.host});
    node.address.port = *port;
    node.ip = first_known({more.find("ip").text(), preferred});
    node.id = reply[2].text();
    return node;
}

void add_slots(Topology& topology, Shard shard) {
    for (Shard& known : topology.shards) {
        if (known.primary.address == shard.primary.address) {
            known.slots.insert(known.slots.end(), shard.slots.begin(), shard.slots.end());
            return;
        }
    }
    topology.shards.push_back(std::move(shard));
}

std::string_view take_word(std::string_view& text, char end = ' ') {
    const std::size_t found = text.find(end);
    const std::string_view word = text.substr(0, found);
    text = found == std::string_view::npos ? std::string_view() : text.substr(found + 1);
    return word;
}

std::optional<std::uint64_t> as_number(std::string_view digits) {
    std::uint64_t number = 0;
    if (digits.empty() || digits.size() > 18) {
        return std::nullopt;
    }
    for (const char digit : digits) {
        if (digit < '0' || digit > '9') {
            return std::nullopt;
        }
        number = number * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return number;
}

// "5461-10922", "42"; "[42->-id]" is a slot on its way and belongs to the node still.
std::optional<SlotRange> parse_range(std::string_view word) {
    const std::string_view first = take_word(word, '-');
    const auto begin = as_number(first);
    const auto end = word.empty() ? begin : as_number(word);
    if (!begin || !end || *begin > *end || *end >= kSlotCount) {
        return std::nullopt;
    }
    return SlotRange{static_cast<Slot>(*begin), static_cast<Slot>(*end)};
}

// "[42->-id]" leaves for that node, "[42-<-id]" comes from it.
void add_mark(std::string_view word, MovingSlots& moving) {
    if (word.size() < 2 || word.front() != '[' || word.back() != ']') {
        return;
    }
    word = word.substr(1, word.size() - 2);
    const auto slot = as_number(take_word(word, '-'));
    if (!slot || *slot >= kSlotCount || word.size() < 3 || word[1] != '-') {
        return;
    }
    const MovingSlots::Mark mark{static_cast<Slot>(*slot), std::string(word.substr(2))};
    if (word.front() == '>') {
        moving.leaving.push_back(mark);
    } else if (word.front() == '<') {
        moving.importing.push_back(mark);
    }
}

bool has_flag(std::string_view flags, std::string_view wanted) {
    while (!flags.empty()) {
        if (take_word(flags, ',') == wanted) {
            return true;
        }
    }
    return false;
}

// <id> <ip:port@cport,hostname> <flags> <primary> <ping-sent> <pong-received> <epoch> <link>
// <slots>
std::optional<SeenNode> parse_seen_node(std::string_view line) {
    SeenNode node;
    node.id = take_word(line);
    take_word(line);
    const std::string_view flags = take_word(line);
    take_word(line);
    take_word(line);
    const auto pong = as_number(take_word(line));
    take_word(line);
    const std::string_view link = take_word(line);
    if (node.id.empty() || !pong || link.empty()) {
        return std::nullopt;
    }
    node.is_primary = has_flag(flags, "master");
    node.is_suspected = has_flag(flags, "fail") || has_flag(flags, "fail?") ||
                        has_flag(flags, "handshake") || has_flag(flags, "noaddr");
    node.is_linked = link == "connected";
    node.heard_at = std::chrono::milliseconds(*pong);
    while (!line.empty()) {
        const std::string_view word = take_word(line);
        if (const auto range = parse_range(word)) {
            node.slots.push_back(*range);
        }
    }
    return node;
}

}  // namespace

Result<Topology> decode_cluster_shards(ReplyView reply, const AskedNode& asked) {
    if (!reply.is_array()) {
        return malformed("CLUSTER SHARDS is no array");
    }
    Topology topology;
    for (std::size_t index = 0; index < reply.size(); ++index) {
        FERMATA_TRY_ASSIGN(std::optional<Shard> shard, decode_shard(reply[index], asked));
        if (shard && shard->slots.empty()) {
            topology.idle.push_back(std::move(shard->primary));
        } else if (shard) {
            add_slots(topology, std::move(*shard));
        }
    }
    return topology;
}

Result<Topology> decode_cluster_slots(ReplyView reply, const AskedNode& asked) {
    if (!reply.is_array()) {
        return malformed("CLUSTER SLOTS is no array");
    }
    Topology topology;
    for (std::size_t index = 0; index < reply.size(); ++index) {
        const ReplyView entry = reply[index];
        const std::optional<SlotRange> range = as_range(entry[0], entry[1]);
        if (!range || entry.size() < 3) {
            return malformed("a bad entry of CLUSTER SLOTS");
        }
        Shard shard;
        shard.slots.push_back(*range);
        FERMATA_TRY_ASSIGN(shard.primary, decode_slots_node(entry[2], asked));
        for (std::size_t replica = 3; replica < entry.size(); ++replica) {
            FERMATA_TRY_ASSIGN(Node node, decode_slots_node(entry[replica], asked));
            shard.replicas.push_back(std::move(node));
        }
        add_slots(topology, std::move(shard));
    }
    return topology;
}

std::uint64_t cluster_epoch(std::string_view cluster_info) {
    constexpr std::string_view kName = "cluster_current_epoch:";
    const std::size_t found = cluster_info.find(kName);
    if (found == std::string_view::npos) {
        return 0;
    }
    std::string_view rest = cluster_info.substr(found + kName.size());
    return as_number(take_word(rest, '\r')).value_or(0);
}

Topology standalone_topology(const Address& address) {
    Shard shard;
    shard.primary.address = address;
    shard.slots = {{0, kSlotCount - 1}};
    Topology topology;
    topology.is_cluster = false;
    topology.shards.push_back(std::move(shard));
    return topology;
}

MovingSlots decode_moving_slots(std::string_view text) {
    MovingSlots moving;
    while (!text.empty()) {
        std::string_view line = take_word(text, '\n');
        const std::string_view id = take_word(line);
        take_word(line);
        if (!has_flag(take_word(line), "myself")) {
            continue;
        }
        moving.id = id;
        while (!line.empty()) {
            add_mark(take_word(line), moving);
        }
    }
    return moving;
}

std::vector<SeenNode> decode_cluster_nodes(std::string_view text) {
    std::vector<SeenNode> nodes;
    while (!text.empty()) {
        if (auto node = parse_seen_node(take_word(text, '\n'))) {
            nodes.push_back(std::move(*node));
        }
    }
    return nodes;
}

}  // namespace fermata::redis

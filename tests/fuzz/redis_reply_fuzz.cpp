// Whatever a Redis server may answer: replies of both protocols, topologies, texts, redirections.
// Nothing of it may do more harm than an error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "redis/greeting.h"
#include "redis/reply_error.h"
#include "redis/server_facts.h"
#include "redis/testing.h"
#include "redis/topology.h"

namespace {

using fermata::Result;
using fermata::redis::AskedNode;
using fermata::redis::ReplyView;
using fermata::redis::SlotRange;
using fermata::redis::Topology;

void check_ranges(const std::vector<SlotRange>& ranges) {
    for (const SlotRange& range : ranges) {
        FERMATA_CHECK(range.first <= range.last && range.last < fermata::redis::kSlotCount);
    }
}

void check_topology(const Result<Topology>& topology) {
    if (!topology) {
        return;
    }
    for (const fermata::redis::Shard& shard : topology->shards) {
        FERMATA_CHECK(shard.primary.address.port != 0 && !shard.slots.empty());
        check_ranges(shard.slots);
    }
}

void decode_texts(std::string_view text) {
    fermata::redis::parse_info(text);
    fermata::redis::cluster_epoch(text);
    for (const fermata::redis::SeenNode& node : fermata::redis::decode_cluster_nodes(text)) {
        FERMATA_CHECK(!node.id.empty());
        check_ranges(node.slots);
    }
    const fermata::redis::MovingSlots moving = fermata::redis::decode_moving_slots(text);
    for (const auto* const marks : {&moving.leaving, &moving.importing}) {
        for (const fermata::redis::MovingSlots::Mark& mark : *marks) {
            FERMATA_CHECK(mark.slot < fermata::redis::kSlotCount);
        }
    }
    fermata::redis::classify_error(text);
    fermata::redis::explain_error(text);
    if (const auto target = fermata::redis::redirection_target(text, "host")) {
        FERMATA_CHECK(target->port != 0 && !target->host.empty());
    }
}

// Every element once, as callers read them.
std::size_t walk(ReplyView reply) {
    std::size_t seen = 1 + reply.text().size();
    seen += static_cast<std::size_t>(reply.integer().value_or(0) & 1);
    for (std::size_t index = 0; index < reply.size(); ++index) {
        seen += walk(reply[index]);
    }
    FERMATA_CHECK(reply[reply.size()].is_nil());
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    decode_texts(bytes);
    const auto reply = fermata::redis::decode_reply(bytes);
    if (!reply) {
        return 0;
    }
    const ReplyView view = reply->view();
    FERMATA_CHECK(walk(view) > 0);
    for (const bool is_tls : {false, true}) {
        const AskedNode asked{"host", is_tls};
        check_topology(fermata::redis::decode_cluster_shards(view, asked));
        check_topology(fermata::redis::decode_cluster_slots(view, asked));
    }
    decode_texts(view.text());
    const fermata::redis::Options options;
    fermata::redis::Greeting greeting(options);
    for (int turn = 0; turn < 4 && greeting.next(view); ++turn) {
    }
    return 0;
}

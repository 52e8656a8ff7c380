// The client's primaries: which there are, what they serve, whom to believe.
#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/log.h"
#include "redis/core.h"

namespace fermata::redis {
namespace {

// Answers with a lower epoch come from a node that slept through a failover. Where nothing else
// comes for so long, the cluster was made anew.
constexpr std::chrono::seconds kOutdatedIsBelieved{5};

bool covers(const std::vector<SlotRange>& all, const SlotRange& wanted) {
    return std::any_of(all.begin(), all.end(), [&wanted](const SlotRange& range) {
        return range.first <= wanted.first && wanted.last <= range.last;
    });
}

// Does the other primary, whose clock shows `now`, see this one in office with these slots?
bool is_in_office(const std::vector<SeenNode>& nodes, const std::string& id,
                  const std::vector<SlotRange>& slots, std::chrono::milliseconds heard_since) {
    const auto found = std::find_if(nodes.begin(), nodes.end(),
                                    [&id](const SeenNode& node) { return node.id == id; });
    return !id.empty() && found != nodes.end() && found->is_primary && !found->is_suspected &&
           found->is_linked && found->heard_at >= heard_since &&
           std::all_of(slots.begin(), slots.end(),
                       [&found](const SlotRange& range) { return covers(found->slots, range); });
}

// TIME: seconds and microseconds.
std::chrono::milliseconds clock_of(ReplyView time) {
    const std::int64_t seconds = time[0].integer().value_or(0);
    return std::chrono::milliseconds(seconds * 1000 + time[1].integer().value_or(0) / 1000);
}

}  // namespace

void Client::Core::flush_wanted(Primary& primary) {
    dirty_.insert(&primary);
    is_flush_wanted_ = true;
}

void Client::Core::flush_primaries() {
    is_flush_wanted_ = false;
    const Time now = std::chrono::steady_clock::now();
    std::optional<Primary::Awaited> first;
    for (Primary* primary : std::exchange(dirty_, {})) {
        primary->flush();
        if (const auto awaited = primary->awaited(now)) {
            dirty_.insert(primary);
            first = first ? Primary::Awaited{std::min(first->requests, awaited->requests),
                                             std::min(first->until, awaited->until)}
                          : *awaited;
        }
    }
    if (first) {
        await_writes(*first);
    }
    watch_slots();
}

// The loop sleeps until a primary whose writes wait for company may have it, or has waited enough.
// Whatever other primaries answer meanwhile is taken in one go afterwards; a timer of the loop and
// a wake-up for each request would cost more than they could gain in so short a time.
void Client::Core::await_writes(const Primary::Awaited& awaited) {
    mailbox_.await(awaited.requests, awaited.until);
    is_mail_due_ = true;
}

void Client::Core::doubtful(Primary& /*primary*/) {
    is_doubtful_ = true;
    survey_.want();
}

void Client::Core::history_changed(Primary& primary) {
    log::info("redis: a primary came back with another history",
              {{"primary", primary.node().address.to_string()}});
    tell_changed(slots_.slots_of(&primary));
}

void Client::Core::doubt(const std::vector<SlotRange>& ranges) {
    if (topology_.is_cluster && !ranges.empty()) {
        slot_watch_.doubt(ranges);
    }
}

void Client::Core::watch_slots() {
    if (!slot_watch_.is_any_wanted()) {
        return;
    }
    const Time now = std::chrono::steady_clock::now();
    std::vector<Address> heard;
    for (const auto& [address, primary] : primaries_) {
        const bool is_open = primary->read_channel().is_open();
        if (is_open || primary->slot_count > 0) {
            heard.push_back(address);
        }
        const auto round = is_open ? slot_watch_.ask(address, now) : std::nullopt;
        if (round) {
            ask_what_it_holds(*primary, *round);
        }
    }
    const auto server_of = [this](Slot slot) -> const Address* {
        const Primary* const primary = slots_.find(slot);
        return primary == nullptr ? nullptr : &primary->node().address;
    };
    if (const auto found = slot_watch_.conclude(heard, server_of, now)) {
        settle_slots(*found);
    }
}

// What a node does not let us ask, it is taken not to have; one that cannot say (it loads its file,
// say) is asked again at the next tick. Answers come in the order of the questions, so the last one
// completes what it says.
void Client::Core::ask_what_it_holds(Primary& primary, unsigned round) {
    ReadChannel& channel = primary.read_channel();
    const Address address = primary.node().address;
    auto said = std::make_shared<SlotWatch::Said>();
    said->serves_nothing = primary.slot_count == 0;
    const auto cannot_say = std::make_shared<bool>(false);
    const auto note = [cannot_say](const Result<Reply>& reply) {
        *cannot_say |= !reply && reply.error().code() != ErrorCode::kForbidden;
    };
    for (const Slot slot : slot_watch_.slots()) {
        channel.ask(Command("CLUSTER").add("COUNTKEYSINSLOT").add(slot),
                    [this, said, slot, note](const Result<Reply>& reply) {
                        note(reply);
                        if (reply && reply->view().integer().value_or(0) > 0) {
                            said->held.insert(slot);
                        }
                        if (!reply && reply.error().code() == ErrorCode::kForbidden &&
                            !std::exchange(is_count_denied_, true)) {
                            log::warning(
                                "redis: slots that a failover tore apart cannot be seen; ACL rule "
                                "+cluster|countkeysinslot");
                        }
                    });
    }
    channel.ask(Command("CLUSTER").add("NODES"),
                [this, round, address, said, note, cannot_say](const Result<Reply>& reply) {
                    note(reply);
                    if (*cannot_say) {
                        slot_watch_.lost(round, address);
                        return;
                    }
                    if (reply) {
                        said->moving = decode_moving_slots(reply->view().text());
                    }
                    slot_watch_.answered(round, address, std::move(*said));
                    boost::asio::post(loop_, [this] { watch_slots(); });
                });
    channel.flush();
}

void Client::Core::settle_slots(const SlotWatch::Found& found) {
    for (const Slot slot : found.torn) {
        log::error("redis: " + torn_text(slot), {{"slot", slot}});
    }
    if (!found.whole.empty() || !found.torn.empty()) {
        count_slots();
        publish_status();
    }
    if (!found.whole.empty()) {
        waiting_room_.topology_is_new();
    }
}

std::string Client::Core::torn_text(Slot slot) const {
    return "slot " + std::to_string(slot) +
           " was being moved when its primary failed, and its keys are on two servers: nothing of "
           "it is served until they are together; docs/guide/redis.md says how (\"When a move of "
           "slots was cut off\"), redis-cli --cluster fix can lose them";
}

void Client::Core::tell_changed(const std::vector<SlotRange>& ranges) {
    surroundings_.counters.primary_changes += ranges.size();
    if (listener_) {
        for (const SlotRange& range : ranges) {
            listener_(range.first, range.last);
        }
    }
}

std::vector<Primary*> Client::Core::open_primaries(const Primary* except, bool is_healthy) {
    const Time now = std::chrono::steady_clock::now();
    std::vector<Primary*> open;
    for (const auto& [address, primary] : primaries_) {
        if (primary.get() != except && primary->slot_count > 0 &&
            primary->read_channel().is_open() && (!is_healthy || primary->is_healthy(now))) {
            open.push_back(primary.get());
        }
    }
    return open;
}

ReadChannel* Client::Core::pick_source(const std::optional<Address>& preferred,
                                       const std::optional<Address>& avoided) {
    if (preferred) {
        const auto found = primaries_.find(*preferred);
        if (found != primaries_.end() && found->second->read_channel().is_open()) {
            return &found->second->read_channel();
        }
    }
    const auto shunned = avoided ? primaries_.find(*avoided) : primaries_.end();
    const Primary* except = shunned == primaries_.end() ? nullptr : shunned->second.get();
    const std::vector<Primary*> healthy = open_primaries(except, true);
    return healthy.empty() ? nullptr
                           : &healthy[surroundings_.random.below(healthy.size())]->read_channel();
}

std::vector<Node> Client::Core::known_nodes() {
    std::vector<Node> nodes;
    for (const Address& address : options_.nodes) {
        nodes.push_back({address, {}, {}});
    }
    for (const Shard& shard : topology_.shards) {
        nodes.push_back(shard.primary);
        nodes.insert(nodes.end(), shard.replicas.begin(), shard.replicas.end());
    }
    // The same one may be named twice.
    std::sort(nodes.begin(), nodes.end(),
              [](const Node& one, const Node& other) { return one.address < other.address; });
    const auto end = std::unique(
        nodes.begin(), nodes.end(),
        [](const Node& one, const Node& other) { return one.address == other.address; });
    nodes.erase(end, nodes.end());
    return nodes;
}

void Client::Core::survey_failed(const Error& error) {
    if (!survey_error_ || survey_error_->message() != error.message()) {
        log::warning("redis: the topology cannot be read", {{"error", error.message()}});
    }
    survey_error_ = error;
}

bool Client::Core::is_outdated(const Topology& topology) {
    if (!is_known_ || topology.epoch >= topology_.epoch) {
        outdated_since_.reset();
        return false;
    }
    const Time now = std::chrono::steady_clock::now();
    if (!outdated_since_) {
        outdated_since_ = now;
    }
    return now - *outdated_since_ < kOutdatedIsBelieved;
}

void Client::Core::surveyed(Topology topology) {
    if (is_outdated(topology)) {
        survey_.want();
        return;
    }
    outdated_since_.reset();
    survey_error_.reset();
    is_known_ = true;
    topology_ = std::move(topology);
    std::vector<SlotMap::Assignment> assigned;
    std::vector<SlotRange> unserved;
    for (const Shard& shard : topology_.shards) {
        Primary& primary = find_or_add(shard.primary);
        primary.set_id(shard.primary.id);
        for (const SlotRange& range : shard.slots) {
            assigned.push_back({range, &primary});
            slots_.append_unserved(range, unserved);
        }
    }
    for (const Node& node : topology_.idle) {
        find_or_add(node).set_id(node.id);
    }
    const std::vector<SlotRange> changed = slots_.assign(assigned);
    doubt(unserved);
    doubt(changed);
    if (!changed.empty()) {
        log::info("redis: slots have another primary", {{"ranges", changed.size()}});
        tell_changed(changed);
    }
    count_slots();
    retire_unused();
    redirect_misplaced();
    waiting_room_.topology_is_new();
    publish_status();
}

// Redirections may name an address where the topology prefers the announced name.
Node Client::Core::known_node(const Address& address) const {
    const auto is_meant = [&address](const Node& node) {
        return node.address.port == address.port &&
               (node.address.host == address.host || node.ip == address.host);
    };
    for (const Shard& shard : topology_.shards) {
        if (is_meant(shard.primary)) {
            return shard.primary;
        }
        const auto found = std::find_if(shard.replicas.begin(), shard.replicas.end(), is_meant);
        if (found != shard.replicas.end()) {
            return *found;
        }
    }
    const auto idle = std::find_if(topology_.idle.begin(), topology_.idle.end(), is_meant);
    if (idle != topology_.idle.end()) {
        return *idle;
    }
    return {address, {}, {}};
}

Primary& Client::Core::find_or_add(const Node& node) {
    const auto [place, is_new] = primaries_.try_emplace(node.address);
    if (is_new) {
        PrimaryHost& host = *this;
        place->second = std::make_unique<Primary>(surroundings_, node, host);
        place->second->start();
    }
    return *place->second;
}

void Client::Core::count_slots() {
    for (const auto& [address, primary] : primaries_) {
        primary->was_serving = primary->was_serving || primary->slot_count > 0;
        primary->slot_count = 0;
        primary->slot_ranges.clear();
    }
    for (unsigned slot = 0; slot < kSlotCount; ++slot) {
        Primary* const primary = slots_.find(static_cast<Slot>(slot));
        if (primary == nullptr) {
            continue;
        }
        ++primary->slot_count;
        if (slot_watch_.is_torn(static_cast<Slot>(slot))) {
            continue;
        }
        auto& ranges = primary->slot_ranges;
        if (ranges.empty() || ranges.back().second + 1U != slot) {
            ranges.emplace_back(static_cast<Slot>(slot), static_cast<Slot>(slot));
        }
        ranges.back().second = static_cast<Slot>(slot);
    }
}

bool Client::Core::is_used(const Address& address, const Primary& primary) const {
    const auto& idle = topology_.idle;
    return primary.slot_count > 0 ||
           std::any_of(idle.begin(), idle.end(),
                       [&](const Node& node) { return node.address == address; }) ||
           (!primary.was_serving && !primary.is_idle());
}

// Those that lost their last slot; and those that were only met through ASK, when it is over.
void Client::Core::retire_unused() {
    for (auto place = primaries_.begin(); place != primaries_.end();) {
        if (!is_used(place->first, *place->second)) {
            std::unique_ptr<Primary> gone = std::move(place->second);
            place = primaries_.erase(place);
            retire(std::move(gone));
        } else {
            ++place;
        }
    }
}

// It may be the caller of this very call: it is destroyed after this turn.
void Client::Core::retire(std::unique_ptr<Primary> primary) {
    OutstandingQueue left;
    primary->take_all(left);
    retired_.push_back(std::move(primary));
    boost::asio::post(loop_, [this] {
        const auto retired = std::exchange(retired_, {});
        for (const std::unique_ptr<Primary>& gone : retired) {
            dirty_.erase(gone.get());
            // A survey without an end would be the last one.
            gone->give_up_questions();
        }
    });
    surroundings_.counters.retries += left.size();
    for (OutstandingPtr& request : left) {
        waiting_room_.enter(std::move(request), std::chrono::milliseconds(0),
                            WaitingRoom::Until::kTopology);
    }
}

void Client::Core::redirect_misplaced() {
    OutstandingQueue misplaced;
    for (const auto& [address, primary] : primaries_) {
        primary->take_misplaced(
            [this, here = primary.get()](const Outstanding& request) {
                return request.request.slot && !request.asked_at && !request.request.primary &&
                       slots_.find(*request.request.slot) != here;
            },
            misplaced);
    }
    for (OutstandingPtr& request : misplaced) {
        dispatch(std::move(request));
    }
}

void Client::Core::confirm(Primary& primary, std::optional<Time> since,
                           std::function<void(bool)> answer) {
    if (topology_.shards.size() <= 1) {
        answer(true);  // nobody could have taken its place
        return;
    }
    const std::vector<Primary*> others = open_primaries(&primary, true);
    if (others.empty()) {
        answer(false);
        return;
    }
    ReadChannel& channel = others[surroundings_.random.below(others.size())]->read_channel();
    auto clock = std::make_shared<std::chrono::milliseconds>(0);
    channel.ask(Command("TIME"), [clock](const Result<Reply>& reply) {
        if (reply) {
            *clock = clock_of(reply->view());
        }
    });
    channel.ask(Command("CLUSTER").add("NODES"), [clock, since, id = primary.node().id,
                                                  slots = slots_.slots_of(&primary),
                                                  answer = std::move(answer)](
                                                     const Result<Reply>& reply) {
        if (!reply || clock->count() == 0) {
            answer(false);
            return;
        }
        std::chrono::milliseconds heard_since(0);
        if (since) {
            heard_since = *clock - std::chrono::duration_cast<std::chrono::milliseconds>(
                                       std::chrono::steady_clock::now() - *since);
        }
        answer(is_in_office(decode_cluster_nodes(reply->view().text()), id, slots, heard_since));
    });
    channel.flush();
}

}  // namespace fermata::redis

#include "app/cluster_seat.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"

namespace fermata::app {

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// Between two looks at a cluster that changes; short, because a start with a store of its own takes
// only some milliseconds.
constexpr milliseconds kLookInterval{1};

// While a sole member starts, nobody takes anything from it: its store is damaged then.
constexpr std::uint32_t kLossesMax = 5;

const cluster::NodeStatus* find_acting(const cluster::Status& status, store::NodeId node) {
    for (const cluster::NodeStatus& known : status.nodes) {
        if (known.record.node == node && !known.record.standby && known.alive) {
            return &known;
        }
    }
    return nullptr;
}

api::Place nobody() {
    return {api::Place::Where::kNobody, store::kNobody, "", "", ""};
}

api::Place place_at(const store::NodeRecord& record) {
    return {api::Place::Where::kNode, record.node, record.facts.internal_address,
            record.facts.external_url, record.facts.peer_secret};
}

// Acting instances that live, stay, and are not this one.
std::vector<const store::NodeRecord*> takers(const cluster::Status& status, std::uint64_t self) {
    std::vector<const store::NodeRecord*> all;
    for (const cluster::NodeStatus& node : status.nodes) {
        const store::NodeRecord& record = node.record;
        if (node.alive && !record.standby && !record.draining && record.instance != self) {
            all.push_back(&record);
        }
    }
    return all;
}

// Whether another instance that acts as the node goes on beating.
class ActingWatch {
  public:
    explicit ActingWatch(store::NodeId node) : node_(node) {}

    bool beats(const cluster::Status& status) {
        const cluster::NodeStatus* acting = find_acting(status, node_);
        if (acting == nullptr) {
            return false;
        }
        const store::BeatExpectation now{acting->record.instance, acting->record.beat};
        if (first_.instance != now.instance) {
            first_ = now;
        }
        return first_.beat != now.beat;
    }

  private:
    const store::NodeId node_;
    store::BeatExpectation first_;  // instance 0: none was seen
};

std::int64_t in_milliseconds(cluster::Steady time) {
    return std::chrono::duration_cast<milliseconds>(time).count();
}

api::InstanceView view_of(const cluster::NodeStatus& node, std::uint64_t self) {
    const store::NodeRecord& record = node.record;
    api::InstanceView view;
    view.node = record.node;
    view.role = record.standby ? "standby" : "acting";
    view.self = record.instance == self;
    view.alive = node.alive;
    view.draining = record.draining;
    view.internal_url = record.facts.internal_address;
    view.external_url = record.facts.external_url;
    view.version = record.facts.version;
    view.format = record.facts.format;
    view.format_newest = record.facts.format_newest;
    view.started_ms = record.facts.started_ms;
    view.lag_ms = in_milliseconds(node.age);
    view.partitions = node.partitions;
    return view;
}

std::string standby_reason(const cluster::Status& status, store::NodeId node) {
    const std::string as = "acts as node " + std::to_string(node);
    const cluster::NodeStatus* acting = find_acting(status, node);
    return "standby: " +
           (acting == nullptr
                ? "no living instance " + as + "; it is about to be replaced"
                : "the instance at " + acting->record.facts.internal_address + " " + as);
}

}  // namespace

Result<std::unique_ptr<ClusterSeat>> ClusterSeat::create(const ClusterSeatOptions& options,
                                                         store::Store& store, const Clock& clock) {
    std::unique_ptr<ClusterSeat> seat(new ClusterSeat(options, store, clock));
    ClusterSeat* self = seat.get();
    const auto find_peer = [self](Partition partition) {
        const cluster::Owner owner = self->membership_.owner_of(partition);
        return owner.where == cluster::Owner::Where::kNode
                   ? std::optional(InboxHints::Peer{owner.internal_address, owner.peer_secret})
                   : std::nullopt;
    };
    const auto find_acting_at = [self](store::NodeId node) {
        const cluster::Status status = self->membership_.status();
        const cluster::NodeStatus* acting = find_acting(status, node);
        return acting != nullptr
                   ? std::optional(RequestAnswers::Peer{acting->record.facts.internal_address,
                                                        acting->record.facts.peer_secret})
                   : std::nullopt;
    };
    FERMATA_TRY_ASSIGN(seat->hints_, InboxHints::create(options.client, find_peer));
    FERMATA_TRY_ASSIGN(seat->answers_, RequestAnswers::create(options.client, find_acting_at));
    return seat;
}

ClusterSeat::ClusterSeat(const ClusterSeatOptions& options, store::Store& store, const Clock& clock)
    : options_(options), membership_(options.member, store, clock, *this) {}

ClusterSeat::~ClusterSeat() = default;

void ClusterSeat::start(engine::Engine& engine) {
    engine_ = &engine;
    membership_.start();
}

// A primary whose former instance was killed a moment ago stands by until that one's lease is over;
// so whoever starts it waits a little, and then has a server that serves. Only when the other one
// beats it is a standby for good.
Result<void> ClusterSeat::wait_for_place(const std::function<void(const std::string&)>& tell) {
    ActingWatch watch(options_.member.node);
    cluster::Status status = membership_.status();
    while (!has_place(status, watch.beats(status))) {
        if (status.role == cluster::Role::kRefused) {
            return Error(ErrorCode::kConflict, "this instance does not fit cluster " +
                                                   options_.cluster_name + ": " + status.refusal);
        }
        if (options_.member.sole && losses_.load() >= kLossesMax) {
            return Error(ErrorCode::kCorrupt,
                         "a partition cannot be read from the store; the log says which, and why");
        }
        tell(status.role == cluster::Role::kStandby ? standby_reason(status, options_.member.node)
             : options_.member.sole                 ? "it reads back its sessions"
                                                    : "it joins its cluster");
        std::this_thread::sleep_for(kLookInterval);
        status = membership_.status();
    }
    if (status.role == cluster::Role::kStandby && !options_.member.backup) {
        log::warning("this instance stands by, although its role is primary",
                     {{"reason", standby_reason(status, options_.member.node)}});
    }
    return {};
}

bool ClusterSeat::has_place(const cluster::Status& status, bool another_acts) const {
    if (status.role == cluster::Role::kActing && options_.member.sole) {
        return engine_.load()->counters().partitions_served ==
               options_.member.facts.partition_count;
    }
    return status.role == cluster::Role::kActing ||
           (status.role == cluster::Role::kStandby && (options_.member.backup || another_acts));
}

bool ClusterSeat::hand_over(milliseconds bound) {
    const cluster::Status status = membership_.status();
    if (status.role != cluster::Role::kActing || takers(status, options_.member.instance).empty()) {
        return false;
    }
    drain();
    const auto deadline = SteadyClock::now() + bound;
    // Without a lease nothing can be handed over any more.
    while (!membership_.drained() && SteadyClock::now() < deadline &&
           !membership_.status().suspended) {
        std::this_thread::sleep_for(kLookInterval);
    }
    return membership_.drained();
}

void ClusterSeat::leave() {
    membership_.leave();
    hints_->stop();
    answers_->stop();
}

void ClusterSeat::open(Partition partition, store::Epoch epoch) {
    engine_.load()->open_partition(partition, epoch);
}

void ClusterSeat::suspend_all() {
    engine_.load()->suspend_partitions();
}

void ClusterSeat::resume(Partition partition) {
    engine_.load()->resume_partition(partition);
}

void ClusterSeat::close(Partition partition, std::function<void()> done) {
    engine_.load()->close_partition(partition, std::move(done));
}

void ClusterSeat::drop(Partition partition) {
    engine_.load()->drop_partition(partition);
}

void ClusterSeat::on_lost(Partition partition, store::Epoch epoch) {
    ++losses_;
    membership_.on_lost(partition, epoch);
}

void ClusterSeat::on_inbox_appended(Partition partition) {
    if (membership_.serves(partition)) {
        engine_.load()->read_inbox(partition);
    } else {
        hints_->tell(partition);
    }
}

void ClusterSeat::read_inbox(Partition partition) {
    engine::Engine* engine = engine_.load();
    if (engine != nullptr && partition < options_.member.facts.partition_count) {
        engine->read_inbox(partition);
    }
}

api::Place ClusterSeat::place_of(Partition partition) const {
    const cluster::Owner owner = membership_.owner_of(partition);
    switch (owner.where) {
        case cluster::Owner::Where::kHere:
            return here();
        case cluster::Owner::Where::kNode:
            return {api::Place::Where::kNode, owner.node, owner.internal_address,
                    owner.external_url, owner.peer_secret};
        case cluster::Owner::Where::kNobody:
            break;
    }
    return nobody();
}

api::Place ClusterSeat::here() const {
    const store::NodeFacts& facts = options_.member.facts;
    return {api::Place::Where::kHere, options_.member.node, facts.internal_address,
            facts.external_url, facts.peer_secret};
}

// While this instance is drained, new sessions begin at once where they will stay.
api::Place ClusterSeat::place_for_start() const {
    const bool can_serve = serves_any();
    if (can_serve && !draining_.load()) {
        return here();
    }
    const cluster::Status status = membership_.status();
    const auto others = takers(status, options_.member.instance);
    if (others.empty()) {
        return can_serve ? here() : nobody();
    }
    return place_at(*others[next_start_++ % others.size()]);
}

bool ClusterSeat::serves_any() const {
    for (Partition partition = 0; partition < options_.member.facts.partition_count; ++partition) {
        if (membership_.serves(partition)) {
            return true;
        }
    }
    return false;
}

void ClusterSeat::drain() {
    draining_ = true;
    membership_.drain();
}

std::string ClusterSeat::not_ready_reason() const {
    const cluster::Status status = membership_.status();
    switch (status.role) {
        case cluster::Role::kJoining:
            return "this instance joins its cluster";
        case cluster::Role::kStandby:
            return standby_reason(status, options_.member.node);
        case cluster::Role::kRefused:
            return "this instance does not fit its cluster: " + status.refusal;
        case cluster::Role::kLeft:
            return "this instance has left its cluster";
        case cluster::Role::kActing:
            break;
    }
    if (status.suspended) {
        return "the lease of this instance ran out: it serves nothing until the store takes its "
               "beats again";
    }
    return status.draining ? "this instance is drained: its sessions move to other nodes"
                           : std::string();
}

api::ClusterView ClusterSeat::view() const {
    const cluster::Status status = membership_.status();
    api::ClusterView view;
    view.name = options_.cluster_name;
    view.node = options_.member.node;
    view.role = to_string(status.role);
    view.refusal = status.refusal;
    view.suspended = status.suspended;
    view.draining = status.draining;
    view.drained = membership_.drained();
    view.settled = status.settled;
    view.lease_left_ms = in_milliseconds(status.lease_left);
    for (const cluster::NodeStatus& node : status.nodes) {
        // Marked dead: whoever it was, it is no instance any more.
        if (node.record.instance != 0) {
            view.instances.push_back(view_of(node, options_.member.instance));
        }
    }
    for (const store::Ownership& owner : status.owners) {
        view.partitions.push_back({owner.node, owner.epoch});
    }
    return view;
}

}  // namespace fermata::app

#include "cluster/membership.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/log.h"

namespace fermata::cluster {
namespace {

// Wakes up at least so often, also when the steady clock is one of a test.
constexpr Steady kWakeInterval = std::chrono::milliseconds(100);

void log_change(const Status& before, const Status& now) {
    if (before.role != now.role) {
        if (now.role == Role::kRefused) {
            log::error("this instance does not fit its cluster", {{"reason", now.refusal}});
        } else {
            log::info("role in the cluster", {{"role", to_string(now.role)}});
        }
    }
    if (before.format_written != now.format_written && before.format_written != 0) {
        log::info("session records are written in another format",
                  {{"format", now.format_written}, {"before", before.format_written}});
    }
    if (before.counters.suspensions != now.counters.suspensions) {
        log::warning("the lease ran out: all partitions are suspended",
                     {{"partitions", now.partitions_held}});
    }
    if (before.counters.resumptions != now.counters.resumptions) {
        log::info("the lease was won back", {{"partitions", now.partitions_held}});
    }
    if (before.counters.records_lost != now.counters.records_lost) {
        log::error("another instance took this one for dead: all partitions are dropped");
    }
    if (before.counters.declared_dead != now.counters.declared_dead) {
        log::warning("an instance was declared dead, its partitions are taken over");
    }
}

}  // namespace

Membership::Membership(const MemberOptions& options, store::Store& store, const Clock& clock,
                       Partitions& partitions)
    : options_(options),
      store_(store),
      clock_(clock),
      partitions_(partitions),
      held_(options.facts.partition_count),
      format_written_(options.facts.format),
      status_(std::make_shared<Status>()) {}

Membership::~Membership() {
    stop();
}

void Membership::start() {
    thread_ = std::thread([this] { run(); });
}

void Membership::stop() {
    {
        const std::lock_guard lock(mailbox_->mutex);
        mailbox_->closed = true;
    }
    mailbox_->filled.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
    lease_until_ns_ = 0;
}

void Membership::post(Mailbox& mailbox, Input input) {
    {
        const std::lock_guard lock(mailbox.mutex);
        if (mailbox.closed) {
            return;
        }
        mailbox.inputs.push_back(std::move(input));
    }
    mailbox.filled.notify_one();
}

// The time is read before the member says what to send, and after an answer came: leases begin
// early and observations late.
void Membership::run() {
    Member member(options_);
    std::vector<Input> inputs;
    while (true) {
        const Steady now = clock_.steady();
        for (const Input& input : std::exchange(inputs, {})) {
            input(member, now);
        }
        member.tick(now);
        publish(member);
        for (const Action& action : member.take_actions()) {
            carry_out(action);
        }
        const Steady left = member.next_wake() - clock_.steady();
        std::unique_lock lock(mailbox_->mutex);
        mailbox_->idle = true;
        mailbox_->settled.notify_all();
        mailbox_->filled.wait_for(lock, std::min(left, kWakeInterval),
                                  [this] { return mailbox_->closed || !mailbox_->inputs.empty(); });
        mailbox_->idle = false;
        if (mailbox_->closed) {
            return;
        }
        inputs = std::exchange(mailbox_->inputs, {});
    }
}

// Before the actions are carried out: what is given up is not served any more.
void Membership::publish(const Member& member) {
    lease_until_ns_.store(member.lease_until().count(), std::memory_order_release);
    for (Partition partition = 0; partition < options_.facts.partition_count; ++partition) {
        held_[partition].store(member.serves(partition), std::memory_order_release);
    }
    format_written_ = member.format_written();
    auto status = std::make_shared<const Status>(member.status(clock_.steady()));
    drained_ = member.is_drained();
    {
        const std::lock_guard lock(status_mutex_);
        std::swap(status_, status);
    }
    log_change(*status, *status_);
}

Status Membership::status() const {
    const std::lock_guard lock(status_mutex_);
    return *status_;
}

Owner Membership::owner_of(Partition partition) const {
    Owner owner;
    if (serves(partition)) {
        owner.where = Owner::Where::kHere;
        owner.node = options_.node;
        return owner;
    }
    std::shared_ptr<const Status> status;
    {
        const std::lock_guard lock(status_mutex_);
        status = status_;
    }
    if (partition >= status->owners.size()) {
        return owner;
    }
    const store::NodeId node = status->owners[partition].node;
    for (const NodeStatus& known : status->nodes) {
        const store::NodeRecord& record = known.record;
        const bool is_here = record.instance == options_.instance;
        if (record.node == node && !record.standby && known.alive && !is_here) {
            owner.where = Owner::Where::kNode;
            owner.node = node;
            owner.internal_address = record.facts.internal_address;
            owner.external_url = record.facts.external_url;
            owner.peer_secret = record.facts.peer_secret;
        }
    }
    return owner;
}

void Membership::drain() {
    post(*mailbox_, [](Member& member, Steady now) { member.drain(now); });
}

void Membership::rebalance() {
    post(*mailbox_, [](Member& member, Steady now) { member.rebalance(now); });
}

void Membership::on_lost(Partition partition, store::Epoch epoch) {
    post(*mailbox_,
         [partition, epoch](Member& member, Steady now) { member.on_lost(now, partition, epoch); });
}

void Membership::doubt_owners() {
    post(*mailbox_, [](Member& member, Steady now) { member.doubt_owners(now); });
}

void Membership::leave() {
    if (!thread_.joinable()) {
        return;
    }
    post(*mailbox_, [](Member& member, Steady now) { member.leave(now); });
    {
        std::unique_lock lock(mailbox_->mutex);
        mailbox_->settled.wait_for(lock, kLeaveTimeout, [this] {
            return mailbox_->idle && mailbox_->inputs.empty() && mailbox_->calls_under_way == 0;
        });
    }
    stop();
}

template <typename Answer, typename Take>
store::Done<Answer> Membership::answer_to(Take take) {
    {
        const std::lock_guard lock(mailbox_->mutex);
        ++mailbox_->calls_under_way;
    }
    return [mailbox = mailbox_, take = std::move(take)](Result<Answer> answer) {
        post(*mailbox, [take, answer = std::move(answer)](Member& member, Steady now) {
            take(member, now, answer);
        });
        const std::lock_guard lock(mailbox->mutex);
        --mailbox->calls_under_way;
        mailbox->settled.notify_all();
    };
}

void Membership::carry_out(const Action& action) {
    std::visit([this](const auto& asked) { carry_out(asked); }, action);
}

void Membership::carry_out(const Beat& beat) {
    store_.beat(beat.beat, answer_to<store::BeatAnswer>(
                               [beat](Member& member, Steady now, const auto& answer) {
                                   member.on_beat(now, beat, answer);
                               }));
}

void Membership::carry_out(const ListNodes& /*list*/) {
    store_.list_nodes(answer_to<std::vector<store::NodeRecord>>(
        [](Member& member, Steady now, const auto& answer) { member.on_nodes(now, answer); }));
}

void Membership::carry_out(const ListOwners& /*list*/) {
    store_.list_owners(answer_to<store::OwnerList>(
        [](Member& member, Steady now, const auto& answer) { member.on_owners(now, answer); }));
}

void Membership::carry_out(const RemoveNode& remove) {
    store_.remove_node(
        remove.node, remove.standby, remove.instance,
        answer_to<bool>([](Member& /*member*/, Steady /*now*/, const auto& /*answer*/) {}));
}

void Membership::carry_out(const Claim& claim) {
    store_.claim_from(
        claim.partition, claim.expected, options_.node,
        answer_to<store::ClaimAnswer>([claim](Member& member, Steady now, const auto& answer) {
            member.on_claim(now, claim, answer);
        }));
}

void Membership::carry_out(const Release& release) {
    store_.release(release.partition, release.epoch,
                   answer_to<bool>([release](Member& member, Steady now, const auto& answer) {
                       member.on_release(now, release, answer);
                   }));
}

void Membership::carry_out(const Open& open) {
    partitions_.open(open.partition, open.epoch);
}

void Membership::carry_out(const SuspendAll& /*suspend*/) {
    partitions_.suspend_all();
}

void Membership::carry_out(const Resume& resume) {
    partitions_.resume(resume.partition);
}

void Membership::carry_out(const Close& close) {
    partitions_.close(close.partition, [mailbox = mailbox_, close] {
        post(*mailbox, [close](Member& member, Steady now) { member.on_closed(now, close); });
    });
}

void Membership::carry_out(const Drop& drop) {
    partitions_.drop(drop.partition);
}

}  // namespace fermata::cluster

#include "cluster/member.h"

#include <algorithm>

#include "cluster/assignment.h"

namespace fermata::cluster {
namespace {

// While a partition is waited for and nothing changes, the pause between reads of all owners grows
// up to this.
Steady pause_max(const Timing& timing) {
    return std::max<Steady>(timing.hand_over_poll, Steady(timing.lease) / 3);
}

}  // namespace

Member::Member(const MemberOptions& options)
    : options_(options),
      timing_(options.timing),
      sightings_(options.sole ? Steady(0) : options.timing.patience(), options.timing.gap_max()),
      holdings_(options.node, options.facts.partition_count, options.timing),
      targets_(options.facts.partition_count, store::kNobody),
      owners_pause_(options.timing.hand_over_poll),
      format_(
          {options.facts.format, options.facts.format_newest, options.format_limit, options.sole},
          options.timing) {}

std::vector<Action> Member::take_actions() {
    return std::exchange(actions_, {});
}

void Member::tick(Steady now) {
    check_lease(now);
    turn(now);
}

// Every input ends here: what follows from all that is known.
void Member::turn(Steady now) {
    if (role_ == Role::kLeft || role_ == Role::kRefused) {
        return;
    }
    act(now);
    send_due(now);
}

void Member::check_lease(Steady now) {
    if (role_ == Role::kActing && !suspended_ && now >= lease_until_) {
        suspended_ = true;
        lease_regained_.reset();
        ++counters_.suspensions;
        actions_.emplace_back(SuspendAll{});
    }
}

void Member::act(Steady now) {
    if (role_ == Role::kJoining || role_ == Role::kStandby) {
        find_role(now);
    }
    if (is_serving()) {
        retarget();
        const auto is_gone_since = [this](store::NodeId node, Steady known_since) {
            return is_gone(node, known_since);
        };
        holdings_.plan(now, targets_, is_gone_since, actions_);
        // A node that joined just before it was told is in the next list only.
        const bool knows_all = nodes_read_at_ >= rebalancing_since_;
        rebalancing_ = rebalancing_ && (!knows_all || has_more_to_move());
    }
    if (holdings_.wants_owners()) {
        owners_due_ = std::min(owners_due_, owners_sent_at_ + timing_.hand_over_poll);
    } else if (is_serving() && (holdings_.is_waiting(targets_) || holdings_.misses_owners())) {
        owners_due_ = std::min(owners_due_, owners_sent_at_ + owners_pause_);
    }
}

void Member::send_due(Steady now) {
    if (known_ && !beat_in_flight_ && now >= beat_due_) {
        beat(now, role_ == Role::kStandby, &*known_);
    }
    if (!nodes_in_flight_ && now >= nodes_due_) {
        nodes_in_flight_ = true;
        nodes_sent_at_ = now;
        nodes_due_ = now + timing_.poll_interval();
        actions_.emplace_back(ListNodes{});
    }
    if (!owners_in_flight_ && now >= owners_due_) {
        owners_in_flight_ = true;
        owners_sent_at_ = now;
        owners_due_ = now + timing_.owners_interval;
        holdings_.expect_owners();
        actions_.emplace_back(ListOwners{});
    }
}

Steady Member::next_wake() const {
    Steady next = Steady::max();
    if (role_ == Role::kLeft || role_ == Role::kRefused) {
        return next;
    }
    if (known_ && !beat_in_flight_) {
        next = std::min(next, beat_due_);
    }
    if (!nodes_in_flight_) {
        next = std::min(next, nodes_due_);
    }
    if (!owners_in_flight_) {
        next = std::min(next, owners_due_);
    }
    if (is_serving()) {
        next = std::min(next, lease_until_);
    }
    return next;
}

void Member::on_nodes(Steady now, const Result<Records>& answer) {
    nodes_in_flight_ = false;
    check_lease(now);
    if (!answer) {
        nodes_due_ = now + timing_.poll_interval();
    } else {
        sightings_.see(nodes_sent_at_, now, *answer);
        const auto changes_of = [](const Records& records) {
            std::uint64_t sum = 0;
            for (const store::NodeRecord& record : records) {
                sum += record.changes ^ record.instance;
            }
            return sum;
        };
        if (changes_of(*answer) != changes_of(nodes_)) {
            want_owners(now);
        }
        nodes_ = *answer;
        nodes_read_at_ = nodes_sent_at_;
        knows_nodes_ = true;
        admit();
        format_.see(nodes_sent_at_, now, formats_of_others());
        if (is_serving()) {
            declare_dead();
        }
        if (is_serving() || role_ == Role::kStandby) {
            confirm_marks();
        }
        // Its own record does not matter to who writes it; a standby waits for nothing else.
        const store::NodeId own = role_ == Role::kActing ? options_.node : store::kNobody;
        if (const auto verdict = sightings_.next_verdict(own); verdict) {
            nodes_due_ = std::max(now, std::min(nodes_due_, *verdict));
        }
    }
    turn(now);
}

void Member::on_owners(Steady now, const Result<store::OwnerList>& answer) {
    owners_in_flight_ = false;
    check_lease(now);
    if (!answer) {
        owners_due_ = now + timing_.poll_interval();
    } else {
        const bool is_new = holdings_.see_owners(now, *answer, actions_);
        if (is_new) {
            want_nodes(now);  // who is gone is judged by what was read after it
        }
        owners_pause_ = is_new ? Steady(timing_.hand_over_poll)
                               : std::min(owners_pause_ * 2, pause_max(timing_));
        if (suspended_ && lease_regained_ && owners_sent_at_ >= *lease_regained_ &&
            now < lease_until_) {
            suspended_ = false;
            ++counters_.resumptions;
            holdings_.doubt_held();
        }
        if (!suspended_) {
            holdings_.confirm(now, *answer, actions_);
        }
    }
    turn(now);
}

void Member::on_claim(Steady now, const Claim& asked, const Result<store::ClaimAnswer>& answer) {
    check_lease(now);
    counters_.claims += answer && answer->accepted ? 1 : 0;
    if (role_ == Role::kLeft) {
        if (answer && answer->accepted) {
            actions_.emplace_back(Release{asked.partition, answer->current.epoch, asked.serial});
        }
        return;
    }
    holdings_.on_claim(now, asked, answer, suspended_, actions_);
    turn(now);
}

void Member::on_release(Steady now, const Release& asked, const Result<bool>& answer) {
    check_lease(now);
    counters_.releases += answer ? 1 : 0;
    holdings_.on_release(now, asked, answer);
    turn(now);
}

void Member::on_closed(Steady now, const Close& asked) {
    check_lease(now);
    holdings_.on_closed(asked, actions_);
    turn(now);
}

void Member::on_lost(Steady now, Partition partition, store::Epoch epoch) {
    check_lease(now);
    holdings_.on_lost(partition, epoch);
    turn(now);
}

void Member::doubt_owners(Steady now) {
    check_lease(now);
    owners_due_ = std::min(owners_due_, owners_sent_at_ + timing_.hand_over_poll);
    turn(now);
}

void Member::drain(Steady now) {
    check_lease(now);
    draining_ = true;
    beat_due_ = now;
    turn(now);
}

void Member::rebalance(Steady now) {
    check_lease(now);
    rebalancing_ = true;
    rebalancing_since_ = now;
    nodes_due_ = now;
    turn(now);
}

void Member::leave(Steady now) {
    check_lease(now);
    holdings_.release_all(actions_);
    give_up_record();
    role_ = Role::kLeft;
    lease_until_ = Steady(0);
}

// Not before the others have claimed what was released: until then somebody may have to wait.
bool Member::is_drained() const {
    const bool is_empty = holdings_.is_idle() && !holdings_.owns_any(options_.node) &&
                          !holdings_.is_waiting(targets_);
    return draining_ && (role_ != Role::kActing || (is_empty && holdings_.knows_owners()));
}

bool Member::has_more_to_move() const {
    for (Partition partition = 0; partition < options_.facts.partition_count; ++partition) {
        if (holdings_.holds(partition) && targets_[partition] != options_.node) {
            return true;
        }
    }
    return false;
}

// Live nodes that stay. Every instance comes to the same list within a poll.
void Member::retarget() {
    std::vector<store::NodeId> nodes;
    for (const store::NodeRecord& record : nodes_) {
        if (!record.standby && record.instance != 0 && !record.draining &&
            record.node != options_.node) {
            nodes.push_back(record.node);
        }
    }
    if (!draining_) {
        nodes.push_back(options_.node);
    }
    targets_ = assign(options_.facts.partition_count, nodes);
    if (options_.auto_rebalance || rebalancing_) {
        return;
    }
    for (Partition partition = 0; partition < options_.facts.partition_count; ++partition) {
        const store::NodeId owner = holdings_.owners()[partition].node;
        if (std::find(nodes.begin(), nodes.end(), owner) != nodes.end()) {
            targets_[partition] = owner;
        }
    }
}

}  // namespace fermata::cluster

// The part of Member that deals with nodes' records: its own, and those of others.
#include <algorithm>
#include <string>

#include "cluster/member.h"

namespace fermata::cluster {

const store::NodeRecord* Member::find(store::NodeId node, bool standby) const {
    for (const store::NodeRecord& record : nodes_) {
        if (record.node == node && record.standby == standby) {
            return &record;
        }
    }
    return nullptr;
}

void Member::replace(store::NodeId node, bool standby,
                     const std::optional<store::NodeRecord>& record) {
    const auto is_place = [node, standby](const store::NodeRecord& known) {
        return known.node == node && known.standby == standby;
    };
    nodes_.erase(std::remove_if(nodes_.begin(), nodes_.end(), is_place), nodes_.end());
    if (record) {
        nodes_.push_back(*record);
    }
}

// An instance that fits takes its node's record when nobody acts as the node; else it stands by.
void Member::find_role(Steady now) {
    if (beat_in_flight_ || draining_ || now < beat_not_before_ || !knows_nodes_ ||
        !holdings_.knows_owners()) {
        return;
    }
    if (role_ == Role::kJoining) {
        if (const auto refusal = find_refusal(); refusal) {
            refuse(*refusal);
            return;
        }
    }
    const store::NodeRecord* acting = find(options_.node, false);
    const store::NodeRecord* standby = find(options_.node, true);
    joined_at_ = joined_at_.value_or(now);
    if (role_ == Role::kJoining) {
        format_.join(formats_of_others());
    }
    if (may_take(acting, false) && !leaves_to_primary(acting, now)) {
        beat(now, false, acting);
    } else if (role_ == Role::kJoining && may_take(standby, true)) {
        beat(now, true, standby);
    }
}

bool Member::may_take(const store::NodeRecord* record, bool standby) const {
    if (record != nullptr) {
        return record->instance == 0 || record->instance == options_.instance ||
               sightings_.is_dead(*record);
    }
    // A record that is missing although its node owns partitions was lost by the store, and its
    // instance may still have a lease.
    return standby || options_.sole || !holdings_.owns_any(options_.node) ||
           sightings_.is_missing(options_.node);
}

// When both instances of a node are started at the same time, the primary shall act.
bool Member::leaves_to_primary(const store::NodeRecord* acting, Steady now) const {
    return options_.backup && acting == nullptr && now < *joined_at_ + timing_.patience();
}

std::optional<std::string> Member::find_refusal() const {
    for (const store::NodeRecord& record : nodes_) {
        if (record.instance == options_.instance || options_.sole) {
            continue;
        }
        const std::string who = "node " + std::to_string(record.node);
        // Also when that one is gone: what it wrote is still there.
        if (record.facts.format > options_.facts.format_newest) {
            return who + " writes records of format " + std::to_string(record.facts.format) +
                   ", this one reads up to " + std::to_string(options_.facts.format_newest);
        }
        if (record.instance == 0 || sightings_.is_dead(record)) {
            continue;
        }
        if (record.facts.partition_count != options_.facts.partition_count) {
            return who + " works with " + std::to_string(record.facts.partition_count) +
                   " partitions, this one with " + std::to_string(options_.facts.partition_count);
        }
        if (record.facts.lease_ms != options_.facts.lease_ms) {
            return who + " has a lease of " + std::to_string(record.facts.lease_ms) +
                   " ms, this one of " + std::to_string(options_.facts.lease_ms) +
                   " ms; all instances need the same";
        }
        if (record.facts.format_newest < options_.facts.format) {
            return who + " reads records up to format " +
                   std::to_string(record.facts.format_newest) + ", this one writes no older than " +
                   std::to_string(options_.facts.format);
        }
    }
    return std::nullopt;
}

// Those that may still own partitions, or come back to them.
OtherFormats Member::formats_of_others() const {
    OtherFormats others;
    for (const store::NodeRecord& record : nodes_) {
        if (record.instance == options_.instance) {
            continue;
        }
        others.told_most = std::max(others.told_most, record.facts.format);
        if (record.instance != 0 || !is_confirmed(record)) {
            others.readable = std::min(others.readable, record.facts.format_newest);
            others.told_least = std::min(others.told_least, record.facts.format);
        }
    }
    return others;
}

// Whoever joined at the same moment may not have seen this instance's record, nor this one theirs.
// A read after the record was accepted shows all that were there first; they see this one.
void Member::admit() {
    const bool is_after = accepted_at_ && nodes_sent_at_ >= *accepted_at_;
    if (is_admitted_ || !is_after || role_ == Role::kLeft) {
        return;
    }
    if (const auto refusal = find_refusal(); refusal) {
        refuse(*refusal);
    } else {
        is_admitted_ = true;
    }
}

void Member::refuse(const std::string& reason) {
    // It owns nothing yet, and what others told stands in their records.
    if (known_) {
        actions_.emplace_back(RemoveNode{options_.node, known_->standby, options_.instance});
    }
    known_.reset();
    lease_until_ = Steady(0);
    role_ = Role::kRefused;
    refusal_ = reason;
}

// What it told of the store stays there, marked, for those who come when nobody else is left.
void Member::give_up_record() {
    if (!known_) {
        return;
    }
    if (!leaves_a_mark()) {
        actions_.emplace_back(RemoveNode{options_.node, known_->standby, options_.instance});
        return;
    }
    Beat mark;
    mark.beat.expected = store::BeatExpectation{known_->instance, known_->beat};
    mark.beat.record = make_record(false, ++beat_sent_);
    mark.beat.record.instance = 0;
    actions_.emplace_back(std::move(mark));
}

bool Member::leaves_a_mark() const {
    return !known_->standby && format_.told() > options_.facts.format;
}

Role Member::role() const {
    const bool has_place = role_ == Role::kActing || role_ == Role::kStandby;
    return has_place && !is_admitted_ ? Role::kJoining : role_;
}

store::NodeRecord Member::make_record(bool standby, std::uint64_t number) const {
    store::NodeRecord record;
    record.node = options_.node;
    record.standby = standby;
    record.instance = options_.instance;
    record.beat = number;
    record.draining = draining_;
    record.changes = holdings_.changes();
    record.facts = options_.facts;
    record.facts.format = format_.told();
    return record;
}

void Member::beat(Steady now, bool standby, const store::NodeRecord* expected) {
    Beat beat;
    if (expected != nullptr) {
        beat.beat.expected = store::BeatExpectation{expected->instance, expected->beat};
        beat_sent_ = std::max(beat_sent_, expected->beat);
    }
    // Never the same number twice: a beat whose answer was lost may be there already, and its lease
    // began when it was sent.
    beat.beat.record = make_record(standby, ++beat_sent_);
    beat_in_flight_ = true;
    beat_sent_at_ = now;
    beat_due_ = now + timing_.beat_interval();
    actions_.emplace_back(std::move(beat));
}

void Member::on_beat(Steady now, const Beat& asked, const Result<store::BeatAnswer>& answer) {
    check_lease(now);
    const store::NodeRecord& record = asked.beat.record;
    if (record.instance == options_.instance) {
        on_own_beat(now, asked, answer);
    } else {
        on_marked(now, asked.beat, answer);
    }
    turn(now);
}

void Member::on_own_beat(Steady now, const Beat& asked, const Result<store::BeatAnswer>& answer) {
    beat_in_flight_ = false;
    if (role_ == Role::kLeft || role_ == Role::kRefused) {
        if (known_ && answer && answer->accepted && leaves_a_mark()) {
            known_ = asked.beat.record;  // the mark expected the one before
            give_up_record();
        }
        return;
    }
    if (!answer) {
        beat_due_ = now + timing_.poll_interval();
        beat_not_before_ = beat_due_;
        return;
    }
    const store::NodeRecord& record = asked.beat.record;
    if (answer->accepted) {
        on_accepted(now, record);
        return;
    }
    replace(record.node, record.standby, answer->current);
    // A beat of our own whose answer was lost: the record was never in other hands.
    const bool is_ours = known_ && answer->current && record.standby == known_->standby &&
                         answer->current->instance == options_.instance &&
                         answer->current->beat > known_->beat;
    if (is_ours) {
        known_ = answer->current;
        beat_due_ = now;
    } else if (known_ && record.standby == known_->standby) {
        begin_anew(now);
    }
    want_nodes(now);
}

void Member::on_accepted(Steady now, const store::NodeRecord& record) {
    const bool was_standby = role_ == Role::kStandby;
    if (!record.standby && role_ != Role::kActing) {
        const store::NodeRecord* former = find(options_.node, false);
        counters_.takeovers += former != nullptr && former->instance != 0 ? 1 : 0;
        role_ = Role::kActing;
        suspended_ = false;
        want_owners(now);
        want_nodes(now);  // only who acts may declare others dead
        if (was_standby) {
            actions_.emplace_back(RemoveNode{options_.node, true, options_.instance});
        }
    } else if (record.standby) {
        role_ = Role::kStandby;
    }
    replace(record.node, record.standby, record);
    if (!known_) {
        accepted_at_ = now;
        is_admitted_ = options_.sole;
        want_nodes(now);
    }
    known_ = record;
    format_.on_told(now, record.facts.format);
    lease_until_ = record.standby ? Steady(0) : beat_sent_at_ + timing_.own_lease();
    if (suspended_) {
        lease_regained_ = lease_regained_.value_or(now);
        want_owners(now);
    }
    check_lease(now);
}

void Member::begin_anew(Steady now) {
    if (role_ == Role::kActing) {
        ++counters_.records_lost;
    }
    holdings_.drop_all(actions_);
    role_ = Role::kJoining;
    known_.reset();
    accepted_at_.reset();
    is_admitted_ = false;
    format_.begin_anew();
    suspended_ = false;
    lease_regained_.reset();
    lease_until_ = Steady(0);
    beat_due_ = now;
    want_owners(now);
}

// Marks records that stand still, so that their partitions may be claimed. Who beats after all, or
// was faster, wins the compare-and-set.
void Member::declare_dead() {
    for (const store::NodeRecord& record : nodes_) {
        const bool is_own = record.node == options_.node && !record.standby;
        if (!is_own && record.instance != 0 && sightings_.is_dead(record) &&
            !is_left_to_standby(record)) {
            mark(record, record.beat + 1);
        }
    }
}

void Member::confirm_marks() {
    for (const store::NodeRecord& record : nodes_) {
        if (record.instance == 0 && !is_confirmed(record)) {
            mark(record, record.beat);
        }
    }
}

bool Member::is_confirmed(const store::NodeRecord& record) const {
    const auto confirmed = confirmed_.find({record.node, record.standby});
    return confirmed != confirmed_.end() && confirmed->second == record.beat;
}

void Member::mark(const store::NodeRecord& record, std::uint64_t number) {
    if (!marking_.insert({record.node, record.standby}).second) {
        return;
    }
    Beat mark;
    mark.beat.expected = store::BeatExpectation{record.instance, record.beat};
    mark.beat.record = record;
    mark.beat.record.instance = 0;
    mark.beat.record.beat = number;
    actions_.emplace_back(std::move(mark));
}

void Member::on_marked(Steady now, const store::NodeBeat& asked,
                       const Result<store::BeatAnswer>& answer) {
    const store::NodeRecord& mark = asked.record;
    marking_.erase({mark.node, mark.standby});
    if (!answer) {
        return;  // the next read of the nodes leads here again
    }
    // The nodes may have been read again meanwhile, and the answer be the older news: a mark that
    // another instance has replaced must not come back, or its partitions would be claimed.
    const store::NodeRecord* known = find(mark.node, mark.standby);
    if (!answer->current || (known != nullptr && known->beat <= answer->current->beat)) {
        replace(mark.node, mark.standby, answer->current);
    }
    if (answer->accepted) {
        confirmed_[{mark.node, mark.standby}] = mark.beat;
    }
    if (answer->accepted && !mark.standby) {
        want_nodes(now);
        counters_.declared_dead += asked.expected->instance != 0 ? 1 : 0;
    }
}

// A standby that lives takes over by itself, as soon as it sees the same; it gets one lease more.
bool Member::is_left_to_standby(const store::NodeRecord& record) const {
    const store::NodeRecord* standby = find(record.node, true);
    return !record.standby && standby != nullptr && standby->instance != 0 &&
           !sightings_.is_dead(*standby) && !sightings_.is_dead(record, Steady(timing_.lease));
}

// The nodes must have been read after the ownership became known: a node that comes back after it
// was gone may claim again, and that must not be taken for what it left behind.
bool Member::is_gone(store::NodeId node, Steady known_since) const {
    if (known_since > nodes_read_at_) {
        return false;
    }
    const store::NodeRecord* record = find(node, false);
    if (record == nullptr) {
        return sightings_.is_missing(node);
    }
    return record->instance == 0 && is_confirmed(*record);
}

Status Member::status(Steady now) const {
    Status status;
    status.role = role();
    status.refusal = refusal_;
    status.suspended = suspended_;
    status.draining = draining_;
    status.lease_left = std::max(Steady(0), lease_until_ - now);
    status.partitions_held = static_cast<std::uint32_t>(holdings_.count_held());
    status.format_written = format_.written();
    status.counters = counters_;
    status.settled = role_ == Role::kActing && holdings_.knows_owners();
    if (holdings_.knows_owners()) {
        status.owners = holdings_.owners();
    }
    const auto known_count = static_cast<Partition>(status.owners.size());
    for (Partition partition = 0; partition < known_count; ++partition) {
        status.settled = status.settled && status.owners[partition].node == targets_[partition];
    }
    // What was read may be older than what was accepted since; a sole member reads seldom.
    Records records = nodes_;
    if (known_) {
        std::erase_if(records, [this](const store::NodeRecord& record) {
            return record.node == known_->node && record.standby == known_->standby;
        });
        records.push_back(*known_);
    }
    for (const store::NodeRecord& record : records) {
        NodeStatus node;
        node.record = record;
        const bool is_own = record.instance == options_.instance;
        node.alive = record.instance != 0 && (is_own || !sightings_.is_dead(record));
        node.age = sightings_.age(record, now);
        node.partitions = static_cast<std::uint32_t>(std::count_if(
            status.owners.begin(), status.owners.end(), [&](const store::Ownership& owner) {
                return !record.standby && owner.node == record.node;
            }));
        status.nodes.push_back(std::move(node));
    }
    return status;
}

std::string_view to_string(Role role) {
    switch (role) {
        case Role::kJoining:
            return "joining";
        case Role::kStandby:
            return "standby";
        case Role::kActing:
            return "acting";
        case Role::kRefused:
            return "refused";
        case Role::kLeft:
            return "left";
    }
    return "unknown";
}

}  // namespace fermata::cluster

#include "cluster/holdings.h"

#include <algorithm>

namespace fermata::cluster {

Holdings::Holdings(store::NodeId self, Partition partition_count, const Timing& timing)

    : self_(self),
      partition_count_(partition_count),
      timing_(timing),
      holdings_(partition_count),
      owners_(partition_count) {}

void Holdings::step(Holding& holding, Stage stage) {
    holding.stage = stage;
    holding.doubted = holding.doubted && stage == Stage::kClosing;
    holding.serial = ++serial_;
    ++changes_;
}

void Holdings::learn(Partition partition, const store::Ownership& owner, Steady now) {
    Holding& holding = holdings_[partition];
    holding.known = true;
    if (owners_[partition] != owner) {
        owners_[partition] = owner;
        holding.owner_since = now;
    }
    if (owner.node != store::kNobody) {
        holding.handed_over = false;
    }
    if (owner.epoch >= holding.epoch_seen) {
        holding.epoch_seen = owner.epoch;
        holding.behind_since = Steady(0);
    } else if (holding.behind_since == Steady(0)) {
        holding.behind_since = now;
    }
}

// A store that lost its last writes may show an owner of the past. The true one writes its own
// again; it gets time for that before anybody claims over it.
bool Holdings::is_behind(Partition partition, Steady now) const {
    const Steady since = holdings_[partition].behind_since;
    return since != Steady(0) && now - since < timing_.patience();
}

bool Holdings::see_owners(Steady now, const store::OwnerList& owners, Actions& actions) {
    bool is_new = !knows_owners_;
    knows_owners_ = true;
    wants_owners_ = false;
    misses_owners_ = false;
    // Of another number of partitions only until the member is refused for it.
    const auto count =
        static_cast<Partition>(std::min<std::size_t>(partition_count_, owners.size()));
    for (Partition partition = 0; partition < count; ++partition) {
        const Holding& holding = holdings_[partition];
        if (!owners[partition]) {
            misses_owners_ = true;
            continue;
        }
        if (holding.serial > list_serial_) {
            wants_owners_ = true;  // listed before its last step
            continue;
        }
        const store::Ownership& owner = *owners[partition];
        is_new = is_new || !holding.known || owners_[partition] != owner;
        learn(partition, owner, now);
        // A lower epoch is history that went back; the store's own redo mends it.
        const bool is_lost =
            owner.epoch > holding.epoch || (owner.epoch == holding.epoch && owner.node != self_);
        if (holds(partition) && is_lost) {
            drop(partition, actions);
        }
    }
    return is_new;
}

bool Holdings::owns_any(store::NodeId node) const {
    for (Partition partition = 0; partition < partition_count_; ++partition) {
        if (!holdings_[partition].known || owners_[partition].node == node) {
            return true;
        }
    }
    return false;
}

bool Holdings::is_free(Partition partition, const IsGone& is_gone) const {
    // Its own without being held: of an earlier life, or of a claim whose answer was lost.
    const store::NodeId owner = owners_[partition].node;
    return owner == store::kNobody || owner == self_ ||
           is_gone(owner, holdings_[partition].owner_since);
}

void Holdings::plan(Steady now, const std::vector<store::NodeId>& targets, const IsGone& is_gone,
                    Actions& actions) {
    if (!knows_owners_ || now < not_before_) {
        return;
    }
    std::size_t claiming = count(Stage::kClaiming);
    std::size_t moving = count_moving(targets);
    for (Partition partition = 0; partition < partition_count_; ++partition) {
        Holding& holding = holdings_[partition];
        const bool should_hold = targets[partition] == self_;
        if (holding.stage == Stage::kHeld && !should_hold && moving < timing_.hand_over_window) {
            step(holding, Stage::kClosing);
            actions.emplace_back(Close{partition, holding.serial});
            ++moving;
        } else if (holding.stage != Stage::kNone || !holding.known) {
            continue;
        } else if (should_hold && claiming < timing_.claim_window && !is_behind(partition, now) &&
                   is_free(partition, is_gone)) {
            claim(partition, actions);
            ++claiming;
        } else if (!should_hold && owners_[partition].node == self_) {
            release(partition, owners_[partition].epoch, actions);
        }
    }
}

void Holdings::claim(Partition partition, Actions& actions) {
    Holding& holding = holdings_[partition];
    step(holding, Stage::kClaiming);
    actions.emplace_back(Claim{partition, owners_[partition], holding.serial});
}

void Holdings::release(Partition partition, store::Epoch epoch, Actions& actions) {
    Holding& holding = holdings_[partition];
    step(holding, Stage::kReleasing);
    holding.epoch = epoch;
    actions.emplace_back(Release{partition, epoch, holding.serial});
}

void Holdings::on_claim(Steady now, const Claim& asked, const Result<store::ClaimAnswer>& answer,
                        bool suspended, Actions& actions) {
    Holding& holding = holdings_[asked.partition];
    if (holding.stage != Stage::kClaiming || holding.serial != asked.serial) {
        wants_owners_ = true;
        return;
    }
    if (!answer) {
        step(holding, Stage::kNone);
        wants_owners_ = true;
        not_before_ = now + timing_.poll_interval();
        return;
    }
    learn(asked.partition, answer->current, now);
    if (!answer->accepted) {
        step(holding, Stage::kNone);
        return;
    }
    step(holding, Stage::kHeld);
    holding.epoch = answer->current.epoch;
    holding.opened = !suspended;
    if (holding.opened) {
        actions.emplace_back(Open{asked.partition, holding.epoch});
    }
}

void Holdings::on_closed(const Close& asked, Actions& actions) {
    Holding& holding = holdings_[asked.partition];
    if (holding.stage == Stage::kClosing && holding.serial == asked.serial) {
        holding.opened = false;
        release(asked.partition, holding.epoch, actions);
    }
}

void Holdings::on_release(Steady now, const Release& asked, const Result<bool>& answer) {
    Holding& holding = holdings_[asked.partition];
    if (holding.stage != Stage::kReleasing || holding.serial != asked.serial) {
        wants_owners_ = true;
        return;
    }
    step(holding, Stage::kNone);
    if (answer) {
        learn(asked.partition, {store::kNobody, asked.epoch}, now);
        holding.handed_over = true;
    } else {
        // Fenced, or its fate is unknown: the owners tell, and what is still its own is released
        // again.
        wants_owners_ = true;
        not_before_ = now + timing_.poll_interval();
    }
}

void Holdings::on_lost(Partition partition, store::Epoch epoch) {
    Holding& holding = holdings_[partition];
    if (holds(partition) && holding.epoch == epoch) {
        holding.opened = false;
        step(holding, Stage::kNone);
        wants_owners_ = true;
    }
}

void Holdings::doubt_held() {
    for (Partition partition = 0; partition < partition_count_; ++partition) {
        holdings_[partition].doubted = holds(partition);
    }
}

void Holdings::confirm(Steady now, const store::OwnerList& owners, Actions& actions) {
    for (Partition partition = 0; partition < partition_count_; ++partition) {
        Holding& holding = holdings_[partition];
        if (!holding.doubted || !owners[partition]) {
            continue;
        }
        holding.doubted = false;
        learn(partition, *owners[partition], now);
        if (owners[partition] != store::Ownership{self_, holding.epoch}) {
            drop(partition, actions);
        } else if (holding.opened) {
            actions.emplace_back(Resume{partition});
        } else {
            holding.opened = true;
            actions.emplace_back(Open{partition, holding.epoch});
        }
    }
}

void Holdings::drop(Partition partition, Actions& actions) {
    Holding& holding = holdings_[partition];
    if (holding.opened) {
        actions.emplace_back(Drop{partition});
    }
    holding.opened = false;
    step(holding, Stage::kNone);
}

void Holdings::drop_all(Actions& actions) {
    for (Partition partition = 0; partition < partition_count_; ++partition) {
        if (holdings_[partition].stage != Stage::kNone) {
            drop(partition, actions);
        }
        holdings_[partition].known = false;
    }
    knows_owners_ = false;
}

void Holdings::release_all(Actions& actions) {
    for (Partition partition = 0; partition < partition_count_; ++partition) {
        if (holds(partition)) {
            release(partition, holdings_[partition].epoch, actions);
        }
    }
}

std::size_t Holdings::count(Stage stage) const {
    return static_cast<std::size_t>(
        std::count_if(holdings_.begin(), holdings_.end(),
                      [stage](const Holding& holding) { return holding.stage == stage; }));
}

std::size_t Holdings::count_held() const {
    return count(Stage::kHeld) + count(Stage::kClosing);
}

// What was handed over counts until somebody claims it, unless nobody could.
std::size_t Holdings::count_moving(const std::vector<store::NodeId>& targets) const {
    std::size_t moving = count(Stage::kClosing) + count(Stage::kReleasing);
    for (Partition partition = 0; partition < partition_count_; ++partition) {
        const bool is_awaited = targets[partition] != self_ && targets[partition] != store::kNobody;
        moving += holdings_[partition].handed_over && is_awaited ? 1 : 0;
    }
    return moving;
}

bool Holdings::is_idle() const {
    return count(Stage::kNone) == holdings_.size();
}

bool Holdings::is_waiting(const std::vector<store::NodeId>& targets) const {
    for (Partition partition = 0; partition < partition_count_; ++partition) {
        const Holding& holding = holdings_[partition];
        const bool is_missed = targets[partition] == self_ && holding.stage == Stage::kNone;
        if (is_missed || (holding.handed_over && targets[partition] != store::kNobody)) {
            return true;
        }
    }
    return false;
}

}  // namespace fermata::cluster

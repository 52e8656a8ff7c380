// Holdings: the partitions of one instance: which it holds, claims and hands over, and who owns the
// others as far as it knows.
//
//   none ──Claim──► claiming ──accepted──► held ──Close──► closing ──closed──► releasing ──► none
//
// Every way back to none is always open (lost, dropped, refused). Each step has a serial number, so
// that answers and lists that were under way before it are recognised as old.
//
// Pure: no clock, thread or store. Owned by Member.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "cluster/action.h"
#include "cluster/timing.h"

namespace fermata::cluster {

class Holdings {
  public:
    using Actions = std::vector<Action>;
    // What the node owned since before then belongs to nobody any more.
    using IsGone = std::function<bool(store::NodeId, Steady known_since)>;

    Holdings(store::NodeId self, Partition partition_count, const Timing& timing);

    // --- what others own
    [[nodiscard]] bool knows_owners() const { return knows_owners_; }
    // The last list lacked some.
    [[nodiscard]] bool misses_owners() const { return misses_owners_; }
    // Nobody, where it never was in a list.
    [[nodiscard]] const std::vector<store::Ownership>& owners() const { return owners_; }
    // Call when a list is asked for.
    void expect_owners() { list_serial_ = serial_; }
    // Drops what turns out to belong to others. True when something is new.
    bool see_owners(Steady now, const store::OwnerList& owners, Actions& actions);
    // Or might: of some partitions it is not known.
    [[nodiscard]] bool owns_any(store::NodeId node) const;
    // Something was learned that the list does not show yet.
    [[nodiscard]] bool wants_owners() const { return wants_owners_; }

    // --- what this instance holds
    // Claims what should be its own and is free, hands over what should be another's.
    void plan(Steady now, const std::vector<store::NodeId>& targets, const IsGone& is_gone,
              Actions& actions);
    void on_claim(Steady now, const Claim& asked, const Result<store::ClaimAnswer>& answer,
                  bool suspended, Actions& actions);
    void on_closed(const Close& asked, Actions& actions);
    void on_release(Steady now, const Release& asked, const Result<bool>& answer);
    void on_lost(Partition partition, store::Epoch epoch);
    // After a suspension: what is held is not served before confirm() has seen it listed.
    void doubt_held();
    // Of what is doubted, what is still owned goes on, the rest is dropped; what the list does not
    // have waits for the next one. It was asked for after the lease was won back.
    void confirm(Steady now, const store::OwnerList& owners, Actions& actions);
    // Everything is in other hands, or may be.
    void drop_all(Actions& actions);
    // Gives back what is held, without closing it: its lanes are gone already.
    void release_all(Actions& actions);

    [[nodiscard]] bool holds(Partition partition) const {
        return holdings_[partition].stage == Stage::kHeld ||
               holdings_[partition].stage == Stage::kClosing;
    }
    [[nodiscard]] bool is_doubted(Partition partition) const {
        return holdings_[partition].doubted;
    }
    [[nodiscard]] std::size_t count_held() const;
    // Neither holds anything nor has anything under way.
    [[nodiscard]] bool is_idle() const;
    // Waits for a partition from another owner, or for another to take one.
    [[nodiscard]] bool is_waiting(const std::vector<store::NodeId>& targets) const;
    // Raised with every change of what is held.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }

  private:
    enum class Stage : std::uint8_t { kNone, kClaiming, kHeld, kClosing, kReleasing };
    struct Holding {
        Stage stage = Stage::kNone;
        bool opened = false;       // its lane was told to open
        bool handed_over = false;  // released by this instance, and nobody claimed it yet
        bool doubted = false;      // held, but perhaps another's since a suspension
        bool known = false;        // whose it is, since the owners were read at all
        store::Epoch epoch = 0;
        std::uint64_t serial = 0;
        // The highest epoch ever seen, and since when a lower one is stored: history went back.
        store::Epoch epoch_seen = 0;
        Steady owner_since{0};  // when the present owner and epoch were first seen
        Steady behind_since{0};
    };

    [[nodiscard]] bool is_free(Partition partition, const IsGone& is_gone) const;
    [[nodiscard]] bool is_behind(Partition partition, Steady now) const;
    [[nodiscard]] std::size_t count_moving(const std::vector<store::NodeId>& targets) const;
    [[nodiscard]] std::size_t count(Stage stage) const;
    void learn(Partition partition, const store::Ownership& owner, Steady now);
    void step(Holding& holding, Stage stage);
    void drop(Partition partition, Actions& actions);
    void claim(Partition partition, Actions& actions);
    void release(Partition partition, store::Epoch epoch, Actions& actions);

    const store::NodeId self_;
    const Partition partition_count_;
    const Timing timing_;
    std::vector<Holding> holdings_;
    std::vector<store::Ownership> owners_;
    bool knows_owners_ = false;
    bool misses_owners_ = false;
    bool wants_owners_ = false;
    std::uint64_t serial_ = 0;
    std::uint64_t list_serial_ = 0;
    std::uint64_t changes_ = 0;
    // After an error of the store nothing is asked before.
    Steady not_before_{0};
};

}  // namespace fermata::cluster

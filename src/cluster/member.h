// Member: one instance's part in the cluster, as a pure state machine. Told what happened and when,
// it says what to do: no clock, thread or store in it. docs/internals/cluster.md has the proof.
//
// The node's record in the store is the one thing that instances compete for. Every write of it is
// a compare-and-set of (instance, beat number):
//
//  - Who acts as a node beats: raises the number. An accepted beat gives a lease that runs from
//    before the beat was sent. When the lease has run out, the member suspends all partitions.
//  - Who saw a beat stand still for longer than that lease, by its own clock, may take the record
//    over (a standby of the same node) or mark it dead (any other node). Beats of the former
//    instance are refused from then on, so no accepted beat of it can be under way.
//  - Partitions are claimed only from nobody, from the own node's past, or from a node whose record
//    is marked dead. So nobody claims from an instance whose lease runs. A mark that another made
//    is written once more before it counts: what was only read may be lost when the store fails
//    over, and then the marked instance may go on.
//
// After a suspension, an accepted beat therefore proves that nobody took anything: what is still
// owned at the same epoch goes on without recovery. A refused one means that everything may be in
// other hands: all is dropped, and the member begins anew.
//
// Threads: one owner at a time (Membership, or a simulation).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cluster/action.h"
#include "cluster/format_choice.h"
#include "cluster/holdings.h"
#include "cluster/sightings.h"
#include "cluster/status.h"
#include "cluster/timing.h"

namespace fermata::cluster {

struct MemberOptions {
    Timing timing;
    store::NodeId node = 1;
    // Drawn at random by each process, not 0.
    std::uint64_t instance = 0;
    // format: the oldest that it can write; its records tell what FormatChoice says.
    store::NodeFacts facts;
    // None newer is written while it can be helped; 0: no limit.
    std::uint32_t format_limit = 0;
    // Nobody else can use the store while this process does (memory, embedded).
    bool sole = false;
    // Prefers to stand by: leaves a node that nobody acts as to its primary for a while.
    bool backup = false;
    // Partitions move to joining nodes without being told to.
    bool auto_rebalance = true;
};

class Member {
  public:
    explicit Member(const MemberOptions& options);

    // Each takes the time of its own monotonic clock at which it is called. `tick` is called when
    // next_wake() has come, and any time.
    void tick(Steady now);
    void on_beat(Steady now, const Beat& asked, const Result<store::BeatAnswer>& answer);
    void on_nodes(Steady now, const Result<std::vector<store::NodeRecord>>& answer);
    void on_owners(Steady now, const Result<store::OwnerList>& answer);
    void on_claim(Steady now, const Claim& asked, const Result<store::ClaimAnswer>& answer);
    void on_release(Steady now, const Release& asked, const Result<bool>& answer);
    void on_closed(Steady now, const Close& asked);
    // The store refused the partition's owner (kFenced): another claimed it. Its lane is gone.
    void on_lost(Steady now, Partition partition, store::Epoch epoch);
    // Somebody else answered that it does not own what the owners say.
    void doubt_owners(Steady now);

    // Hands everything over, or to nobody when nobody else is there; is_drained() when done.
    void drain(Steady now);
    // Moves partitions to where they should be, also when auto_rebalance is off.
    void rebalance(Steady now);
    // Gives back what it holds (its lanes are closed or gone) and its record. Nothing happens after
    // it but the actions it leaves.
    void leave(Steady now);

    // What is to be done, in this order.
    [[nodiscard]] std::vector<Action> take_actions();
    [[nodiscard]] Steady next_wake() const;

    [[nodiscard]] Role role() const;
    // A served answer must be given before it. In the past when there is no lease.
    [[nodiscard]] Steady lease_until() const { return lease_until_; }
    [[nodiscard]] bool is_suspended() const { return suspended_; }
    // Held, and not suspended; with a lease that runs it may be answered for.
    [[nodiscard]] bool serves(Partition partition) const {
        return is_serving() && holdings_.holds(partition) && !holdings_.is_doubted(partition);
    }
    [[nodiscard]] bool is_drained() const;
    [[nodiscard]] const Holdings& holdings() const { return holdings_; }
    [[nodiscard]] const std::vector<store::NodeId>& targets() const { return targets_; }
    // In which session records may be written now.
    [[nodiscard]] std::uint32_t format_written() const { return format_.written(); }
    [[nodiscard]] Status status(Steady now) const;

  private:
    using Records = std::vector<store::NodeRecord>;

    void turn(Steady now);
    void check_lease(Steady now);
    void send_due(Steady now);
    void act(Steady now);

    // --- the own record
    void find_role(Steady now);
    [[nodiscard]] bool may_take(const store::NodeRecord* record, bool standby) const;
    [[nodiscard]] bool leaves_to_primary(const store::NodeRecord* acting, Steady now) const;
    [[nodiscard]] std::optional<std::string> find_refusal() const;
    void beat(Steady now, bool standby, const store::NodeRecord* expected);
    void on_own_beat(Steady now, const Beat& asked, const Result<store::BeatAnswer>& answer);
    void on_accepted(Steady now, const store::NodeRecord& record);
    void begin_anew(Steady now);
    void admit();
    void refuse(const std::string& reason);
    void give_up_record();
    [[nodiscard]] bool leaves_a_mark() const;
    [[nodiscard]] store::NodeRecord make_record(bool standby, std::uint64_t number) const;

    // --- other records
    [[nodiscard]] OtherFormats formats_of_others() const;
    void declare_dead();
    void confirm_marks();
    void mark(const store::NodeRecord& record, std::uint64_t number);
    void on_marked(Steady now, const store::NodeBeat& asked,
                   const Result<store::BeatAnswer>& answer);
    [[nodiscard]] bool is_left_to_standby(const store::NodeRecord& record) const;
    [[nodiscard]] bool is_gone(store::NodeId node, Steady known_since) const;
    [[nodiscard]] bool is_confirmed(const store::NodeRecord& record) const;
    [[nodiscard]] const store::NodeRecord* find(store::NodeId node, bool standby) const;
    void replace(store::NodeId node, bool standby, const std::optional<store::NodeRecord>& record);

    void retarget();
    [[nodiscard]] bool has_more_to_move() const;
    void want_nodes(Steady now) { nodes_due_ = now; }
    void want_owners(Steady now) { owners_due_ = now; }
    [[nodiscard]] bool is_serving() const {
        return role_ == Role::kActing && is_admitted_ && !suspended_;
    }

    const MemberOptions options_;
    const Timing timing_;
    std::vector<Action> actions_;
    std::string refusal_;
    Counters counters_;

    // The own record: acting or standby, as `role_` says, or what is being tried.
    std::optional<store::NodeRecord> known_;  // as last accepted
    std::uint64_t beat_sent_ = 0;             // highest number ever sent
    Steady beat_sent_at_{0};
    Steady beat_due_{0};
    Steady beat_not_before_{0};  // after an error of the store
    Steady lease_until_{0};
    // Set while suspended with a new lease: owners listed before it do not count.
    std::optional<Steady> lease_regained_;

    Records nodes_;
    Steady nodes_sent_at_{0};
    Steady nodes_read_at_{0};  // when the read that `nodes_` is from was sent
    Steady nodes_due_{0};
    Sightings sightings_;
    using Place = std::pair<store::NodeId, bool>;  // node, standby
    std::set<Place> marking_;                      // on their way
    std::map<Place, std::uint64_t> confirmed_;     // marks that are durable: beat number

    Holdings holdings_;
    std::vector<store::NodeId> targets_;
    Steady owners_sent_at_{0};
    Steady owners_due_{0};
    Steady owners_pause_{0};

    Role role_ = Role::kJoining;
    bool suspended_ = false;
    bool draining_ = false;
    bool rebalancing_ = false;
    Steady rebalancing_since_{0};
    bool knows_nodes_ = false;
    std::optional<Steady> joined_at_;  // when it first looked for its role
    // Whether a read that was sent after its record was first accepted showed that it fits.
    bool is_admitted_ = false;
    std::optional<Steady> accepted_at_;  // its first record, since it joined
    FormatChoice format_;
    // Calls of the store under way, at most one of each kind.
    bool beat_in_flight_ = false;
    bool nodes_in_flight_ = false;
    bool owners_in_flight_ = false;
};

}  // namespace fermata::cluster

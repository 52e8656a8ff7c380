// Sightings: what one observer may conclude from reading the nodes' records again and again.
//
// An instance counts as dead when its record stood still for the patience, by the observer's own
// clock, throughout an unbroken row of successful reads. Counting starts when the first read with
// that beat was answered and ends when the last one was sent: the beat was in the store all that
// time, and its writer had sent it before. Clocks are not compared, only trusted to run at about
// the same rate.
//
// A gap between reads (the store was away, or this process stood still) starts all counting anew:
// nobody could beat either while the store was away. That is no matter of safety; it keeps living
// instances from being taken for dead.
//
// "Dead" is an opinion. Who acts on it must win a compare-and-set of the record that was seen; a
// beat that is still on its way either comes before it, and it fails, or after it, and the beat
// does.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "cluster/timing.h"
#include "store/nodes.h"

namespace fermata::cluster {

class Sightings {
  public:
    // A patience of zero: nobody else can use the store, so whoever left a record is dead.
    Sightings(Steady patience, Steady gap_max) : patience_(patience), gap_max_(gap_max) {}

    // A successful read of all records, sent and answered then.
    void see(Steady sent, Steady answered, const std::vector<store::NodeRecord>& records);

    // The record stands still for that much longer than the patience. False for records that were
    // not seen.
    [[nodiscard]] bool is_dead(const store::NodeRecord& record, Steady longer = Steady(0)) const;
    // The node has had no acting record for the patience.
    [[nodiscard]] bool is_missing(store::NodeId node) const;
    // For how long the record has stood still, at most.
    [[nodiscard]] Steady age(const store::NodeRecord& record, Steady now) const;
    // When a read must be sent to find the next one dead, if none of them beats.
    [[nodiscard]] std::optional<Steady> next_verdict(store::NodeId except) const;

  private:
    struct Sighting {
        std::uint64_t instance = 0;
        std::uint64_t beat = 0;
        bool present = true;
        Steady since{0};
    };
    using Place = std::pair<store::NodeId, bool>;  // node and whether standby

    [[nodiscard]] Steady stood_still(Steady since) const { return last_sent_ - since; }

    const Steady patience_;
    const Steady gap_max_;
    std::map<Place, Sighting> places_;
    Steady row_since_{0};
    Steady last_sent_{0};
    std::optional<Steady> last_answered_;
};

}  // namespace fermata::cluster

// Timing: how long leases last and how often the store is asked.
#pragma once

#include <chrono>
#include <cstdint>

namespace fermata::cluster {

// Of the own monotonic clock; never compared with another instance's.
using Steady = std::chrono::nanoseconds;

struct Timing {
    // lease: an instance whose beats are not accepted for that long stops serving; others may then
    // take its place.
    std::chrono::milliseconds lease{3000};
    // lease-margin: by how much the rates of two clocks may differ, in thousandths. The owner ends
    // its lease earlier by it, observers wait longer. Quartz is off by less than 0.1.
    std::uint32_t margin_per_mille = 20;
    // Between two successful reads of the nodes, in thousandths of the lease; after a longer gap
    // all observation starts anew.
    std::uint32_t gap_per_mille = 400;
    // owners-interval: how often the owners of all partitions are read when nothing seems to
    // happen.
    std::chrono::milliseconds owners_interval{10'000};
    // hand-over-poll: the same while this instance waits for a partition.
    std::chrono::milliseconds hand_over_poll{100};
    // hand-over-window: partitions that one instance has between two owners at a time when it hands
    // them over.
    std::uint32_t hand_over_window = 16;
    // claim-window: claims on their way at a time.
    std::uint32_t claim_window = 64;

    // From the moment before a beat is sent that is then accepted.
    [[nodiscard]] Steady own_lease() const { return scaled(1000 - margin_per_mille); }
    // Without a new beat, in the eyes of others, until an instance counts as dead.
    [[nodiscard]] Steady patience() const { return scaled(1000 + margin_per_mille); }
    [[nodiscard]] Steady beat_interval() const { return Steady(lease) / 3; }
    [[nodiscard]] Steady poll_interval() const { return Steady(lease) / 10; }
    [[nodiscard]] Steady gap_max() const { return scaled(gap_per_mille); }

  private:
    [[nodiscard]] Steady scaled(std::uint32_t per_mille) const {
        return Steady(lease) / 1000 * per_mille;
    }
};

}  // namespace fermata::cluster

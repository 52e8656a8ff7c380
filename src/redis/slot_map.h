// SlotMap: which primary serves each slot, and what a new topology changes in it.
#pragma once

#include <array>
#include <vector>

#include "redis/slot.h"
#include "redis/topology.h"

namespace fermata::redis {

class Primary;

class SlotMap {
  public:
    // Null: nobody that is known.
    [[nodiscard]] Primary* find(Slot slot) const { return primaries_[slot]; }

    // Slots that had another primary before; those that had none are not among them.
    // Slots that `assigned` leaves out keep theirs: it is asked, and says itself what it does not
    // serve.
    struct Assignment {
        SlotRange range;
        Primary* primary;
    };
    std::vector<SlotRange> assign(const std::vector<Assignment>& assigned);
    // Slots of the range that nobody serves yet.
    void append_unserved(const SlotRange& range, std::vector<SlotRange>& into) const;

    // The slots of one primary, as ranges.
    [[nodiscard]] std::vector<SlotRange> slots_of(const Primary* primary) const;

  private:
    std::array<Primary*, kSlotCount> primaries_{};
};

}  // namespace fermata::redis

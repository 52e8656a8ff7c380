#include "redis/slot_map.h"

namespace fermata::redis {
namespace {

// The slots for which the condition holds, neighbours joined.
template <typename Condition>
std::vector<SlotRange> ranges_where(const Condition& holds) {
    std::vector<SlotRange> ranges;
    for (unsigned number = 0; number < kSlotCount; ++number) {
        const auto slot = static_cast<Slot>(number);
        if (!holds(slot)) {
            continue;
        }
        if (!ranges.empty() && ranges.back().last + 1U == number) {
            ranges.back().last = slot;
        } else {
            ranges.push_back({slot, slot});
        }
    }
    return ranges;
}

}  // namespace

std::vector<SlotRange> SlotMap::assign(const std::vector<Assignment>& assigned) {
    const std::array<Primary*, kSlotCount> before = primaries_;
    for (const Assignment& assignment : assigned) {
        for (unsigned slot = assignment.range.first; slot <= assignment.range.last; ++slot) {
            primaries_[slot] = assignment.primary;
        }
    }
    return ranges_where(
        [&](Slot slot) { return before[slot] != nullptr && before[slot] != primaries_[slot]; });
}

void SlotMap::append_unserved(const SlotRange& range, std::vector<SlotRange>& into) const {
    const auto found = ranges_where([&](Slot slot) {
        return slot >= range.first && slot <= range.last && primaries_[slot] == nullptr;
    });
    into.insert(into.end(), found.begin(), found.end());
}

std::vector<SlotRange> SlotMap::slots_of(const Primary* primary) const {
    return ranges_where([&](Slot slot) { return primaries_[slot] == primary; });
}

}  // namespace fermata::redis

#include "redis/slot_watch.h"

#include <algorithm>
#include <utility>

namespace fermata::redis {
namespace {

constexpr std::chrono::seconds kPatience{2};
// Between rounds, while a slot is torn.
constexpr std::chrono::milliseconds kPause{500};

}  // namespace

void SlotWatch::doubt(const std::vector<SlotRange>& ranges) {
    for (const SlotRange& range : ranges) {
        for (unsigned slot = range.first; slot <= range.last; ++slot) {
            due_[slot] = round_ + 1;
        }
    }
    next_at_ = Time();
}

Slot SlotWatch::first_torn() const {
    return static_cast<Slot>(torn_._Find_first());
}

void SlotWatch::begin_round(Time now) {
    ++round_;
    is_asking_ = true;
    begun_at_ = now;
    slots_ = wanted_;
    asked_.clear();
}

std::optional<unsigned> SlotWatch::ask(const Address& primary, Time now) {
    if (!is_asking_) {
        if (wanted_.empty() || now < next_at_) {
            return std::nullopt;
        }
        begin_round(now);
    }
    const auto [place, is_new] = asked_.try_emplace(primary);
    return is_new || std::exchange(place->second.is_lost, false) ? std::optional(round_)
                                                                 : std::nullopt;
}

void SlotWatch::answered(unsigned round, const Address& primary, Said said) {
    if (is_asking_ && round == round_) {
        asked_[primary].said = std::move(said);
    }
}

void SlotWatch::lost(unsigned round, const Address& primary) {
    if (is_asking_ && round == round_) {
        asked_[primary].is_lost = true;
    }
}

bool SlotWatch::is_over(const std::vector<Address>& primaries, Time now) const {
    const bool is_late = now - begun_at_ >= kPatience;
    return std::all_of(primaries.begin(), primaries.end(), [&](const Address& primary) {
        const auto found = asked_.find(primary);
        const bool is_away = found == asked_.end() || found->second.is_lost;
        return is_away ? is_late : found->second.said.has_value();
    });
}

const SlotWatch::Said* SlotWatch::said_by(const Address& primary) const {
    const auto found = asked_.find(primary);
    return found == asked_.end() || !found->second.said ? nullptr : &*found->second.said;
}

// A mark of a move may be gone while the keys that it left are being brought together.
bool SlotWatch::has_keys(const Said& said, Slot slot) const {
    const auto& importing = said.moving.importing;
    const bool counts = !said.serves_nothing || torn_[slot] ||
                        std::any_of(importing.begin(), importing.end(),
                                    [slot](const auto& mark) { return mark.slot == slot; });
    return counts && said.held.contains(slot);
}

SlotWatch::Verdict SlotWatch::judge(Slot slot, const Address* server) const {
    if (server == nullptr) {
        return Verdict::kOpen;
    }
    for (const auto& [primary, asked] : asked_) {
        if (!asked.said || primary == *server || !has_keys(*asked.said, slot)) {
            continue;
        }
        const Said* const of_server = said_by(*server);
        if (of_server == nullptr) {
            return Verdict::kOpen;  // perhaps it is moving them there
        }
        const MovingSlots::Mark mark{slot, asked.said->moving.id};
        const auto& leaving = of_server->moving.leaving;
        if (std::find(leaving.begin(), leaving.end(), mark) == leaving.end()) {
            return Verdict::kTorn;
        }
    }
    return Verdict::kWhole;
}

std::optional<SlotWatch::Found> SlotWatch::conclude(const std::vector<Address>& primaries,
                                                    const ServerOf& server_of, Time now) {
    if (!is_asking_ || !is_over(primaries, now)) {
        return std::nullopt;
    }
    is_asking_ = false;
    // Who has lost its place meanwhile has no say.
    std::erase_if(asked_, [&primaries](const auto& asked) {
        return std::find(primaries.begin(), primaries.end(), asked.first) == primaries.end();
    });
    Found found;
    bool is_settled = true;
    for (const Slot slot : slots_) {
        if (due_[slot] <= round_) {  // else it was doubted again meanwhile
            is_settled = settle(slot, judge(slot, server_of(slot)), found) && is_settled;
        }
    }
    next_at_ = is_settled ? Time() : now + kPause;
    return found;
}

// False: it must be looked at again.
bool SlotWatch::settle(Slot slot, Verdict verdict, Found& found) {
    if (verdict == Verdict::kWhole) {
        due_[slot] = kNone;
        torn_[slot] = false;
        wanted_.erase(slot);
        found.whole.push_back(slot);
        return true;
    }
    due_[slot] = round_ + 1;
    if (verdict == Verdict::kTorn && !torn_[slot]) {
        torn_[slot] = true;
        found.torn.push_back(slot);
    }
    return false;
}

}  // namespace fermata::redis

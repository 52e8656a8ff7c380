// SlotWatch: which slots are known to be whole.
//
// A primary that dies while one of its slots is being moved takes the knowledge of that with it:
// its replica serves the slot without the keys that had left, says of them that they do not exist,
// and takes writes in their place. So a slot that has another primary than before is doubted, and
// when something is wanted of it all primaries are asked what they hold of it. It is torn while one
// holds keys of it that does not serve it, unless the one that serves it is moving it there.
// docs/guide/redis.md says how to bring the keys together.
//
// Without IO: it says whom to ask for what and is told what they said. Whoever cannot be reached
// for two seconds is left out: another primary's failure must not stop this one's slots. Threads:
// one owner at a time.
#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "redis/address.h"
#include "redis/topology.h"

namespace fermata::redis {

class SlotWatch {
  public:
    using Time = std::chrono::steady_clock::time_point;
    // Whoever serves a slot; nullptr: nobody.
    using ServerOf = std::function<const Address*(Slot)>;
    // What a primary says of the slots that it was asked for.
    struct Said {
        MovingSlots moving;
        std::set<Slot> held;  // of which it has keys
        // A node that has just been added; or one that has lost its place, does not know yet, and
        // has old keys: only what it imports counts.
        bool serves_nothing = false;
    };
    // What a round of questions found out.
    struct Found {
        std::vector<Slot> whole;  // that were doubted
        std::vector<Slot> torn;   // that were not known to be
    };

    void doubt(const std::vector<SlotRange>& ranges);
    [[nodiscard]] bool is_whole(Slot slot) const { return due_[slot] == kNone; }
    [[nodiscard]] bool is_torn(Slot slot) const { return torn_[slot]; }
    [[nodiscard]] bool is_any_torn() const { return torn_.any(); }
    [[nodiscard]] Slot first_torn() const;

    // Something is wanted of a slot that is doubted.
    void want(Slot slot) { wanted_.insert(slot); }
    [[nodiscard]] bool is_any_wanted() const { return !wanted_.empty(); }

    // The number of the round in which this primary is to be asked about slots() now; nullopt: not
    // now, or it was asked.
    std::optional<unsigned> ask(const Address& primary, Time now);
    // Of the present round.
    [[nodiscard]] const std::set<Slot>& slots() const { return slots_; }
    void answered(unsigned round, const Address& primary, Said said);
    // There will be no answer; it may be asked again.
    void lost(unsigned round, const Address& primary);
    // Ends the round when all of these have answered or cannot be reached. Who serves nothing is
    // among them only while it can be.
    std::optional<Found> conclude(const std::vector<Address>& primaries, const ServerOf& server_of,
                                  Time now);

  private:
    static constexpr unsigned kNone = 0;
    enum class Verdict { kWhole, kTorn, kOpen };
    struct Asked {
        bool is_lost = false;
        std::optional<Said> said;
    };

    void begin_round(Time now);
    [[nodiscard]] bool is_over(const std::vector<Address>& primaries, Time now) const;
    [[nodiscard]] Verdict judge(Slot slot, const Address* server) const;
    [[nodiscard]] bool has_keys(const Said& said, Slot slot) const;
    [[nodiscard]] const Said* said_by(const Address& primary) const;
    bool settle(Slot slot, Verdict verdict, Found& found);

    // The round that may settle the doubt: one that began after it did.
    std::array<unsigned, kSlotCount> due_{};
    std::bitset<kSlotCount> torn_;
    std::set<Slot> wanted_;

    unsigned round_ = 0;
    bool is_asking_ = false;
    Time begun_at_;
    Time next_at_;
    std::set<Slot> slots_;            // of this round
    std::map<Address, Asked> asked_;  // in this round
};

}  // namespace fermata::redis

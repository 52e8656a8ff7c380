// FormatChoice: in which format of session records an instance writes, so that every instance of
// the cluster can read what is there. docs/internals/cluster.md has the argument.
//
// What an instance *tells* in its record is the newest format that there may be in the store. It
// tells before it *writes*:
//
//  - It tells a format when all others could read it in every read of the nodes throughout one
//    patience, and takes it back when that has not been so for as long. What it has written once it
//    tells for good.
//  - It writes a format when its own record tells it, and a read that was sent after that shows
//    that all others can read it and tell it as well.
//
// Who joins does the same the other way round: first its record, then a read; it is refused when
// somebody tells more than it can read. So one of the two sees the other.
//
// Threads: one owner at a time (Member).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "cluster/timing.h"

namespace fermata::cluster {

// What the records of all other instances say that may still be there.
struct OtherFormats {
    static constexpr std::uint32_t kAny = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t readable = kAny;  // by all of them
    std::uint32_t told_least = kAny;
    std::uint32_t told_most = 0;  // also by those that are gone: their records are not
};

class FormatChoice {
  public:
    struct Options {
        std::uint32_t oldest = 1;  // that can be written
        std::uint32_t newest = 1;  // that can be read and written
        std::uint32_t limit = 0;   // none that is newer is written; 0: no limit
        // Nobody else can use the store.
        bool sole = false;
    };
    FormatChoice(const Options& options, const Timing& timing);

    // A successful read of all nodes, sent and answered then.
    void see(Steady sent, Steady answered, const OtherFormats& others);
    // Before the first record: what is in the store already may be told at once.
    void join(const OtherFormats& others);
    // The own record with that format was accepted.
    void on_told(Steady now, std::uint32_t format);
    // The own record is in other hands.
    void begin_anew();

    [[nodiscard]] std::uint32_t told() const { return told_; }
    [[nodiscard]] std::uint32_t written() const;

  private:
    [[nodiscard]] std::uint32_t limit() const;
    [[nodiscard]] std::uint32_t readable_here(std::uint32_t by_others) const;
    void tell(std::uint32_t common);
    void write(Steady sent, std::uint32_t common, const OtherFormats& others);

    const Options options_;
    const Steady patience_;
    const Steady gap_max_;
    std::uint32_t told_;
    std::uint32_t written_;
    std::uint32_t written_most_;

    // In an unbroken row of reads since then, all could read just that.
    std::uint32_t common_ = 0;
    Steady common_since_{0};
    std::optional<Steady> last_answered_;

    // Accepted in the own record, with the format that it told since.
    std::uint32_t accepted_ = 0;
    Steady accepted_since_{0};
};

}  // namespace fermata::cluster

#include "cluster/format_choice.h"

#include <algorithm>

namespace fermata::cluster {

FormatChoice::FormatChoice(const Options& options, const Timing& timing)
    : options_(options),
      patience_(timing.patience()),
      gap_max_(timing.gap_max()),
      told_(options.sole ? limit() : options.oldest),
      written_(told_),
      written_most_(told_) {}

std::uint32_t FormatChoice::limit() const {
    return options_.limit == 0 ? options_.newest : readable_here(options_.limit);
}

// What this instance can write, and those can read that can read `by_others`.
std::uint32_t FormatChoice::readable_here(std::uint32_t by_others) const {
    return std::max(options_.oldest, std::min(by_others, options_.newest));
}

std::uint32_t FormatChoice::written() const {
    return std::min(written_, limit());
}

void FormatChoice::see(Steady sent, Steady answered, const OtherFormats& others) {
    if (options_.sole) {
        return;
    }
    const std::uint32_t common = readable_here(others.readable);
    const bool row_is_broken = !last_answered_ || answered - *last_answered_ > gap_max_;
    if (row_is_broken || common != common_) {
        common_ = common;
        common_since_ = answered;
    }
    last_answered_ = answered;
    if (sent - common_since_ >= patience_) {
        tell(common);
    }
    write(sent, common, others);
}

void FormatChoice::tell(std::uint32_t common) {
    if (common > told_) {
        told_ = std::max(told_, std::min(common, limit()));
    } else if (common < told_) {
        told_ = std::max(common, written_most_);
        accepted_ = 0;  // a record that tells more does not count any more
    }
}

void FormatChoice::write(Steady sent, std::uint32_t common, const OtherFormats& others) {
    const bool is_told = accepted_ != 0 && sent >= accepted_since_;
    if (common < written_) {
        written_ = common;
    } else if (is_told) {
        written_ = std::max(written_, std::min({common, told_, accepted_, others.told_least}));
        written_most_ = std::max(written_most_, written());
    }
}

void FormatChoice::join(const OtherFormats& others) {
    if (!options_.sole) {
        told_ = std::max(told_, std::min(others.told_most, readable_here(others.readable)));
    }
}

void FormatChoice::on_told(Steady now, std::uint32_t format) {
    if (accepted_ != format) {
        accepted_ = format;
        accepted_since_ = now;
    }
}

void FormatChoice::begin_anew() {
    if (!options_.sole) {
        accepted_ = 0;
        written_ = options_.oldest;
    }
}

}  // namespace fermata::cluster

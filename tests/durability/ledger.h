// Ledger: what is known of the numbers that were sent to one list of one session. The model of
// "exactly once".
//
// A number whose request was acknowledged must be in the list once; one whose request broke off may
// be there once or not at all; others must not be there. Threads: one owner at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fermata::durability {

using Number = std::int64_t;

enum class Known : std::uint8_t { kAcknowledged, kUnknown };

class Ledger {
  public:
    void note(Number number, Known known) { numbers_[number] = known; }
    [[nodiscard]] std::size_t size() const { return numbers_.size(); }

    // What is wrong with a list that should hold these numbers; empty when nothing is.
    [[nodiscard]] std::string problem(const std::vector<Number>& list) const;

  private:
    std::map<Number, Known> numbers_;
};

// "17 twice", or empty.
std::string repeated_problem(const std::vector<Number>& list);

}  // namespace fermata::durability

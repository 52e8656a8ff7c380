#include "ledger.h"

#include <set>

namespace fermata::durability {

std::string repeated_problem(const std::vector<Number>& list) {
    std::set<Number> seen;
    for (const Number number : list) {
        if (!seen.insert(number).second) {
            return std::to_string(number) + " is there twice";
        }
    }
    return {};
}

std::string Ledger::problem(const std::vector<Number>& list) const {
    if (std::string repeated = repeated_problem(list); !repeated.empty()) {
        return repeated;
    }
    const std::set<Number> there(list.begin(), list.end());
    for (const Number number : there) {
        if (!numbers_.contains(number)) {
            return std::to_string(number) + " was never sent";
        }
    }
    for (const auto& [number, known] : numbers_) {
        if (known == Known::kAcknowledged && !there.contains(number)) {
            return std::to_string(number) + " was acknowledged and is not there";
        }
    }
    return {};
}

}  // namespace fermata::durability

#include "scxml/session_state.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "scxml/chart_tables.h"

namespace fermata::scxml {

StateSet::StateSet(StateIndex states) : count_(std::max<std::uint32_t>(1, (states + 63) / 64)) {
    if (count_ > 1) {
        heap_ = new std::uint64_t[count_]();
    }
}

StateSet::StateSet(const StateSet& other) : count_(other.count_) {
    if (count_ > 1) {
        heap_ = new std::uint64_t[count_];
    }
    std::copy_n(other.words(), count_, words());
}

StateSet::StateSet(StateSet&& other) noexcept : count_(std::exchange(other.count_, 1)) {
    if (count_ > 1) {
        heap_ = other.heap_;
    } else {
        inline_ = other.inline_;
    }
    other.inline_ = 0;
}

StateSet& StateSet::operator=(const StateSet& other) {
    if (this != &other) {
        *this = StateSet(other);
    }
    return *this;
}

StateSet& StateSet::operator=(StateSet&& other) noexcept {
    if (this != &other) {
        if (count_ > 1) {
            delete[] heap_;
        }
        count_ = std::exchange(other.count_, 1);
        if (count_ > 1) {
            heap_ = other.heap_;
        } else {
            inline_ = other.inline_;
        }
        other.inline_ = 0;
    }
    return *this;
}

StateSet::~StateSet() {
    if (count_ > 1) {
        delete[] heap_;
    }
}

void StateSet::clear() {
    std::fill_n(words(), count_, 0);
}

bool StateSet::empty() const {
    return std::all_of(words(), words() + count_, [](std::uint64_t word) { return word == 0; });
}

bool StateSet::operator==(const StateSet& other) const {
    return count_ == other.count_ && std::equal(words(), words() + count_, other.words());
}

std::vector<StateIndex> SessionState::active() const {
    std::vector<StateIndex> states;
    for (std::uint32_t word = 0; word < configuration.word_count(); ++word) {
        std::uint64_t bits = configuration.words()[word];
        while (bits != 0) {
            states.push_back(word * 64 + static_cast<StateIndex>(std::countr_zero(bits)));
            bits &= bits - 1;
        }
    }
    return states;
}

std::vector<std::string> SessionState::active_ids(const Chart& chart, bool atomic_only) const {
    std::vector<std::string> ids;
    for (const StateIndex state : active()) {
        const StateKind kind = chart.states()[state].kind;
        if (!atomic_only || kind == StateKind::kAtomic || kind == StateKind::kFinal) {
            ids.push_back(chart.states()[state].id);
        }
    }
    return ids;
}

}  // namespace fermata::scxml

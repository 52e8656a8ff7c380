#include "engine/session_index.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "base/check.h"

namespace fermata::engine {

namespace {

constexpr std::size_t kCapacityMin = 16;
constexpr unsigned kPresenceShift = 56;

std::uint64_t mix(std::uint64_t word) {
    word = (word ^ (word >> 32U)) * 0xd6e8feb86659fd93U;
    return word ^ (word >> 32U);
}

}  // namespace

SessionIndex::SessionIndex(std::uint64_t seed) : seed_(seed) {}

IndexEntry SessionIndex::Cell::entry() const {
    const auto presence = static_cast<std::uint8_t>((packed >> kPresenceShift) - 1);
    return {static_cast<Presence>(presence), created_s, packed & (kSlotEnd - 1)};
}

void SessionIndex::Cell::set(const IndexEntry& entry) {
    FERMATA_CHECK(entry.slot < kSlotEnd);
    const std::uint64_t presence = static_cast<std::uint64_t>(entry.presence) + 1;
    packed = presence << kPresenceShift | entry.slot;
    created_s = entry.created_s;
}

bool SessionIndex::insert(const SessionId& session, const IndexEntry& entry) {
    if (find(session)) {
        return false;
    }
    // Filled to 7/8 at most and enlarged by half: never less than 7/12 full after growing, which is
    // 55 bytes a session (doubling would be 73).
    const bool full = (size_ + 1) * 8 > capacity_ * 7;
    const std::unique_lock lock(mutex_);
    if (full) {
        resize(capacity_ == 0 ? kCapacityMin : capacity_ + capacity_ / 2);
    }
    Cell& cell = cells_[find_cell(session)];
    cell.session = session.bytes();
    cell.set(entry);
    ++size_;
    return true;
}

std::optional<IndexEntry> SessionIndex::find(const SessionId& session) const {
    if (size_ == 0) {
        return std::nullopt;
    }
    const Cell& cell = cells_[find_cell(session)];
    return cell.used() ? std::optional<IndexEntry>(cell.entry()) : std::nullopt;
}

bool SessionIndex::update(const SessionId& session, const IndexEntry& entry) {
    if (size_ == 0) {
        return false;
    }
    Cell& cell = cells_[find_cell(session)];
    if (!cell.used()) {
        return false;
    }
    const std::unique_lock lock(mutex_);
    cell.set(entry);
    return true;
}

bool SessionIndex::erase(const SessionId& session) {
    if (size_ == 0 || !cells_[find_cell(session)].used()) {
        return false;
    }
    const std::unique_lock lock(mutex_);
    // Closes the gap by moving later entries of the same probe sequence back (Knuth 6.4, R).
    std::size_t gap = find_cell(session);
    for (std::size_t at = next(gap); cells_[at].used(); at = next(at)) {
        const std::size_t from_home = (at + capacity_ - home(cells_[at].session)) % capacity_;
        const std::size_t from_gap = (at + capacity_ - gap) % capacity_;
        if (from_home >= from_gap) {
            cells_[gap] = cells_[at];
            gap = at;
        }
    }
    cells_[gap] = Cell{};
    --size_;
    // A third full: what is left then fits with room to grow.
    if (capacity_ > kCapacityMin && size_ * 3 < capacity_) {
        resize(std::max(kCapacityMin, size_ * 3 / 2 + 1));
    }
    return true;
}

std::size_t SessionIndex::memory_bytes() const {
    return sizeof *this + capacity_ * sizeof(Cell);
}

bool SessionIndex::contains(const SessionId& session) const {
    const std::shared_lock lock(mutex_);
    return size_ != 0 && cells_[find_cell(session)].used();
}

std::size_t SessionIndex::home(const std::array<std::uint8_t, SessionId::kBytes>& session) const {
    std::uint64_t hash = seed_;
    for (std::size_t at = 0; at < SessionId::kBytes; at += 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, session.data() + at, sizeof word);
        hash = mix(hash ^ word) + 0x9e3779b97f4a7c15U;
    }
    // The high half of hash * capacity is uniform in [0, capacity) without a division.
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::size_t>((static_cast<Wide>(mix(hash)) * capacity_) >> 64U);
}

std::size_t SessionIndex::find_cell(const SessionId& session) const {
    std::size_t slot = home(session.bytes());
    while (cells_[slot].used() && cells_[slot].session != session.bytes()) {
        slot = next(slot);
    }
    return slot;
}

void SessionIndex::resize(std::size_t capacity) {
    const std::unique_ptr<Cell[]> old = std::move(cells_);
    const std::size_t old_capacity = capacity_;
    cells_ = std::make_unique<Cell[]>(capacity);
    capacity_ = capacity;
    for (std::size_t at = 0; at < old_capacity; ++at) {
        if (old[at].used()) {
            cells_[find_cell(SessionId::from_bytes(old[at].session))] = old[at];
        }
    }
}

}  // namespace fermata::engine

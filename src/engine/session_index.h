// SessionIndex: all live sessions of one partition, in memory or not.
//
// A million idle sessions must fit one process, so what is left of a passivated session is one
// 32-byte entry in an open addressing table without further allocations: at most
// kBytesPerSessionMax with all unused room, measured by a test. Everything else of it is in the
// store; its timers are in the shard's TimerQueue.
//
// Threads: one owner (the shard's thread) for all methods but contains(), which any thread may call
// at any time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>

#include "base/session_id.h"

namespace fermata::engine {

enum class Presence : std::uint8_t {
    kActive,      // in memory; `slot` says where
    kPassivated,  // only in the store
    kScheduled,   // only in the store, and not started yet
};

struct IndexEntry {
    Presence presence = Presence::kPassivated;
    // Second of creation since 1970, for the bound on the age of sessions.
    std::uint32_t created_s = 0;
    // The owner's reference to the session in memory, below kSlotEnd (a pointer fits).
    std::uint64_t slot = 0;
    bool operator==(const IndexEntry&) const = default;
};

class SessionIndex {
  public:
    static constexpr std::uint64_t kSlotEnd = std::uint64_t{1} << 56U;
    static constexpr std::size_t kBytesPerSessionMax = 64;

    // The seed keeps clients, who may choose session ids, from choosing ids that collide.
    explicit SessionIndex(std::uint64_t seed);

    // false, and nothing changes, when the session is there already.
    bool insert(const SessionId& session, const IndexEntry& entry);
    [[nodiscard]] std::optional<IndexEntry> find(const SessionId& session) const;
    // false when the session is not there.
    bool update(const SessionId& session, const IndexEntry& entry);
    bool erase(const SessionId& session);
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t memory_bytes() const;

    // visit(SessionId, IndexEntry) for every session, in no order; `visit` must not change the
    // index.
    template <typename Visit>
    void for_each(Visit visit) const {
        for (std::size_t slot = 0; slot < capacity_; ++slot) {
            if (cells_[slot].used()) {
                visit(SessionId::from_bytes(cells_[slot].session), cells_[slot].entry());
            }
        }
    }

    // Is it there at this moment? Whoever asks from another thread must expect that the answer is
    // old when it arrives: good for refusing early (SCXML C.1: error.communication), not for
    // deciding. A short shared lock.
    [[nodiscard]] bool contains(const SessionId& session) const;

  private:
    struct Cell {
        std::uint64_t packed = 0;  // slot, and in the top byte presence + 1 (0: unused)
        std::uint32_t created_s = 0;
        std::array<std::uint8_t, SessionId::kBytes> session{};

        [[nodiscard]] bool used() const { return packed != 0; }
        [[nodiscard]] IndexEntry entry() const;
        void set(const IndexEntry& entry);
    };
    static_assert(sizeof(Cell) == 32);

    [[nodiscard]] std::size_t home(
        const std::array<std::uint8_t, SessionId::kBytes>& session) const;
    [[nodiscard]] std::size_t next(std::size_t slot) const {
        return slot + 1 == capacity_ ? 0 : slot + 1;
    }
    // Where the session is, or the unused cell that ends the search.
    [[nodiscard]] std::size_t find_cell(const SessionId& session) const;
    void resize(std::size_t capacity);

    const std::uint64_t seed_;
    // Taken by the owner for every change; the owner reads without it, since nobody else writes.
    mutable std::shared_mutex mutex_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    std::unique_ptr<Cell[]> cells_;
};

}  // namespace fermata::engine

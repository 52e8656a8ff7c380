// TimerQueue: the pending timers of one shard by due time.
//
// A million timers may wait at a time, so an entry is 32 bytes with the session's id in it: a timer
// of a session that is not in memory needs nothing else. A 4-ary heap in fixed chunks (growing
// never copies it), and beside it an open-addressing table of heap positions (4 bytes a slot), so
// that removing a timer frees its entry at once; marking it as dead instead would let a chart that
// sets and cancels timers in a circle fill the memory, or stop the shard while the dead are swept.
//
// add, remove and pop are O(log n). Threads: one owner at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/session_id.h"

namespace fermata::engine {

struct DueTimer {
    SessionId session;  // without the node hint
    std::uint64_t number = 0;
    UnixMillis due_ms = 0;
    bool operator==(const DueTimer&) const = default;
};

class TimerQueue {
  public:
    // Timer numbers count from small within one session; beyond this is a bug of ours.
    static constexpr std::uint64_t kNumberMax = 0xffff'ffffU;

    // The seed keeps clients, who may choose session ids, from choosing ids that collide in the
    // table.
    explicit TimerQueue(std::uint64_t seed);

    // false, and nothing changes, when this session's timer `number` is pending already.
    bool add(const SessionId& session, std::uint64_t number, UnixMillis due_ms);
    // false when it is not pending (any more).
    bool remove(const SessionId& session, std::uint64_t number);
    // Takes timers with due_ms <= now_ms out, by due time (then by session and number), and appends
    // at most `limit` of them to `due`. The limit paces a shard that wakes up late to many: call
    // again after a turn of other work.
    std::size_t pop_due(UnixMillis now_ms, std::size_t limit, std::vector<DueTimer>& due);

    [[nodiscard]] std::optional<UnixMillis> next_due() const;
    [[nodiscard]] std::size_t size() const { return size_; }
    // All memory held, table and unused room included.
    [[nodiscard]] std::size_t memory_bytes() const;

  private:
    struct Entry {
        UnixMillis due_ms;
        std::array<std::uint8_t, SessionId::kBytes> session;
        std::uint32_t number;
    };
    static_assert(sizeof(Entry) == 32);
    static constexpr std::size_t kChunkEntries = 1024;
    using Chunk = std::array<Entry, kChunkEntries>;
    static constexpr std::uint32_t kFree = ~std::uint32_t{0};

    [[nodiscard]] Entry& at(std::size_t position) {
        return (*chunks_[position / kChunkEntries])[position % kChunkEntries];
    }
    [[nodiscard]] const Entry& at(std::size_t position) const {
        return (*chunks_[position / kChunkEntries])[position % kChunkEntries];
    }
    static bool before(const Entry& left, const Entry& right);
    [[nodiscard]] std::size_t home_slot(const Entry& entry) const;
    // Where the table has the entry with this session and number; or the free slot that ends the
    // search.
    [[nodiscard]] std::size_t find_slot(const Entry& entry) const;
    void place(std::size_t position, const Entry& entry);
    void sift_up(std::size_t position, const Entry& entry);
    void sift_down(std::size_t position, const Entry& entry);
    void remove_at(std::size_t position);
    void free_slot(std::size_t slot);
    void resize_table(std::size_t slots);

    std::uint64_t seed_;
    std::size_t size_ = 0;
    std::vector<std::unique_ptr<Chunk>> chunks_;
    std::vector<std::uint32_t>
        table_;  // heap positions; kFree for none; the size is a power of two
};

}  // namespace fermata::engine

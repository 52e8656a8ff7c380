// StoredItems: which data items the store has of a session, and a hash of what it has, so that a
// commit writes only what changed.
//
// Sixteen bytes an item: most names are ids of the chart's <data>, so only their number is kept.
//
// Threads: the shard's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fermata::engine {

// Of fields as they are handed to the store; never stored itself.
inline std::uint64_t field_hash(std::string_view bytes) {
    return std::hash<std::string_view>{}(bytes);
}

class StoredItems {
  public:
    // `ids` are the <data> ids of the chart, the same at every call.
    using Ids = std::vector<std::string>;

    // Takes note of an item as it is now; true when the store has it differently, or not at all.
    // Items come in the same order each time, so the next one is nearly always the one looked for.
    bool note(const Ids& ids, std::string_view name, std::uint64_t hash);
    // Forgets the items that were not noted since the last call, and names them to `gone(name)`.
    void sweep(const Ids& ids, const std::function<void(std::string_view name)>& gone);
    // An item that the store has; not to be noted in this round.
    void restore(const Ids& ids, std::string_view name, std::uint64_t hash);
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    struct Item {
        std::uint64_t hash = 0;
        std::uint32_t name = 0;  // index into the ids, and behind them into others_
        bool noted = false;
    };
    static_assert(sizeof(Item) == 16);

    [[nodiscard]] std::string_view name_of(const Ids& ids, const Item& item) const;
    // Null when there is none of this name.
    [[nodiscard]] Item* find(const Ids& ids, std::string_view name);
    Item& add(const Ids& ids, std::string_view name);
    [[nodiscard]] std::uint32_t number_of(const Ids& ids, std::string_view name);

    // No vector: an idle session shall pay for its items and not for room.
    std::unique_ptr<Item[]> items_;
    // Names of variables that no <data> declares; empty where one ceased to be.
    std::unique_ptr<std::vector<std::string>> others_;
    std::uint32_t size_ = 0;
    std::uint32_t next_ = 0;  // where the next look-up begins
};

}  // namespace fermata::engine

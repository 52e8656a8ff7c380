// Draft: changes that are planned and not yet written, as seen on top of a medium.
//
// All writes of a group are planned into one draft, each seeing what the earlier ones planned.
// Threads: one owner at a time. The medium must outlive it.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/entries.h"
#include "store/keys.h"
#include "store/medium.h"

namespace fermata::store {

class Draft {
  public:
    explicit Draft(const Medium& medium) : medium_(medium) {}

    [[nodiscard]] Result<std::optional<std::string>> get(const std::string& key) const;
    // Keys that begin with `prefix`, in order.
    [[nodiscard]] Result<std::vector<std::string>> keys(const Key& prefix) const {
        return keys(prefix.bytes(), prefix.end(), std::numeric_limits<std::size_t>::max());
    }
    // The first `limit` keys with begin <= key < end, in order.
    [[nodiscard]] Result<std::vector<std::string>> keys(const std::string& begin,
                                                        const std::string& end,
                                                        std::size_t limit) const;
    // The entry as decode_entry() reads it; nothing when there is none.
    template <typename Entry>
    [[nodiscard]] Result<std::optional<Entry>> find(const Key& key) const {
        FERMATA_TRY_ASSIGN(const auto bytes, get(key.bytes()));
        if (!bytes) {
            return std::optional<Entry>();
        }
        Entry entry;
        FERMATA_TRY(decode_entry(*bytes, entry));
        return std::optional<Entry>(std::move(entry));
    }

    void put(const std::string& key, std::string value);
    void put(const Key& key, std::string value) { put(key.bytes(), std::move(value)); }
    void erase(const std::string& key);
    void erase(const Key& key) { erase(key.bytes()); }

    [[nodiscard]] const Changes& changes() const { return changes_; }
    // Of keys and values planned so far.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

  private:
    const Medium& medium_;
    Changes changes_;
    std::size_t bytes_ = 0;
};

}  // namespace fermata::store

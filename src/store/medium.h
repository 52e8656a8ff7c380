// Medium: an ordered map of bytes with atomic writes; what KeyedStore keeps its tables in.
//
// Threads: every method from any thread, one write() at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fermata::store {

// Keys to write; no value deletes the key.
using Changes = std::map<std::string, std::optional<std::string>>;

// Called for each entry of a scan; false ends it. The views are valid during the call only.
using Visit = std::function<bool(std::string_view key, std::string_view value)>;

enum class Direction : std::uint8_t { kForward, kBackward };

class Medium {
  public:
    Medium() = default;
    Medium(const Medium&) = delete;
    Medium& operator=(const Medium&) = delete;
    virtual ~Medium() = default;

    [[nodiscard]] virtual Result<std::optional<std::string>> get(std::string_view key) const = 0;
    // Entries with begin <= key < end.
    [[nodiscard]] virtual Result<void> scan(std::string_view begin, std::string_view end,
                                            Direction direction, const Visit& visit) const = 0;
    // All or nothing, and as durable as the medium can when it returns.
    virtual Result<void> write(const Changes& changes) = 0;
};

}  // namespace fermata::store

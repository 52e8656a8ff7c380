// Store writing: takes the pieces of another store (stored_records.h) and writes them as they are,
// with their numbers.
//
// The partitions are claimed, so whoever served them before is fenced.
// Threads: the caller's, which waits for the store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "app/stored_records.h"
#include "base/result.h"
#include "store/store.h"

namespace fermata::app {

struct WritingOptions {
    std::uint32_t node = 1;  // that claims
    bool dry_run = false;    // only find out whether the pieces are complete; write nothing
    // Called now and then, with the sessions written so far. May be empty.
    std::function<void(std::uint64_t sessions)> progress = {};
};

class StoreWriting {
  public:
    StoreWriting(store::Store& store, WritingOptions options);
    StoreWriting(const StoreWriting&) = delete;
    StoreWriting& operator=(const StoreWriting&) = delete;
    ~StoreWriting();

    // In the order in which read_store() gives them. kConflict: the store has a session of that id
    // in another version. kInvalidArgument: another partition count. kCorrupt: pieces are missing.
    Result<void> take(StoredPiece piece);

    // After StoreCounts was taken, and compared with what came: what was written.
    [[nodiscard]] const std::optional<StoreCounts>& finished() const;
    // Document names that are there with another version, and stay so.
    [[nodiscard]] const std::vector<std::string>& kept_names() const;

  private:
    class Writer;
    std::unique_ptr<Writer> writer_;
};

}  // namespace fermata::app

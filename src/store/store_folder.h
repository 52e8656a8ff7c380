// StoreFolder: makes sure that a folder is a store of ours before RocksDB touches it.
//
// The marker file FERMATA says so. It gets its name only when the database behind it is complete,
// so a creation that was cut short is simply begun again, and a folder with a marker is never
// started empty.
#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/session_id.h"

namespace fermata::store {

class StoreFolder {
  public:
    static constexpr std::string_view kMarkerName = "FERMATA";
    static constexpr int kFormatVersion = 1;

    // Creates the folder when it is missing. Refuses folders that hold other files, lack files of
    // their own, have another partition count or a newer format.
    static Result<StoreFolder> inspect(const std::filesystem::path& folder,
                                       Partition partition_count);

    // Of the store in a folder, as its marker says. kNotFound: there is none; kCorrupt.
    static Result<Partition> partition_count(const std::filesystem::path& folder);

    // The database does not exist yet, or its creation was cut short.
    [[nodiscard]] bool is_new() const { return is_new_; }
    // The database is complete: gives the marker its name, durably.
    Result<void> finish_creation();

  private:
    StoreFolder(std::filesystem::path folder, bool is_new)
        : folder_(std::move(folder)), is_new_(is_new) {}

    std::filesystem::path folder_;
    bool is_new_;
};

}  // namespace fermata::store

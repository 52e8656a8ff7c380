#include "store/store_folder.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace fermata::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnfinishedName = "FERMATA.new";

std::string marker_text(Partition partition_count) {
    return "fermata embedded store\nformat " + std::to_string(StoreFolder::kFormatVersion) +
           "\npartitions " + std::to_string(partition_count) + "\n";
}

Error unusable(const fs::path& path, std::string_view what, const std::string& why) {
    return {ErrorCode::kInvalidArgument,
            "cannot " + std::string(what) + " " + path.string() + ": " + why};
}

Result<void> sync_path(const fs::path& path, int flags) {
    const int file = ::open(path.c_str(), flags | O_CLOEXEC);
    const bool synced = file >= 0 && ::fsync(file) == 0;
    const int reason = errno;
    if (file >= 0) {
        ::close(file);
    }
    if (!synced) {
        return unusable(path, "sync", std::strerror(reason));
    }
    return {};
}

Result<void> write_unfinished_marker(const fs::path& folder, Partition partition_count) {
    const fs::path path = folder / kUnfinishedName;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << marker_text(partition_count);
    file.close();
    if (!file) {
        return unusable(path, "write", "is the folder writable, the disk full?");
    }
    return sync_path(path, O_RDONLY);
}

Result<Partition> read_marker(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string title;
    std::string format_word;
    std::string partitions_word;
    int format = 0;
    unsigned partitions = 0;
    std::getline(file, title);
    file >> format_word >> format >> partitions_word >> partitions;
    if (!file || title != "fermata embedded store" || format_word != "format" ||
        partitions_word != "partitions") {
        return Error(ErrorCode::kCorrupt, "the marker file " + path.string() + " is damaged");
    }
    if (format > StoreFolder::kFormatVersion) {
        return Error(ErrorCode::kInvalidArgument, path.string() + " says format " +
                                                      std::to_string(format) +
                                                      ", this version of Fermata reads up to " +
                                                      std::to_string(StoreFolder::kFormatVersion));
    }
    if (partitions == 0 || partitions > kPartitionsMax) {
        return Error(ErrorCode::kCorrupt, "the marker file " + path.string() + " is damaged");
    }
    return static_cast<Partition>(partitions);
}

Result<void> check_marker(const fs::path& path, Partition partition_count) {
    FERMATA_TRY_ASSIGN(const Partition partitions, read_marker(path));
    if (partitions != partition_count) {
        return Error(ErrorCode::kConflict, path.string() + " says " + std::to_string(partitions) +
                                               " partitions, the configuration " +
                                               std::to_string(partition_count) +
                                               "; the number is fixed when a store is first used");
    }
    return {};
}

// The database would start empty without them, whatever else is there.
Result<void> check_database_files(const fs::path& folder) {
    bool has_log = false;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        has_log = has_log || entry.path().extension() == ".log";
    }
    const bool has_current = fs::exists(folder / "CURRENT");
    if (!has_current || !has_log) {
        return Error(ErrorCode::kCorrupt,
                     folder.string() + " is marked as a store, but its " +
                         (has_current ? "write-ahead log (*.log)" : "file CURRENT") +
                         " is missing; restore the whole folder from a backup");
    }
    return {};
}

Result<void> check_empty(const fs::path& folder) {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        if (entry.path().filename() != "lost+found") {  // of a file system made for the store
            return Error(ErrorCode::kInvalidArgument, folder.string() +
                                                          " holds other files, such as " +
                                                          entry.path().filename().string() +
                                                          ", and no store; name an empty folder");
        }
    }
    return {};
}

Result<bool> inspect_files(const fs::path& folder, Partition partition_count) {
    fs::create_directories(folder);
    const fs::path marker = folder / StoreFolder::kMarkerName;
    if (fs::exists(marker)) {
        FERMATA_TRY(check_marker(marker, partition_count));
        FERMATA_TRY(check_database_files(folder));
        return false;
    }
    if (!fs::exists(folder / kUnfinishedName)) {
        FERMATA_TRY(check_empty(folder));
    }
    FERMATA_TRY(write_unfinished_marker(folder, partition_count));
    return true;
}

}  // namespace

Result<Partition> StoreFolder::partition_count(const fs::path& folder) {
    const fs::path marker = folder / kMarkerName;
    std::error_code problem;
    if (!fs::exists(marker, problem)) {
        return Error(ErrorCode::kNotFound, "there is no store in the folder " + folder.string());
    }
    return read_marker(marker);
}

Result<StoreFolder> StoreFolder::inspect(const fs::path& folder, Partition partition_count) {
    try {
        FERMATA_TRY_ASSIGN(const bool is_new, inspect_files(folder, partition_count));
        return StoreFolder(folder, is_new);
    } catch (const fs::filesystem_error& error) {
        return unusable(folder, "use", error.code().message());
    }
}

Result<void> StoreFolder::finish_creation() {
    std::error_code failure;
    fs::rename(folder_ / kUnfinishedName, folder_ / kMarkerName, failure);
    if (failure) {
        return unusable(folder_ / kMarkerName, "create", failure.message());
    }
    return sync_path(folder_, O_RDONLY | O_DIRECTORY);
}

}  // namespace fermata::store

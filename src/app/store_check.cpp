#include "app/store_check.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "app/bindings.h"
#include "app/cluster_rules.h"
#include "app/persistence_rules.h"
#include "app/redis_bindings.h"
#include "app/redis_check.h"
#include "store/store_folder.h"

namespace fermata::app {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTrials = 20;
constexpr double kSyncSlowMs = 50;
constexpr std::uintmax_t kSpaceLow = std::uintmax_t{1} << 30U;

// How long an fsync of a small write takes in the folder, in ms; negative: it cannot be done.
std::vector<double> sync_times(const std::filesystem::path& folder) {
    std::string name = (folder / "fermata-check-XXXXXX").string();
    const int file = ::mkstemp(name.data());
    if (file < 0) {
        return {};
    }
    ::unlink(name.c_str());
    std::vector<double> times;
    const std::array<char, 4096> bytes{};
    for (int trial = 0; trial < kTrials; ++trial) {
        const auto begin = Clock::now();
        if (::write(file, bytes.data(), bytes.size()) < 0 || ::fsync(file) != 0) {
            break;
        }
        times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    }
    ::close(file);
    std::sort(times.begin(), times.end());
    return times;
}

void check_speed(const std::filesystem::path& folder, CheckReport& report) {
    const std::vector<double> times = sync_times(folder);
    if (times.size() < kTrials) {
        report.add({Severity::kError, "", "disk", "the folder cannot be written to",
                    "give this user the right to write there, or another [persistence] folder"});
        return;
    }
    const double half = times[times.size() / 2];
    const std::string text = "an fsync takes " + std::to_string(half).substr(0, 5) +
                             " ms (half of " + std::to_string(kTrials) + ")";
    if (half > kSyncSlowMs) {
        report.add({Severity::kWarning, "", "disk", text, "use a faster disk, or a local one"});
    } else {
        report.add({Severity::kFine, "", "disk", text, ""});
    }
    std::error_code problem;
    const auto space = std::filesystem::space(folder, problem);
    if (!problem && space.available < kSpaceLow) {
        report.add({Severity::kWarning, "", "space",
                    std::to_string(space.available >> 20U) + " MiB are left on the disk",
                    "make room, or use another [persistence] folder"});
    }
}

void check_embedded(const Settings& settings, CheckReport& report) {
    store::EmbeddedOptions options = embedded_options(settings);
    const auto partitions = store::StoreFolder::partition_count(options.folder);
    std::filesystem::path folder = options.folder;
    if (!partitions && partitions.error().code() == ErrorCode::kNotFound) {
        report.add({Severity::kNote, "", "folder",
                    folder.string() + " holds no store yet; the server makes it", ""});
        while (!folder.empty() && !std::filesystem::exists(folder)) {
            folder = folder.parent_path();
        }
        check_speed(folder.empty() ? "." : folder, report);
        return;
    }
    const auto opened = store::EmbeddedStore::open(options);
    if (!opened) {
        report.add({Severity::kError, "", "folder", opened.error().message(),
                    opened.error().code() == ErrorCode::kConflict
                        ? "stop the server that uses it; or see [persistence] partitions"
                        : ""});
        return;
    }
    report.add({Severity::kFine, "", "folder",
                folder.string() + ", " + std::to_string(*partitions) + " partitions", ""});
    check_speed(folder, report);
}

}  // namespace

CheckReport check_store(const Settings& settings) {
    CheckReport report;
    const std::string& type = settings.text("persistence", "type");
    if (const auto checked = check_persistence(settings); !checked) {
        report.add({Severity::kError, "", "options", checked.error().message(), ""});
        return report;
    }
    if (const auto checked = check_cluster(settings); !checked) {
        report.add({Severity::kError, "", "options", checked.error().message(), ""});
        return report;
    }
    report.add({Severity::kFine, "", "options", "type=" + type, ""});
    for (const auto& warnings : {persistence_warnings(settings), cluster_warnings(settings)}) {
        for (const std::string& warning : warnings) {
            report.add({Severity::kWarning, "", "options", warning, ""});
        }
    }
    if (type == "memory") {
        report.add({Severity::kNote, "", "store", "sessions are lost when the server ends",
                    "type=embedded keeps them"});
    } else if (type == "embedded") {
        check_embedded(settings, report);
    } else if (const auto options = redis_store_options(settings); options) {
        RedisCheck(*options, report).run();
    }
    return report;
}

}  // namespace fermata::app

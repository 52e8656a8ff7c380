#include "app/settings_watch.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include <sys/stat.h>

#include "base/log.h"

namespace fermata::app {

namespace {

// Changes when the file does; "" when it is not there.
std::string mark_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return {};
    }
    return std::to_string(status.st_ino) + " " + std::to_string(status.st_size) + " " +
           std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

}  // namespace

std::vector<OptionChange> changed_options(const Settings& running, const Settings& read) {
    std::vector<OptionChange> changes;
    for (const Option& option : option_table()) {
        if (!running.is_same(option, read)) {
            changes.push_back({&option, running.shown(option), read.shown(option)});
        }
    }
    return changes;
}

SettingsWatch::SettingsWatch(SettingsSources sources, Settings running, Tell tell,
                             std::chrono::milliseconds interval)
    : sources_(std::move(sources)),
      running_(std::move(running)),
      tell_(std::move(tell)),
      interval_(interval),
      seen_(mark_of(sources_.file)) {
    if (!sources_.file.empty()) {
        thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
    }
}

void SettingsWatch::watch(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    while (!stopped.wait_for(lock, stop, interval_, [&] { return stop.stop_requested(); })) {
        std::string mark = mark_of(sources_.file);
        if (mark == std::exchange(seen_, mark)) {
            continue;
        }
        const Result<Settings> read = Settings::load(sources_);
        if (read) {
            tell_(changed_options(running_, *read));
        } else {
            tell_(read.error());
        }
    }
}

void log_changes(const Result<std::vector<OptionChange>>& changes) {
    if (!changes) {
        log::error("the configuration file cannot be used any more: the next start will fail",
                   {{"reason", changes.error().message()}});
        return;
    }
    if (changes->empty()) {
        log::info("the configuration file was touched: it says what runs");
    }
    for (const OptionChange& change : *changes) {
        log::warning(
            "an option changed in the configuration file: it takes effect at the next "
            "start",
            {{"option", full_name(*change.option)},
             {"running", change.running},
             {"next", change.in_file}});
    }
}

}  // namespace fermata::app

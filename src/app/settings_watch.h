// SettingsWatch: looks at the configuration file of a running server. Options take effect at the
// next start; whoever edits the file is told so, or that the next start would fail.
//
// It looks once an interval at time, size and inode (also behind symbolic links, as container
// platforms exchange files), which works on every file system.
// Threads: one of its own, on which `tell` is called; the destructor waits for it.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "app/settings.h"
#include "base/result.h"

namespace fermata::app {

struct OptionChange {
    const Option* option = nullptr;
    std::string running;  // as Settings::shown()
    std::string in_file;  // the same, as the next start would have it
};

// What differs between the settings that run and those that were read; by the table's order.
std::vector<OptionChange> changed_options(const Settings& running, const Settings& read);

class SettingsWatch {
  public:
    // The options that differ from what runs (none: they are as they were again), or why the file
    // cannot be used.
    using Tell = std::function<void(Result<std::vector<OptionChange>>)>;

    // Without a file it does nothing.
    SettingsWatch(SettingsSources sources, Settings running, Tell tell,
                  std::chrono::milliseconds interval = std::chrono::seconds(1));
    SettingsWatch(const SettingsWatch&) = delete;
    SettingsWatch& operator=(const SettingsWatch&) = delete;
    ~SettingsWatch() = default;

  private:
    void watch(const std::stop_token& stop);

    const SettingsSources sources_;
    const Settings running_;
    const Tell tell_;
    const std::chrono::milliseconds interval_;
    std::string seen_;
    std::jthread thread_;
};

// For Tell: lines in the log.
void log_changes(const Result<std::vector<OptionChange>>& changes);

}  // namespace fermata::app

// Settings: the value of every option, and where it comes from.
//
// Precedence: command line, environment, file, default. Everything is checked while loading, so
// that the getters cannot fail: they abort on a name that is not in the table or is of another type
// (a bug of ours). Threads: immutable once loaded.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "app/option.h"
#include "base/result.h"

namespace fermata::app {

struct SettingsSources {
    std::string file;  // path of a TOML file; empty: none
    // NAME=value pairs; those of other programs are skipped.
    std::vector<std::pair<std::string, std::string>> environment;
    // "section.option=value", without the two dashes.
    std::vector<std::string> arguments;
};

// The environment of this process.
std::vector<std::pair<std::string, std::string>> process_environment();

class Settings {
  public:
    // All defaults.
    Settings();

    // Messages name the place: "fermata.toml:12: …", "FERMATA_HTTP_PORT: …", "--http.port: …".
    static Result<Settings> load(const SettingsSources& sources);

    [[nodiscard]] const std::string& text(std::string_view section, std::string_view name) const;
    [[nodiscard]] bool boolean(std::string_view section, std::string_view name) const;
    // Integers and sizes in bytes.
    [[nodiscard]] std::int64_t integer(std::string_view section, std::string_view name) const;
    [[nodiscard]] std::chrono::milliseconds duration(std::string_view section,
                                                     std::string_view name) const;
    [[nodiscard]] const std::vector<std::string>& list(std::string_view section,
                                                       std::string_view name) const;

    // As it could be written in the file; "(secret)" for a secret that is set.
    [[nodiscard]] std::string shown(const Option& option) const;
    // Of one value, also of a secret.
    [[nodiscard]] bool is_same(const Option& option, const Settings& other) const;
    // "default", or the place it was set at.
    [[nodiscard]] const std::string& origin(const Option& option) const;

  private:
    using Parsed = std::variant<std::string, bool, std::int64_t, std::vector<std::string>>;
    struct Entry {
        Parsed parsed;
        std::string written;
        std::string origin = "default";
    };

    Result<void> read_file(const std::string& path);
    Result<void> read_environment(const SettingsSources& sources);
    Result<void> read_arguments(const SettingsSources& sources);
    Result<void> assign(std::string_view section, std::string_view name, const std::string& written,
                        const std::string& origin);
    static Result<Parsed> parse(const Option& option, const std::string& written);
    [[nodiscard]] const Entry& entry(std::string_view section, std::string_view name) const;

    std::vector<Entry> entries_;  // in the order of the table
};

}  // namespace fermata::app

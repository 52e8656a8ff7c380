// Option: one row of the table of everything that can be configured.
//
// The table drives the configuration file, the environment, the command line, `fermata options`,
// and the check that docs/reference/configuration.md is complete. Nothing reads a setting that is
// not in it.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace fermata::app {

enum class OptionType : std::uint8_t {
    kText,
    kChoice,   // one of Option::choices
    kBoolean,  // true or false
    kInteger,
    kMilliseconds,  // a number of milliseconds, or "10s", "5m", "2h", "90d", "250ms"
    kSeconds,       // as above, but a bare number counts seconds (ORS's max-session-age)
    kBytes,         // a number of bytes, or "64KiB", "8MiB", "1GiB"
    kList,          // texts: an array in the file, separated by ";" elsewhere, as ORS writes lists
};

// "text", "choice", "boolean", "integer", "duration (ms)", "duration (s)", "size", "list"
std::string_view to_string(OptionType type);

// Whose name it is: ORS's, or one that Fermata added.
enum class Heritage : std::uint8_t { kOrs, kOurs };

struct Option {
    std::string_view section;
    std::string_view name;
    OptionType type = OptionType::kText;
    std::string_view initial;  // the default, written as in a file
    std::string_view meaning;  // one sentence, lower case
    Heritage heritage = Heritage::kOurs;
    std::int64_t min = 0;  // of numbers, durations and sizes, in their unit
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
    std::string_view choices = {};  // "embedded|memory"
    bool secret = false;            // never printed, not even in messages
    bool needs_restart = true;
};

std::span<const Option> option_table();

// nullptr when there is none.
const Option* find_option(std::string_view section, std::string_view name);

// "section.name"
std::string full_name(const Option& option);
// "FERMATA_SECTION_NAME", dashes as underscores
std::string environment_name(const Option& option);

// The known name that `text` most likely meant, or "" when nothing is near.
std::string nearest_option(std::string_view text);

}  // namespace fermata::app

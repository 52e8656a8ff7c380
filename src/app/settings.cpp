#include "app/settings.h"

#include <algorithm>
#include <charconv>

#include <unistd.h>

#include "app/amount.h"
#include "base/check.h"

namespace fermata::app {

namespace {

constexpr char kListSeparator = ';';
constexpr std::string_view kEnvironmentPrefix = "FERMATA_";

Error wrong(std::string message) {
    return {ErrorCode::kInvalidArgument, std::move(message)};
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> items;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(kListSeparator), text.size());
        std::string_view item = text.substr(0, end);
        while (!item.empty() && item.front() == ' ') {
            item.remove_prefix(1);
        }
        while (!item.empty() && item.back() == ' ') {
            item.remove_suffix(1);
        }
        if (!item.empty()) {
            items.emplace_back(item);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return items;
}

Result<std::int64_t> parse_integer(const std::string& written) {
    std::int64_t number = 0;
    const char* end = written.data() + written.size();
    const auto [rest, problem] = std::from_chars(written.data(), end, number);
    if (problem != std::errc() || rest != end) {
        return wrong("'" + written + "' is not a whole number");
    }
    return number;
}

// Bounds count in the option's own unit.
Result<std::int64_t> within(const Option& option, std::int64_t number) {
    if (number < option.min || number > option.max) {
        return wrong(std::to_string(number) + " is outside of " + std::to_string(option.min) +
                     " to " + std::to_string(option.max));
    }
    return number;
}

Result<std::int64_t> parse_number(const Option& option, const std::string& written) {
    switch (option.type) {
        case OptionType::kMilliseconds: {
            FERMATA_TRY_ASSIGN(const auto duration, parse_duration(written));
            return within(option, duration.count());
        }
        case OptionType::kSeconds: {
            FERMATA_TRY_ASSIGN(const auto duration, parse_duration(written, 1000));
            FERMATA_TRY(within(option, duration.count() / 1000));
            return duration.count();
        }
        case OptionType::kBytes: {
            FERMATA_TRY_ASSIGN(const std::int64_t size, parse_size(written));
            return within(option, size);
        }
        default: {
            FERMATA_TRY_ASSIGN(const std::int64_t number, parse_integer(written));
            return within(option, number);
        }
    }
}

bool is_choice(std::string_view choices, std::string_view text) {
    const std::string padded = "|" + std::string(choices) + "|";
    return !text.empty() && padded.find("|" + std::string(text) + "|") != std::string::npos;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> process_environment() {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (char** line = environ; line != nullptr && *line != nullptr; ++line) {
        const std::string_view text = *line;
        const std::size_t equals = text.find('=');
        if (text.starts_with(kEnvironmentPrefix) && equals != std::string_view::npos) {
            pairs.emplace_back(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return pairs;
}

Settings::Settings() {
    for (const Option& option : option_table()) {
        Result<Parsed> parsed = parse(option, std::string(option.initial));
        FERMATA_CHECK(parsed.has_value());
        entries_.push_back(Entry{std::move(*parsed), std::string(option.initial)});
    }
}

Result<Settings> Settings::load(const SettingsSources& sources) {
    Settings settings;
    if (!sources.file.empty()) {
        FERMATA_TRY(settings.read_file(sources.file));
    }
    FERMATA_TRY(settings.read_environment(sources));
    FERMATA_TRY(settings.read_arguments(sources));
    return settings;
}

Result<void> Settings::read_environment(const SettingsSources& sources) {
    for (const auto& [name, value] : sources.environment) {
        const auto table = option_table();
        const auto option =
            std::find_if(table.begin(), table.end(), [&variable = name](const Option& candidate) {
                return environment_name(candidate) == variable;
            });
        if (option != table.end()) {
            FERMATA_TRY(assign(option->section, option->name, value, name));
            continue;
        }
        // FERMATA_… of other meaning (such as a build's own variables) is nobody's mistake, but
        // what names a section of ours is.
        for (const Option& candidate : table) {
            const std::string variable = environment_name(candidate);
            const std::string prefix =
                variable.substr(0, kEnvironmentPrefix.size() + candidate.section.size() + 1);
            if (name.starts_with(prefix)) {
                return wrong(name + ": there is no such option in section [" +
                             std::string(candidate.section) + "]");
            }
        }
    }
    return {};
}

Result<void> Settings::read_arguments(const SettingsSources& sources) {
    for (const std::string& argument : sources.arguments) {
        const std::size_t equals = argument.find('=');
        if (equals == std::string::npos) {
            return wrong("--" + argument + ": a value is missing: --section.option=value");
        }
        const std::string name = argument.substr(0, equals);
        const std::size_t dot = name.find('.');
        FERMATA_TRY(assign(name.substr(0, dot),
                           dot == std::string::npos ? "" : name.substr(dot + 1),
                           argument.substr(equals + 1), "--" + name));
    }
    return {};
}

Result<void> Settings::assign(std::string_view section, std::string_view name,
                              const std::string& written, const std::string& origin) {
    const Option* option = find_option(section, name);
    if (option == nullptr) {
        const std::string full =
            std::string(section) + (name.empty() ? "" : "." + std::string(name));
        const std::string nearest = nearest_option(full);
        return wrong(origin + ": there is no option " + full +
                     (nearest.empty() ? "; `fermata options` lists them"
                                      : "; did you mean " + nearest + "?"));
    }
    Result<Parsed> parsed = parse(*option, written);
    if (!parsed) {
        return wrong(origin + ": " + full_name(*option) + ": " +
                     (option->secret ? "the value cannot be used" : parsed.error().message()));
    }
    const auto index = static_cast<std::size_t>(option - option_table().data());
    entries_[index] = Entry{std::move(*parsed), written, origin};
    return {};
}

Result<Settings::Parsed> Settings::parse(const Option& option, const std::string& written) {
    switch (option.type) {
        case OptionType::kText:
            return Parsed(written);
        case OptionType::kChoice:
            if (!is_choice(option.choices, written)) {
                return wrong("'" + written + "' is none of " + std::string(option.choices));
            }
            return Parsed(written);
        case OptionType::kBoolean:
            if (written != "true" && written != "false") {
                return wrong("'" + written + "' is neither true nor false");
            }
            return Parsed(written == "true");
        case OptionType::kList:
            return Parsed(split_list(written));
        default: {
            FERMATA_TRY_ASSIGN(const std::int64_t number, parse_number(option, written));
            return Parsed(number);
        }
    }
}

const Settings::Entry& Settings::entry(std::string_view section, std::string_view name) const {
    const Option* option = find_option(section, name);
    FERMATA_CHECK(option != nullptr);
    return entries_[static_cast<std::size_t>(option - option_table().data())];
}

const std::string& Settings::text(std::string_view section, std::string_view name) const {
    const auto* value = std::get_if<std::string>(&entry(section, name).parsed);
    FERMATA_CHECK(value != nullptr);
    return *value;
}

bool Settings::boolean(std::string_view section, std::string_view name) const {
    const auto* value = std::get_if<bool>(&entry(section, name).parsed);
    FERMATA_CHECK(value != nullptr);
    return *value;
}

std::int64_t Settings::integer(std::string_view section, std::string_view name) const {
    const auto* value = std::get_if<std::int64_t>(&entry(section, name).parsed);
    FERMATA_CHECK(value != nullptr);
    return *value;
}

std::chrono::milliseconds Settings::duration(std::string_view section,
                                             std::string_view name) const {
    return std::chrono::milliseconds(integer(section, name));
}

const std::vector<std::string>& Settings::list(std::string_view section,
                                               std::string_view name) const {
    const auto* value = std::get_if<std::vector<std::string>>(&entry(section, name).parsed);
    FERMATA_CHECK(value != nullptr);
    return *value;
}

std::string Settings::shown(const Option& option) const {
    const std::string& written = entry(option.section, option.name).written;
    return option.secret && !written.empty() ? "(secret)" : written;
}

bool Settings::is_same(const Option& option, const Settings& other) const {
    return entry(option.section, option.name).parsed ==
           other.entry(option.section, option.name).parsed;
}

const std::string& Settings::origin(const Option& option) const {
    return entry(option.section, option.name).origin;
}

}  // namespace fermata::app

#include "app/options_listing.h"

#include <algorithm>
#include <functional>

namespace fermata::app {

namespace {

// Calls `begin` at each new section and `each` for every option.
void for_each_option(const std::function<void(std::string_view section)>& begin,
                     const std::function<void(const Option&)>& each) {
    std::string_view section;
    for (const Option& option : option_table()) {
        if (option.section != section) {
            section = option.section;
            begin(section);
        }
        each(option);
    }
}

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(text.size() + 1, width), ' ');
    return text;
}

std::string in_quotes(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

std::string toml_value(const Option& option, const std::string& written) {
    const bool number =
        !written.empty() && written.find_first_not_of("0123456789") == std::string::npos;
    if (option.type == OptionType::kBoolean || (number && option.type != OptionType::kText)) {
        return written;
    }
    if (option.type != OptionType::kList) {
        return in_quotes(written);
    }
    std::string array = "[";
    for (std::size_t start = 0; start < written.size();) {
        const std::size_t end = std::min(written.find(';', start), written.size());
        array += (start == 0 ? "" : ", ") + in_quotes(written.substr(start, end - start));
        start = end + 1;
    }
    return array + "]";
}

std::string type_text(const Option& option) {
    if (option.type != OptionType::kChoice) {
        return std::string(to_string(option.type));
    }
    std::string choices;
    for (const char letter : option.choices) {
        choices += letter == '|' ? std::string(" or ") : std::string(1, letter);
    }
    return choices;
}

}  // namespace

std::string list_options(const Settings& settings) {
    constexpr std::size_t kNameWidth = 42;
    constexpr std::size_t kValueWidth = 16;
    std::string text;
    for_each_option([&](std::string_view section) { text += "\n[" + std::string(section) + "]\n"; },
                    [&](const Option& option) {
                        const std::string& origin = settings.origin(option);
                        text += "  " + padded("--" + full_name(option), kNameWidth) +
                                padded(settings.shown(option), kValueWidth) +
                                std::string(option.meaning);
                        text += origin == "default" ? "\n" : " (from " + origin + ")\n";
                    });
    return text;
}

std::string markdown_row(const Option& option) {
    const std::string initial =
        option.initial.empty() ? "" : "`" + std::string(option.initial) + "`";
    return "| `" + std::string(option.name) + "` | " + type_text(option) + " | " + initial + " | " +
           std::string(option.meaning) + " | " +
           (option.heritage == Heritage::kOrs ? "ORS" : "ours") + " | " +
           (option.needs_restart ? "restart" : "running") + " |";
}

std::string options_markdown() {
    std::string text;
    for_each_option(
        [&](std::string_view section) {
            text += "\n## `[" + std::string(section) + "]`\n\n";
            text += "| option | type | default | meaning | name | a change applies |\n";
            text += "| --- | --- | --- | --- | --- | --- |\n";
        },
        [&](const Option& option) { text += markdown_row(option) + "\n"; });
    return text;
}

std::string options_toml(const Settings& settings) {
    std::string text;
    for_each_option([&](std::string_view section) { text += "\n[" + std::string(section) + "]\n"; },
                    [&](const Option& option) {
                        text += "# " + std::string(option.meaning) + "\n# " +
                                std::string(option.name) + " = " +
                                toml_value(option, settings.shown(option)) + "\n";
                    });
    return text;
}

}  // namespace fermata::app

#include "app/option.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <vector>

namespace fermata::app {

namespace {

// Levenshtein's distance: insertions, deletions and replacements between two names.
std::size_t distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> row(right.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= left.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

}  // namespace

std::string_view to_string(OptionType type) {
    switch (type) {
        case OptionType::kText:
            return "text";
        case OptionType::kChoice:
            return "choice";
        case OptionType::kBoolean:
            return "boolean";
        case OptionType::kInteger:
            return "integer";
        case OptionType::kMilliseconds:
            return "duration (ms)";
        case OptionType::kSeconds:
            return "duration (s)";
        case OptionType::kBytes:
            return "size";
        case OptionType::kList:
            return "list";
    }
    return "unknown";
}

const Option* find_option(std::string_view section, std::string_view name) {
    const std::span<const Option> table = option_table();
    const auto found = std::find_if(table.begin(), table.end(), [&](const Option& option) {
        return option.section == section && option.name == name;
    });
    return found == table.end() ? nullptr : &*found;
}

std::string full_name(const Option& option) {
    return std::string(option.section) + "." + std::string(option.name);
}

std::string environment_name(const Option& option) {
    std::string name = "FERMATA_" + full_name(option);
    for (char& letter : name) {
        const bool separator = letter == '-' || letter == '.';
        letter =
            separator ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    }
    return name;
}

std::string nearest_option(std::string_view text) {
    // A right name in the wrong section is the most common mistake.
    const std::size_t dot = text.find('.');
    const std::string_view name = dot == std::string_view::npos ? text : text.substr(dot + 1);
    std::string nearest;
    std::size_t best = std::max<std::size_t>(2, text.size() / 4) + 1;
    for (const Option& option : option_table()) {
        const std::string candidate = full_name(option);
        const std::size_t away = option.name == name ? 0 : distance(text, candidate);
        if (away < best) {
            best = away;
            nearest = candidate;
        }
    }
    return nearest;
}

}  // namespace fermata::app

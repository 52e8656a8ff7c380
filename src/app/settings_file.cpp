#include <fstream>
#include <sstream>

#include <toml++/toml.h>

#include "app/settings.h"

namespace fermata::app {

namespace {

Error at(const std::string& path, const toml::source_region& place, const std::string& message) {
    return {ErrorCode::kInvalidArgument,
            path + ":" + std::to_string(place.begin.line) + ": " + message};
}

// A value as it would be written on the command line.
Result<std::string> to_text(const toml::node& node) {
    if (const auto* text = node.as_string()) {
        return text->get();
    }
    if (const auto* number = node.as_integer()) {
        return std::to_string(number->get());
    }
    if (const auto* flag = node.as_boolean()) {
        return std::string(flag->get() ? "true" : "false");
    }
    const auto* array = node.as_array();
    if (array == nullptr) {
        return Error(ErrorCode::kInvalidArgument,
                     "a text, a whole number, true, false or an array of texts is expected");
    }
    std::string joined;
    for (const toml::node& item : *array) {
        const auto* text = item.as_string();
        if (text == nullptr || text->get().find(';') != std::string::npos) {
            return Error(ErrorCode::kInvalidArgument, "an array may hold texts only, without ';'");
        }
        joined += (joined.empty() ? "" : ";") + text->get();
    }
    return joined;
}

Result<toml::table> parse_toml(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    if (!file || !(text << file.rdbuf())) {
        // An empty file sets failbit on the target only; it is a fine configuration.
        if (!file.is_open()) {
            return Error(ErrorCode::kNotFound,
                         "the configuration file " + path + " cannot be read");
        }
    }
    try {
        return toml::parse(text.str(), path);
    } catch (const toml::parse_error& problem) {
        return at(path, problem.source(), std::string(problem.description()));
    }
}

}  // namespace

Result<void> Settings::read_file(const std::string& path) {
    FERMATA_TRY_ASSIGN(const toml::table document, parse_toml(path));
    for (const auto& [section, body] : document) {
        const std::string section_name(section.str());
        const toml::table* options = body.as_table();
        if (options == nullptr) {
            return at(path, body.source(), "'" + section_name + "' stands outside of a section");
        }
        for (const auto& [name, value] : *options) {
            const std::string place = path + ":" + std::to_string(value.source().begin.line);
            Result<std::string> text = to_text(value);
            if (!text) {
                const std::string option = std::string(section_name).append(".").append(name.str());
                return text.error().with_context(std::string(place).append(": ").append(option));
            }
            FERMATA_TRY(assign(section_name, name.str(), *text, place));
        }
    }
    return {};
}

}  // namespace fermata::app

#include "app/command_line.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include <CLI/CLI.hpp>

namespace fermata::app {

namespace {

constexpr const char* kDescription =
    "Fermata runs SCXML documents as durable sessions.\n\n"
    "  fermata serve                          start the server\n"
    "  fermata run order.scxml --event pay    run one session to its end\n"
    "  fermata check order.scxml              look for mistakes\n"
    "  fermata demo                           see sessions survive kill -9";

constexpr const char* kFooter =
    "\nEvery option of the configuration can also be given as --section.option=value;\n"
    "`fermata options` lists them. `fermata COMMAND --help` says more about a command.";

// "--http.port=1": two dashes, and a dot before any "=".
bool names_option(const std::string& argument) {
    return argument.starts_with("--") &&
           argument.substr(0, argument.find('=')).find('.') != std::string::npos;
}

}  // namespace

std::vector<std::string> take_option_arguments(std::vector<std::string>& arguments) {
    std::vector<std::string> taken;
    std::vector<std::string> left;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        std::string& argument = arguments[i];
        if (argument == "--") {
            left.insert(left.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i),
                        arguments.end());
            break;
        }
        if (!names_option(argument)) {
            left.push_back(std::move(argument));
            continue;
        }
        std::string option = argument.substr(2);
        if (option.find('=') == std::string::npos && i + 1 < arguments.size() &&
            !arguments[i + 1].starts_with("--")) {
            option += "=" + arguments[++i];
        }
        taken.push_back(std::move(option));
    }
    arguments = std::move(left);
    return taken;
}

SettingsSources settings_sources(const CommandLine& line, const std::string& config) {
    SettingsSources sources;
    sources.file = config;
    if (const char* named = std::getenv("FERMATA_CONFIG");
        sources.file.empty() && named != nullptr) {
        sources.file = named;
    }
    sources.environment = process_environment();
    sources.arguments = line.option_arguments;
    return sources;
}

std::optional<Settings> load_settings(CommandLine& line, const std::string& config) {
    Result<Settings> settings = Settings::load(settings_sources(line, config));
    if (!settings) {
        std::fprintf(stderr, "fermata: %s\n", settings.error().message().c_str());
        line.exit_code = kExitUsage;
        return std::nullopt;
    }
    return std::move(*settings);
}

int run_command_line(std::string program, std::vector<std::string> arguments) {
    CommandLine line;
    line.program = std::move(program);
    line.option_arguments = take_option_arguments(arguments);
    CLI::App root(kDescription, "fermata");
    root.footer(kFooter);
    root.require_subcommand(1);
    add_serve(root, line);
    add_run(root, line);
    add_check(root, line);
    add_demo(root, line);
    add_drain(root, line);
    add_store(root, line);
    add_options(root, line);
    add_completion(root, line);
    add_version(root, line);
    // CLI11 takes the arguments from the back.
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
        root.parse(std::move(reversed));
    } catch (const CLI::ParseError& problem) {
        const int code = root.exit(problem);
        return code == 0 ? kExitDone : kExitUsage;
    }
    return line.exit_code;
}

}  // namespace fermata::app

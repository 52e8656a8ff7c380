// CommandLine: what the subcommands share while `fermata` starts.
//
// Each subcommand has a file of its own, command_<name>.cpp, that adds its arguments to the CLI11
// application and leaves its exit code here when it was the one called.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/settings.h"
#include "base/result.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's own name
class App;
}  // namespace CLI

namespace fermata::app {

// Exit codes of `fermata run`; the others use 0 and 1.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitRefused = 2;
inline constexpr int kExitTimeout = 3;
inline constexpr int kExitUnexpected = 4;
// As sysexits.h has it: the command line itself is wrong.
inline constexpr int kExitUsage = 64;

struct CommandLine {
    std::string program;                        // path of this binary, for `demo`
    std::vector<std::string> option_arguments;  // "section.option=value"
    int exit_code = kExitDone;
};

// Takes "--section.option=value" and "--section.option value" out of the arguments: any subcommand
// may have them, and CLI11 knows nothing of the table.
std::vector<std::string> take_option_arguments(std::vector<std::string>& arguments);

// Where the settings of this call come from. `config` empty: the environment's FERMATA_CONFIG, or
// no file.
SettingsSources settings_sources(const CommandLine& line, const std::string& config);
// The settings of this call; prints what is wrong with them and leaves an exit code otherwise.
std::optional<Settings> load_settings(CommandLine& line, const std::string& config);

void add_serve(CLI::App& root, CommandLine& line);
void add_run(CLI::App& root, CommandLine& line);
void add_check(CLI::App& root, CommandLine& line);
void add_demo(CLI::App& root, CommandLine& line);
void add_drain(CLI::App& root, CommandLine& line);
void add_store(CLI::App& root, CommandLine& line);
void add_options(CLI::App& root, CommandLine& line);
void add_completion(CLI::App& root, CommandLine& line);
void add_version(CLI::App& root, CommandLine& line);

// Runs the command line `arguments` (without the program's name); the exit code.
int run_command_line(std::string program, std::vector<std::string> arguments);

}  // namespace fermata::app

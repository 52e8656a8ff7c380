#include <cstdio>

#include <CLI/CLI.hpp>

#include "app/command_line.h"
#include "app/version.h"

namespace fermata::app {

void add_version(CLI::App& root, CommandLine& /*line*/) {
    CLI::App* command = root.add_subcommand("version", "print the version");
    command->callback([] { std::printf("fermata %s\n", std::string(kVersion).c_str()); });
}

}  // namespace fermata::app

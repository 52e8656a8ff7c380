#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/command_line.h"
#include "app/options_listing.h"

namespace fermata::app {

namespace {

struct Arguments {
    std::string config;
    std::string format = "text";
};

void list(CommandLine& line, const Arguments& arguments) {
    const auto settings = load_settings(line, arguments.config);
    if (!settings) {
        return;
    }
    const std::string text = arguments.format == "markdown" ? options_markdown()
                             : arguments.format == "toml"   ? options_toml(*settings)
                                                            : list_options(*settings);
    std::fputs(text.c_str(), stdout);
}

}  // namespace

void add_options(CLI::App& root, CommandLine& line) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        root.add_subcommand("options", "list every option with its value and meaning");
    command->add_option("--config", arguments->config, "configuration file whose values are shown");
    command
        ->add_option("--format", arguments->format, "text, toml (a file to start from) or markdown")
        ->check(CLI::IsMember({"text", "toml", "markdown"}));
    command->footer(
        "\nExamples:\n  fermata options\n  fermata options --format toml > fermata.toml");
    command->callback([&line, arguments] { list(line, *arguments); });
}

}  // namespace fermata::app

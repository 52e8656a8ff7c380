#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/command_line.h"
#include "app/option.h"

namespace fermata::app {

namespace {

std::vector<const CLI::App*> subcommands_of(const CLI::App& command) {
    return command.get_subcommands([](const CLI::App*) { return true; });
}

// Options, also those of subcommands, each once; and the subcommands' names.
std::string words_of(const CLI::App& command) {
    std::string words;
    std::set<std::string> options;
    const auto add_options = [&](const CLI::App& app) {
        for (const CLI::Option* option : app.get_options()) {
            for (const std::string& name : option->get_lnames()) {
                options.insert("--" + name);
            }
        }
    };
    add_options(command);
    for (const CLI::App* sub : subcommands_of(command)) {
        words += sub->get_name() + " ";
        add_options(*sub);
    }
    for (const std::string& option : options) {
        words += option + " ";
    }
    return words;
}

std::string option_words() {
    std::string words;
    for (const Option& option : option_table()) {
        words += "--" + full_name(option) + "= ";
    }
    return words;
}

std::string command_words(const CLI::App& root) {
    std::string words;
    for (const CLI::App* command : subcommands_of(root)) {
        words += command->get_name() + " ";
    }
    return words;
}

// zsh understands bash's completion functions once bashcompinit is loaded.
std::string bash_script(const CLI::App& root) {
    std::string script =
        "_fermata() {\n  local word=${COMP_WORDS[COMP_CWORD]} words=\n  case ${COMP_WORDS[1]} in\n";
    for (const CLI::App* command : subcommands_of(root)) {
        script += "    " + command->get_name() + ") words=\"" + words_of(*command) + "\" ;;\n";
    }
    script += "  esac\n  if [ \"$COMP_CWORD\" = 1 ]; then words=\"" + command_words(root) +
              "\"; fi\n  case $word in --*.*) words=\"" + option_words() +
              "\"; compopt -o nospace 2>/dev/null ;; esac\n"
              "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\") $(compgen -f -- \"$word\"))\n}\n"
              "complete -F _fermata fermata\n";
    return script;
}

std::string fish_options(const CLI::App& command) {
    std::string script;
    for (const CLI::Option* option : command.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            script += "complete -c fermata -n '__fish_seen_subcommand_from " + command.get_name() +
                      "' -l " + name + " -d '" + option->get_description() + "'\n";
        }
    }
    return script;
}

std::string fish_script(const CLI::App& root) {
    std::string script =
        "complete -c fermata -n __fish_use_subcommand -f -a '" + command_words(root) + "'\n";
    for (const CLI::App* command : subcommands_of(root)) {
        script += fish_options(*command);
        for (const CLI::App* sub : subcommands_of(*command)) {
            script += "complete -c fermata -n '__fish_seen_subcommand_from " + command->get_name() +
                      "' -f -a '" + sub->get_name() + "' -d '" + sub->get_description() + "'\n" +
                      fish_options(*sub);
        }
    }
    for (const Option& option : option_table()) {
        script += "complete -c fermata -x -l " + full_name(option) + "\n";
    }
    return script;
}

}  // namespace

void add_completion(CLI::App& root, CommandLine& /*line*/) {
    auto shell = std::make_shared<std::string>();
    CLI::App* command = root.add_subcommand("completion", "print a completion script for a shell");
    command->add_option("SHELL", *shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    command->footer(
        "\nExamples:\n  source <(fermata completion bash)\n  fermata completion fish | source");
    command->callback([&root, shell] {
        const std::string script = *shell == "fish" ? fish_script(root) : bash_script(root);
        if (*shell == "zsh") {
            std::fputs(
                "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && "
                "bashcompinit\n",
                stdout);
        }
        std::fputs(script.c_str(), stdout);
    });
}

}  // namespace fermata::app

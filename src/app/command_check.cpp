#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/bindings.h"
#include "app/chart_loading.h"
#include "app/command_line.h"
#include "scxml/finding.h"

namespace fermata::app {

namespace {

struct Arguments {
    std::vector<std::string> files;
    std::string format = "text";
};

// A file that cannot be had is a finding as well: a build reads one kind of output.
scxml::Finding unreadable(const std::string& url, const Error& error) {
    scxml::Finding finding;
    finding.rule = "unreadable";
    finding.message = error.message();
    finding.url = url;
    return finding;
}

scxml::Findings check_file(const Settings& settings, const std::string& file) {
    const std::string url = to_url(file);
    OutsideOptions options = outside_options(settings);
    allow_surroundings(options.policy, url);
    const SystemClock clock;
    WorldOutside outside(std::move(options), clock);
    scxml::LoadOptions load;
    load.limits = engine_options(settings).document;
    load.lint = true;
    Result<scxml::LoadOutcome> outcome = load_chart(outside, url, load);
    return outcome ? std::move(outcome->findings)
                   : scxml::Findings{unreadable(url, outcome.error())};
}

void check(CommandLine& line, const Arguments& arguments) {
    const auto settings = load_settings(line, "");
    if (!settings) {
        return;
    }
    scxml::Findings all;
    for (const std::string& file : arguments.files) {
        const scxml::Findings findings = check_file(*settings, file);
        all.insert(all.end(), findings.begin(), findings.end());
    }
    const std::string text = arguments.format == "json"    ? scxml::findings_json(all) + "\n"
                             : arguments.format == "sarif" ? scxml::findings_sarif(all) + "\n"
                                                           : scxml::findings_text(all);
    std::fputs(text.c_str(), stdout);
    line.exit_code = scxml::has_errors(all) ? kExitFailed : kExitDone;
}

}  // namespace

void add_check(CLI::App& root, CommandLine& line) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = root.add_subcommand("check", "look for mistakes in documents");
    command->add_option("FILE", arguments->files, "SCXML documents, or their URLs")->required();
    command->add_option("--format", arguments->format, "text, json or sarif")
        ->check(CLI::IsMember({"text", "json", "sarif"}));
    command->footer(
        "\nExit code 0: no errors (there may be warnings and notes); 1: errors.\n\n"
        "Examples:\n  fermata check order.scxml call.scxml\n  fermata check --format sarif *.scxml "
        "> findings.sarif");
    command->callback([&line, arguments] { check(line, *arguments); });
}

}  // namespace fermata::app

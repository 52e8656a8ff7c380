#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

#include <CLI/CLI.hpp>

#include "api/json_writer.h"
#include "app/amount.h"
#include "app/bindings.h"
#include "app/chart_loading.h"
#include "app/command_line.h"
#include "app/run_host.h"
#include "app/run_script.h"

namespace fermata::app {

namespace {

struct Arguments {
    std::string document;
    std::vector<std::string> events;  // NAME or NAME=JSON
    std::vector<std::string> params;  // name=JSON
    std::string timeout = "10s";
    std::string script;
    bool json = false;
};

// The arguments as the run needs them.
struct Plan {
    std::string url;
    std::vector<value::Event> events;
    std::vector<std::pair<std::string, value::Value>> params;
    std::chrono::milliseconds timeout{0};
    std::optional<RunScript> script;
};

// How it went, as far as it went.
struct Verdict {
    std::string status = "error";
    int exit_code = kExitFailed;
    std::optional<engine::SessionView> view;
};

int complain(const Error& error, int exit_code = kExitFailed) {
    std::fprintf(stderr, "fermata: %s\n", error.message().c_str());
    return exit_code;
}

Result<std::pair<std::string, value::Value>> parse_pair(const std::string& text) {
    const std::size_t equals = text.find('=');
    std::pair<std::string, value::Value> pair(text.substr(0, equals), value::Value());
    if (equals != std::string::npos) {
        Result<value::Value> parsed = value::Value::from_json(text.substr(equals + 1));
        if (!parsed) {
            return parsed.error().with_context("the value of '" + pair.first + "' is no JSON");
        }
        pair.second = std::move(*parsed);
    }
    return pair;
}

Result<std::string> read_text(const std::string& path) {
    std::ifstream file(path);
    if (!file.is_open()) {
        return Error(ErrorCode::kNotFound, path + " cannot be read");
    }
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

Result<Plan> make_plan(const Arguments& arguments) {
    Plan plan;
    plan.url = to_url(arguments.document);
    for (const std::string& text : arguments.events) {
        FERMATA_TRY_ASSIGN(auto pair, parse_pair(text));
        value::Event event;
        event.name = pair.first;
        event.data = pair.second;
        plan.events.push_back(std::move(event));
    }
    for (const std::string& text : arguments.params) {
        FERMATA_TRY_ASSIGN(auto pair, parse_pair(text));
        plan.params.push_back(std::move(pair));
    }
    FERMATA_TRY_ASSIGN(plan.timeout, parse_duration(arguments.timeout, 1000));
    if (!arguments.script.empty()) {
        FERMATA_TRY_ASSIGN(const std::string text, read_text(arguments.script));
        Result<RunScript> script = parse_script(text);
        if (!script) {
            return script.error().with_context(arguments.script);
        }
        plan.script = std::move(*script);
    }
    return plan;
}

void print_result(RunHost& host, const Verdict& verdict) {
    api::JsonWriter json;
    json.begin_object().member("session", host.session()).member("status", verdict.status);
    json.member("configuration",
                verdict.view ? verdict.view->configuration : std::vector<std::string>());
    json.key("donedata").value(verdict.view ? verdict.view->donedata : value::Value());
    json.key("log").begin_array();
    for (const RunLogEntry& entry : host.log()) {
        json.begin_object()
            .member("label", entry.label)
            .key("value")
            .value(entry.value)
            .end_object();
    }
    json.end_array().end_object();
    std::printf("%s\n", json.json().c_str());
}

Verdict judge_end(RunHost& host, bool ended) {
    Verdict verdict;
    Result<engine::SessionView> view = host.query();
    if (!view) {
        complain(view.error());
        return verdict;
    }
    verdict.view = std::move(*view);
    if (verdict.view->summary.status == engine::SessionStatus::kFinal) {
        verdict.status = "final";
        verdict.exit_code = kExitDone;
    } else if (!ended) {
        verdict.status = "timeout";
        verdict.exit_code = kExitTimeout;
    } else if (!verdict.view->detail.empty()) {
        std::fprintf(stderr, "fermata: %s\n", verdict.view->detail.c_str());
    }
    return verdict;
}

// --script: the session may go on living behind the last step.
Verdict drive_by_script(const Plan& plan, RunHost& host, const scxml::Chart& chart) {
    const Result<std::string> difference = play_script(*plan.script, host, chart);
    Verdict verdict = judge_end(host, true);
    verdict.exit_code = difference && difference->empty() ? kExitDone : kExitUnexpected;
    if (!difference) {
        complain(difference.error());
        verdict.exit_code = kExitFailed;
    } else if (!difference->empty()) {
        std::fprintf(stderr, "fermata: %s\n", difference->c_str());
    }
    if (verdict.view && verdict.view->summary.ended_ms == 0) {
        verdict.status = "active";
    }
    return verdict;
}

Verdict drive_to_end(const Plan& plan, RunHost& host) {
    const auto deadline = std::chrono::steady_clock::now() + plan.timeout;
    for (const value::Event& event : plan.events) {
        if (const Result<engine::EventAnswer> sent = host.send(event); !sent) {
            std::fprintf(stderr, "fermata: event %s: %s\n", event.name.c_str(),
                         sent.error().message().c_str());
        }
    }
    return judge_end(host, host.wait_for_end(deadline));
}

int run_plan(const Settings& settings, const Plan& plan, bool show_log) {
    OutsideOptions outside_settings = outside_options(settings);
    allow_surroundings(outside_settings.policy, plan.url);
    outside_settings.policy.send_to_loopback = true;
    const SystemClock clock;
    WorldOutside outside(std::move(outside_settings), clock);
    scxml::LoadOptions load;
    load.limits = engine_options(settings).document;
    const Result<scxml::LoadOutcome> loaded = load_chart(outside, plan.url, load);
    if (!loaded) {
        return complain(loaded.error());
    }
    if (!loaded->chart) {
        std::fputs(scxml::findings_text(loaded->findings).c_str(), stderr);
        return kExitRefused;
    }
    auto host =
        RunHost::create(settings, outside, clock, loaded->chart->uses_basic_http(), show_log);
    if (!host) {
        return complain(host.error());
    }
    const Result<engine::StartOutcome> started = (*host)->start(plan.url, plan.params);
    if (!started) {
        return complain(started.error());
    }
    if (!started->answer) {
        std::fputs(scxml::findings_text(started->findings).c_str(), stderr);
        return kExitRefused;
    }
    const Verdict verdict =
        plan.script ? drive_by_script(plan, **host, *loaded->chart) : drive_to_end(plan, **host);
    (*host)->finish();
    print_result(**host, verdict);
    return verdict.exit_code;
}

void run(CommandLine& line, const Arguments& arguments) {
    const auto settings = load_settings(line, "");
    if (!settings) {
        return;
    }
    log::Options log = log_options(*settings);
    if (settings->origin(*find_option("log", "level")) == "default") {
        log.level = log::Level::kWarning;
    }
    log::configure(log);
    const Result<Plan> plan = make_plan(arguments);
    line.exit_code = plan ? run_plan(*settings, *plan, !arguments.json) : complain(plan.error());
}

}  // namespace

void add_run(CLI::App& root, CommandLine& line) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = root.add_subcommand("run", "run one session to its end, in memory");
    command->add_option("DOCUMENT", arguments->document, "SCXML document: a file or an URL")
        ->required();
    command
        ->add_option("--event", arguments->events,
                     "event to send after the start: NAME or NAME=JSON; may repeat")
        ->allow_extra_args(false);
    command
        ->add_option("--param", arguments->params,
                     "value of a top-level data item: NAME=JSON; may repeat")
        ->allow_extra_args(false);
    command->add_option("--timeout", arguments->timeout,
                        "how long the session may take; default 10s");
    command->add_option("--script", arguments->script,
                        "JSON file of steps: events, pauses and expected states");
    command->add_flag("--json", arguments->json, "only the JSON line, no log lines");
    command->footer(
        "\nPrints one JSON line at the end; log lines go to standard error.\n"
        "Exit code 0: a top-level final state was reached (with --script: all steps agree); 1: "
        "other ends;\n"
        "2: the document has errors; 3: time-out; 4: a step of the script does not agree.\n\n"
        "Examples:\n  fermata run light.scxml --event 'go={\"speed\":2}' --timeout 5s\n"
        "  fermata run order.scxml --param 'items=[1,2]' --script order.script.json\n"
        "  fermata run remote.scxml --scxml.fetch-prefixes=https://charts.example/");
    command->callback([&line, arguments] { run(line, *arguments); });
}

}  // namespace fermata::app

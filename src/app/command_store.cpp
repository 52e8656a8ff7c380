// fermata store: looks into a store and moves stores, without a server.
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/bindings.h"
#include "app/command_line.h"
#include "app/store_check.h"
#include "app/store_moving.h"
#include "app/store_opening.h"
#include "app/store_showing.h"
#include "app/store_users.h"

namespace fermata::app {

namespace {

// Of `store check`.
constexpr int kExitWarnings = 1;
constexpr int kExitErrors = 2;

struct Arguments {
    std::string config;
    bool json = false;
    std::size_t limit = 100;
    std::string session;
    std::string file;
    std::string from;
    std::string to;
    bool take_over = false;
    bool resume = false;
};

using Action = std::function<Result<void>(const Settings& settings, const Arguments& arguments)>;

void print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
}

void report(const char* what, std::uint64_t sessions) {
    std::fprintf(stderr, "\r  %s %llu sessions", what, static_cast<unsigned long long>(sessions));
    std::fflush(stderr);
}

MovingOptions moving_options(const Settings& settings, const Arguments& arguments) {
    MovingOptions options;
    options.take_over = arguments.take_over;
    options.resume = arguments.resume;
    options.node = static_cast<std::uint32_t>(settings.integer("orchestration", "node-id"));
    if (::isatty(STDERR_FILENO) != 0) {
        options.progress = report;
    }
    return options;
}

// Servers share a store on Redis; any other belongs to this process as long as it is open.
Result<void> require_unused(const OpenedStore& opened, const Settings& settings) {
    return opened.redis == nullptr
               ? Result<void>()
               : require_no_users(*opened.store, settings.duration("cluster", "lease"));
}

void end_progress(const MovingOptions& options) {
    if (options.progress) {
        std::fputs("\n", stderr);
    }
}

std::string counts_text(const char* what, const StoreCounts& counts) {
    return std::string(what) + " " + std::to_string(counts.sessions) + " sessions (" +
           std::to_string(counts.ended) + " ended), " + std::to_string(counts.timers) +
           " timers, " + std::to_string(counts.inbox) + " inbox and " +
           std::to_string(counts.outbox) + " outbox entries, " + std::to_string(counts.answers) +
           " answers, " + std::to_string(counts.documents) + " documents\n";
}

// An answer that does not come has its reason in the store.
template <typename T>
Result<T> explained(const OpenedStore& opened, Result<T> result) {
    const store::StoreHealth health = opened.store->health();
    if (!result && result.error().code() == ErrorCode::kTimeout && !health.ready) {
        return Error(ErrorCode::kTimeout, result.error().message() + ": " + health.reason);
    }
    return result;
}

void print_outcome(const char* what, const MovingOutcome& outcome) {
    print(counts_text(what, outcome.counts));
    for (const std::string& name : outcome.kept_names) {
        print(
            "document " + name +
            " is there with another version, which stays; sessions that came along keep theirs\n");
    }
}

Result<void> show_info(const Settings& settings, const Arguments& arguments) {
    FERMATA_TRY_ASSIGN(const OpenedStore opened, open_existing_store(settings));
    FERMATA_TRY_ASSIGN(const StoreInfo info, explained(opened, store_info(*opened.store)));
    print(arguments.json ? info_json(info, store_place(settings))
                         : info_text(info, store_place(settings)));
    return {};
}

Result<void> list(const Settings& settings, const Arguments& arguments) {
    FERMATA_TRY_ASSIGN(const OpenedStore opened, open_existing_store(settings));
    FERMATA_TRY_ASSIGN(const auto sessions,
                       explained(opened, list_stored(*opened.store, arguments.limit)));
    print(arguments.json ? summaries_json(sessions) : summaries_text(sessions));
    return {};
}

Result<void> show(const Settings& settings, const Arguments& arguments) {
    FERMATA_TRY_ASSIGN(const OpenedStore opened, open_existing_store(settings));
    FERMATA_TRY_ASSIGN(const engine::SessionView view,
                       explained(opened, show_stored(*opened.store, arguments.session)));
    print(arguments.json ? view_json(view) : view_text(view));
    return {};
}

Result<void> export_to_file(const Settings& settings, const Arguments& arguments) {
    FERMATA_TRY_ASSIGN(const OpenedStore opened, open_existing_store(settings));
    if (arguments.take_over) {
        FERMATA_TRY(require_unused(opened, settings));
    }
    const MovingOptions options = moving_options(settings, arguments);
    FERMATA_TRY_ASSIGN(const StoreCounts counts,
                       explained(opened, export_store(*opened.store, arguments.file, options)));
    end_progress(options);
    // Standard output may be the export.
    std::fputs(counts_text("exported", counts).c_str(), stderr);
    return {};
}

Result<void> import_from_file(const Settings& settings, const Arguments& arguments) {
    FERMATA_TRY_ASSIGN(const OpenedStore opened, open_store(settings));
    FERMATA_TRY(require_unused(opened, settings));
    const MovingOptions options = moving_options(settings, arguments);
    FERMATA_TRY_ASSIGN(const MovingOutcome outcome,
                       explained(opened, import_store(*opened.store, arguments.file, options)));
    end_progress(options);
    opened.store->close();
    print_outcome("imported", outcome);
    return {};
}

// The exit code tells the worst finding: 0 fine or a note, 1 a warning, 2 an error.
void check(CommandLine& line, const Arguments& arguments) {
    const auto settings = load_settings(line, arguments.config);
    if (!settings) {
        return;
    }
    const CheckReport report = check_store(*settings);
    print(arguments.json ? report_json(report) : report_text(report));
    line.exit_code = report.worst() == Severity::kError     ? kExitErrors
                     : report.worst() == Severity::kWarning ? kExitWarnings
                                                            : kExitDone;
}

// The same configuration, with another kind of store.
std::optional<Settings> settings_of_kind(CommandLine& line, const Arguments& arguments,
                                         const std::string& kind) {
    CommandLine of_kind = line;
    of_kind.option_arguments.push_back("persistence.type=" + kind);
    auto settings = load_settings(of_kind, arguments.config);
    line.exit_code = of_kind.exit_code;
    return settings;
}

Result<void> migrate(const Settings& from, const Settings& to, const Arguments& arguments) {
    FERMATA_TRY_ASSIGN(const OpenedStore source, open_existing_store(from));
    FERMATA_TRY_ASSIGN(const OpenedStore target, open_store(to));
    FERMATA_TRY(require_unused(target, to));
    if (arguments.take_over) {
        FERMATA_TRY(require_unused(source, from));
    }
    const MovingOptions options = moving_options(to, arguments);
    FERMATA_TRY_ASSIGN(
        const MovingOutcome outcome,
        explained(target, explained(source, migrate_store(*source.store, *target.store, options))));
    end_progress(options);
    target.store->close();
    print_outcome("migrated", outcome);
    return {};
}

void configure_log(const Settings& settings) {
    log::Options options = log_options(settings);
    if (settings.origin(*find_option("log", "level")) == "default") {
        options.level = log::Level::kWarning;  // a tool's own output is what matters
    }
    log::configure(options);
}

void conclude(CommandLine& line, const Result<void>& done) {
    log::flush();
    if (!done) {
        std::fprintf(stderr, "fermata: %s\n", done.error().message().c_str());
        line.exit_code = kExitFailed;
    }
}

void run(CommandLine& line, const Arguments& arguments, const Action& action) {
    const auto settings = load_settings(line, arguments.config);
    if (settings) {
        configure_log(*settings);
        conclude(line, action(*settings, arguments));
    }
}

void run_migration(CommandLine& line, const Arguments& arguments) {
    if (arguments.from == arguments.to) {
        conclude(line, Error(ErrorCode::kInvalidArgument,
                             "--from and --to are the same kind of store; between two of a kind, "
                             "export and import"));
        return;
    }
    const auto from = settings_of_kind(line, arguments, arguments.from);
    const auto to = from ? settings_of_kind(line, arguments, arguments.to) : std::nullopt;
    if (to) {
        configure_log(*to);
        conclude(line, migrate(*from, *to, arguments));
    }
}

class StoreCommand {
  public:
    StoreCommand(CLI::App& root, CommandLine& line)
        : line_(line), command_(root.add_subcommand("store", "look into a store, or move it")) {
        command_->require_subcommand(1);
        command_->footer(
            "\nThe store is the one that [persistence] names; no server is needed, and none may "
            "run on an embedded\nstore. `fermata store COMMAND --help` says more.");
    }

    CLI::App* add(const std::string& name, const std::string& meaning, const Action& action) {
        CLI::App* sub = command_->add_subcommand(name, meaning);
        add_config(sub);
        sub->callback(
            [&line = line_, arguments = arguments_, action] { run(line, *arguments, action); });
        return sub;
    }

    void add_checking() {
        CLI::App* sub = command_->add_subcommand(
            "check", "connect, read and try as the server would, with advice");
        add_config(sub);
        add_json(sub);
        sub->footer(
            "\nExit code 0: fine; 1: warnings; 2: errors. Passwords are never printed.\n\n"
            "Example:\n  fermata store check --config fermata.toml");
        sub->callback([&line = line_, arguments = arguments_] { check(line, *arguments); });
    }

    void add_looking() {
        CLI::App* info = add("info", "what the store is and holds, in numbers", show_info);
        add_json(info);
        CLI::App* listing = add("list", "the sessions", list);
        listing->add_option("--limit", arguments_->limit, "at most so many")->capture_default_str();
        add_json(listing);
        CLI::App* showing = add("show", "one session", show);
        showing->add_option("SESSION", arguments_->session, "its id, or the client's own name")
            ->required();
        add_json(showing);
    }

    void add_moving() {
        CLI::App* exporting = add("export", "write everything to a file", export_to_file);
        exporting->add_option("FILE", arguments_->file, "the file to make; -: standard output")
            ->required();
        add_take_over(exporting);
        exporting->footer(
            "\nExample:\n  fermata store export --config fermata.toml sessions.jsonl");
        CLI::App* importing = add("import", "take over what a file holds", import_from_file);
        importing->add_option("FILE", arguments_->file, "made by `fermata store export`")
            ->required();
        add_resume(importing);
        CLI::App* moving = command_->add_subcommand("migrate", "from one store into another");
        add_config(moving);
        for (const auto& [name, kind] :
             {std::pair("--from", &arguments_->from), std::pair("--to", &arguments_->to)}) {
            moving->add_option(name, *kind, "embedded or redis, as [persistence] describes it")
                ->required()
                ->check(CLI::IsMember({"embedded", "redis"}));
        }
        add_take_over(moving);
        add_resume(moving);
        moving->footer(
            "\nThe store it comes from keeps everything. Example:\n  fermata store migrate --from "
            "embedded --to redis --config fermata.toml");
        moving->callback(
            [&line = line_, arguments = arguments_] { run_migration(line, *arguments); });
    }

  private:
    void add_config(CLI::App* sub) {
        sub->add_option("--config", arguments_->config,
                        "configuration file (TOML); default: the environment's FERMATA_CONFIG");
    }
    void add_json(CLI::App* sub) { sub->add_flag("--json", arguments_->json, "as JSON"); }
    void add_take_over(CLI::App* sub) {
        sub->add_flag(
            "--take-over", arguments_->take_over,
            "claim the partitions first: a server that was paused cannot write them any more");
    }
    void add_resume(CLI::App* sub) {
        sub->add_flag("--resume", arguments_->resume,
                      "go on after an import that broke off, before any server used the store");
    }

    CommandLine& line_;
    CLI::App* command_;
    std::shared_ptr<Arguments> arguments_ = std::make_shared<Arguments>();
};

}  // namespace

void add_store(CLI::App& root, CommandLine& line) {
    StoreCommand command(root, line);
    command.add_checking();
    command.add_looking();
    command.add_moving();
}

}  // namespace fermata::app

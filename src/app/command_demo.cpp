#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/command_line.h"
#include "app/demo.h"
#include "base/random.h"

namespace fermata::app {

namespace {

struct Arguments {
    std::string config;
    std::string folder;
    std::string port = "0";
    bool once = false;
};

// A folder of the demo's own: removed with it.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name =
            (std::filesystem::temp_directory_path() / "fermata-demo-XXXXXX").string();
        path_ = ::mkdtemp(name.data()) == nullptr ? "" : name;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        if (!path_.empty()) {
            std::filesystem::remove_all(path_, ignored);
        }
    }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

// The store is not the demo's own: it may have been used before, and will be used again.
void use_store_of(const CommandLine& line, const Arguments& arguments, DemoOptions& options) {
    if (!arguments.config.empty()) {
        options.options = {"--config", arguments.config};
    }
    for (const std::string& option : line.option_arguments) {
        options.options.push_back("--" + option);
    }
    options.mark = "-" + std::to_string(Random::from_entropy().next() % 1'000'000);
}

int run(const CommandLine& line, const Arguments& arguments) {
    // Ctrl-C reaches the server as well, which stops gracefully; this process waits for it and
    // clears up.
    std::signal(SIGINT, [](int) {});
    std::unique_ptr<TemporaryFolder> temporary;
    DemoOptions options;
    options.program = line.program;
    options.folder = arguments.folder;
    options.port = arguments.port;
    options.stay = !arguments.once;
    if (!arguments.config.empty() || !line.option_arguments.empty()) {
        use_store_of(line, arguments, options);
    } else if (options.folder.empty()) {
        temporary = std::make_unique<TemporaryFolder>();
        options.folder = temporary->path();
    }
    const Result<void> done = run_demo(options);
    if (!done) {
        std::fprintf(stderr, "fermata: the demo failed: %s\n", done.error().message().c_str());
    }
    return done ? kExitDone : kExitFailed;
}

}  // namespace

void add_demo(CLI::App& root, CommandLine& line) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = root.add_subcommand("demo", "see sessions survive kill -9");
    command->add_flag("--once", arguments->once,
                      "stop at the end instead of leaving the server running");
    command->add_option("--config", arguments->config,
                        "configuration file of its server, such as one with Redis");
    command->add_option("--folder", arguments->folder,
                        "folder of the store; default: a temporary one");
    command->add_option("--port", arguments->port, "port of the server; default: any free one");
    command->footer(
        "\nExamples:\n  fermata demo\n  fermata demo --once\n  fermata demo --config redis.toml");
    command->callback([&line, arguments] { line.exit_code = run(line, *arguments); });
}

}  // namespace fermata::app

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>

#include "app/bindings.h"
#include "app/command_line.h"
#include "app/version.h"
#include "app/wiring.h"

namespace fermata::app {

namespace {

// SIGTERM and SIGINT, blocked in every thread and waited for in one: no code runs in a signal
// handler.
class StopSignals {
  public:
    StopSignals() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGTERM);
        sigaddset(&set_, SIGINT);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
        std::signal(SIGPIPE, SIG_IGN);
    }
    int wait() const {
        int number = 0;
        sigwait(&set_, &number);
        return number;
    }

  private:
    sigset_t set_{};
};

void serve(CommandLine& line, const std::string& config) {
    const auto settings = load_settings(line, config);
    if (!settings) {
        return;
    }
    // Before the first thread starts, so that all of them have the signals blocked.
    const StopSignals signals;
    log::configure(log_options(*settings));
    Result<std::unique_ptr<Wiring>> wiring = Wiring::create(*settings);
    if (!wiring) {
        log::flush();
        std::fprintf(stderr, "fermata: %s\n", wiring.error().message().c_str());
        line.exit_code = kExitFailed;
        return;
    }
    log::info("ready", {{"url", (*wiring)->url()}, {"version", kVersion}});
    std::printf("ready %s\n", (*wiring)->url().c_str());
    std::fflush(stdout);
    const int number = signals.wait();
    log::info("stopping", {{"signal", number}});
    // A second signal ends the process at once: what is committed is safe either way. The thread
    // waits for as long as the process lives, so the process is left without running destructors
    // once everything is stopped.
    std::thread([signals] { std::_Exit(128 + signals.wait()); }).detach();
    (*wiring)->stop();
    std::_Exit(kExitDone);
}

}  // namespace

void add_serve(CLI::App& root, CommandLine& line) {
    auto config = std::make_shared<std::string>();
    CLI::App* command = root.add_subcommand("serve", "start the server");
    command->add_option("--config", *config,
                        "configuration file (TOML); default: the environment's FERMATA_CONFIG");
    command->footer(
        "\nPrints `ready URL` on standard output when it takes requests. SIGTERM or SIGINT stops "
        "it gracefully,\n"
        "a second one at once. Sessions live in ./fermata-data unless [persistence] says "
        "otherwise.\n\n"
        "Examples:\n  fermata serve\n  fermata serve --config /etc/fermata.toml --log.level=debug\n"
        "  fermata serve --http.port=0 --persistence.type=memory");
    command->callback([&line, config] { serve(line, *config); });
}

}  // namespace fermata::app

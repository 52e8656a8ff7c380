#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>

#include "app/bindings.h"
#include "app/command_line.h"
#include "app/settings_watch.h"
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

// Waits for signals for as long as the process lives. Before the server runs the first one ends the
// process: a start may wait for a store that is away, and nothing was acknowledged yet. Later the
// first one is told, and the second one ends the process: what is committed is safe either way.
class StopWatch {
  public:
    explicit StopWatch(const StopSignals& signals) {
        std::thread([this, signals] { watch(signals); }).detach();
    }
    // The server runs: from now on it wants to be stopped gracefully.
    void started() { is_running_ = true; }
    // The signal; nothing when none came in that time.
    std::optional<int> wait_for(std::chrono::milliseconds time_max) {
        const bool came = told_.wait_for(time_max) == std::future_status::ready;
        return came ? std::optional(told_.get()) : std::nullopt;
    }

  private:
    void watch(const StopSignals& signals) {
        const int number = signals.wait();
        if (!is_running_) {
            log::info("stopped while starting", {{"signal", number}});
            log::flush();
            std::_Exit(kExitDone);
        }
        first_.set_value(number);
        std::_Exit(128 + signals.wait());
    }

    std::atomic<bool> is_running_ = false;
    std::promise<int> first_;
    std::future<int> told_ = first_.get_future();
};

// Between two looks whether the cluster still takes this instance.
constexpr std::chrono::milliseconds kLookInterval{500};

// Until a signal comes, or the cluster refuses the instance; the exit code.
int wait_for_end(StopWatch& stop, const Wiring& wiring) {
    while (true) {
        if (const std::optional<int> signal = stop.wait_for(kLookInterval)) {
            log::info("stopping", {{"signal", *signal}});
            return kExitDone;
        }
        if (const std::string refusal = wiring.refusal(); !refusal.empty()) {
            std::fprintf(stderr, "fermata: this instance does not fit its cluster: %s\n",
                         refusal.c_str());
            return kExitFailed;
        }
    }
}

void serve(CommandLine& line, const std::string& config) {
    const auto settings = load_settings(line, config);
    if (!settings) {
        return;
    }
    // Before the first thread starts, so that all of them have the signals blocked.
    const StopSignals signals;
    log::configure(log_options(*settings));
    // Its thread waits for as long as the process lives, so the process is left without running
    // destructors.
    StopWatch stop(signals);
    Result<std::unique_ptr<Wiring>> wiring = Wiring::create(*settings);
    if (!wiring) {
        log::flush();
        std::fprintf(stderr, "fermata: %s\n", wiring.error().message().c_str());
        std::_Exit(kExitFailed);
    }
    stop.started();
    const SettingsWatch watch(settings_sources(line, config), *settings, log_changes);
    log::info("ready", {{"url", (*wiring)->url()}, {"version", kVersion}});
    std::printf("ready %s\n", (*wiring)->url().c_str());
    std::fflush(stdout);
    const int code = wait_for_end(stop, **wiring);
    (*wiring)->stop();
    std::_Exit(code);
}

}  // namespace

void add_serve(CLI::App& root, CommandLine& line) {
    auto config = std::make_shared<std::string>();
    CLI::App* command = root.add_subcommand("serve", "start the server");
    command->add_option("--config", *config,
                        "configuration file (TOML); default: the environment's FERMATA_CONFIG");
    command->footer(
        "\nPrints `ready URL` on standard output when it takes requests. SIGTERM or SIGINT stops "
        "it gracefully\n(in a cluster its sessions move to the other nodes first), a second one at "
        "once. Sessions live in\n./fermata-data unless [persistence] says otherwise.\n\n"
        "Examples:\n  fermata serve\n  fermata serve --config /etc/fermata.toml --log.level=debug\n"
        "  fermata serve --http.port=0 --persistence.type=memory");
    command->callback([&line, config] { serve(line, *config); });
}

}  // namespace fermata::app

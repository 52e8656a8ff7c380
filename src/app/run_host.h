// RunHost: everything one session needs to run on the command line: a store in memory, an engine,
// and a listener on loopback when its document uses BasicHTTP.
//
// Threads: every method from the owner's thread. Limits: kLogEntriesMax.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api/basic_http.h"
#include "app/outside.h"
#include "app/settings.h"
#include "base/clock.h"
#include "base/result.h"
#include "engine/engine.h"
#include "http/server.h"
#include "store/store.h"

namespace fermata::app {

struct RunLogEntry {
    std::string label;
    value::Value value;
};

class RunHost {
  public:
    // Log entries kept for the result; later ones are only shown.
    static constexpr std::size_t kLogEntriesMax = 100'000;

    // `outside` and `clock` must outlive it. `show_log`: log lines go to stderr as they happen.
    static Result<std::unique_ptr<RunHost>> create(const Settings& settings, WorldOutside& outside,
                                                   const Clock& clock, bool needs_listener,
                                                   bool show_log);
    RunHost(const RunHost&) = delete;
    RunHost& operator=(const RunHost&) = delete;
    ~RunHost();

    Result<engine::StartOutcome> start(const std::string& url,
                                       std::vector<std::pair<std::string, value::Value>> params);
    [[nodiscard]] const std::string& session() const { return session_; }
    // Answered when what the event did is committed.
    Result<engine::EventAnswer> send(value::Event event);
    Result<engine::SessionView> query();
    // False when the session did not end by then.
    bool wait_for_end(std::chrono::steady_clock::time_point deadline);
    // Lets children that the end cancelled run their last handlers, so that the log is complete,
    // and stops the engine.
    void finish();
    [[nodiscard]] std::vector<RunLogEntry> log() const;

  private:
    explicit RunHost(bool show_log) : show_log_(show_log) {}
    Result<void> open_listener(const Settings& settings, WorldOutside& outside);
    void observe(const engine::LiveMoment& moment);

    const bool show_log_;
    std::string session_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool ended_ = false;  // under mutex_
    int running_ = 0;     // under mutex_: sessions started and not ended, children included
    std::vector<RunLogEntry> log_;  // under mutex_
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<engine::Subscription> subscription_;
    std::unique_ptr<api::BasicHttp> basic_http_;
    std::unique_ptr<http::Server> server_;  // last: its handler uses the others
};

}  // namespace fermata::app

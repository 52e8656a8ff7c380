// Pauses: calls functions after a while, on a thread of its own that starts with the first.
//
// Threads: any. What is still waiting when it stops is called at once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "base/random.h"

namespace fermata::api {

class Pauses {
  public:
    Pauses() : random_(Random::from_entropy()) {}
    Pauses(const Pauses&) = delete;
    Pauses& operator=(const Pauses&) = delete;
    ~Pauses() { stop(); }

    void after(std::chrono::milliseconds pause, std::function<void()> call);
    // Half to one and a half of it, so that those who met the same trouble do not come back as one.
    void after_about(std::chrono::milliseconds pause, std::function<void()> call);
    // Calls what waits and joins the thread; later calls come at once. Not from a call.
    void stop();

  private:
    using Instant = std::chrono::steady_clock::time_point;

    void run();

    std::mutex mutex_;
    std::condition_variable changed_;
    Random random_;                                          // under mutex_
    std::multimap<Instant, std::function<void()>> waiting_;  // under mutex_
    bool stopped_ = false;                                   // under mutex_
    std::thread thread_;                                     // made under mutex_
};

}  // namespace fermata::api

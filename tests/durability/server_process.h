// ServerProcess: one run of `fermata serve` on a free port and a folder of its own.
// `options` (`section.name=value`) say where sessions live; without any: embedded, in that folder.
//
// Threads: one owner; it must be the same thread throughout, and outlive the process (the server
// dies with the thread that started it, so that a test that crashes leaves nothing behind).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace fermata::durability {

class ServerProcess {
  public:
    ServerProcess(std::string binary, std::string folder, std::vector<std::string> options);
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;
    ~ServerProcess();

    // Starts it without waiting.
    void launch();
    // Until it prints its ready line; the port. Nothing when it ended or the time is over.
    std::optional<std::uint16_t> wait_ready(std::chrono::milliseconds timeout);
    // kill -9, and gone when this returns.
    void kill();
    // SIGTERM; the exit status (128 + signal when a signal ended it), or nothing when it is still
    // there after `bound` (it is killed then).
    std::optional<int> terminate(std::chrono::milliseconds bound);
    [[nodiscard]] bool is_running();
    // The end of what it logged.
    [[nodiscard]] std::string log_tail() const;

  private:
    std::optional<int> wait_exit(std::chrono::milliseconds bound);
    void close_output();

    const std::string binary_;
    const std::string folder_;
    const std::vector<std::string> options_;
    pid_t pid_ = -1;
    int output_ = -1;
    std::string line_;
};

}  // namespace fermata::durability

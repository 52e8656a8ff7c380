// FaultDriver: another program that disturbs what the server stands on, one bout of faults a round.
//
// It gets `round N` on its standard input, and answers one line when everything is whole again:
// `done WORDS`, what it did, or `failed WORDS`. At the end of its input it prints what it has to
// say in the end and exits.
//
// Threads: one owner, the same throughout (the program dies with the thread that started it).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <sys/types.h>

namespace fermata::durability {

class FaultDriver {
  public:
    // `command` is for /bin/sh.
    explicit FaultDriver(const std::string& command);
    FaultDriver(const FaultDriver&) = delete;
    FaultDriver& operator=(const FaultDriver&) = delete;
    ~FaultDriver();

    void begin(int round) const;
    // The next line of the program; nothing when it takes longer or the program is gone.
    std::optional<std::string> next_line(std::chrono::milliseconds timeout);
    // Ends its input; what it still prints, until it is gone.
    std::string finish(std::chrono::milliseconds timeout);

  private:
    bool read_more(std::chrono::milliseconds timeout);

    pid_t pid_ = -1;
    int input_ = -1;   // of the program
    int output_ = -1;  // of the program
    std::string received_;
};

}  // namespace fermata::durability

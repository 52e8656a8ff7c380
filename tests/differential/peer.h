// Peer: the other engine, in a process of its own that serves one chart after another
// (qt_peer.cpp).
#pragma once

#include <cstdio>
#include <string>

#include <sys/types.h>

#include "differential/random_chart.h"
#include "differential/run_chart.h"

namespace fermata::differential {

class Peer {
  public:
    explicit Peer(const std::string& program);
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    // Ends the process: its input ends.
    ~Peer();

    Trace run(const RandomChart& chart);

  private:
    std::FILE* to_ = nullptr;
    std::FILE* from_ = nullptr;
    pid_t process_ = 0;
};

}  // namespace fermata::differential

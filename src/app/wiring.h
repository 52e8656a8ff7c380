// Wiring: the server's parts put together, in the order in which they need each other.
//
// Threads: create() and stop() from one thread.
#pragma once

#include <memory>
#include <string>

#include "app/settings.h"
#include "base/result.h"

namespace fermata::app {

class Wiring {
  public:
    // Everything runs and takes requests when it returns. Errors say which option is to blame.
    static Result<std::unique_ptr<Wiring>> create(const Settings& settings);
    Wiring(const Wiring&) = delete;
    Wiring& operator=(const Wiring&) = delete;
    ~Wiring();

    // "http://127.0.0.1:8077"
    [[nodiscard]] std::string url() const;
    // Why the cluster does not take this instance (any more); empty.
    [[nodiscard]] std::string refusal() const;
    // Hands its sessions over to other nodes, or finishes what was taken, at most for [http]
    // shutdown-timeout. Calls after the first do nothing.
    void stop();

  private:
    struct Parts;
    explicit Wiring(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace fermata::app

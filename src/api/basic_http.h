// BasicHttp: the receiving end of the Basic HTTP Event I/O Processor (SCXML C.2).
//
// Part of Service; `fermata run` opens it alone. Ownership: keeps a reference to the engine.
// Threads: handlers run on the server's threads.
#pragma once

#include <string>

#include "api/route.h"
#include "engine/engine.h"
#include "http/server.h"

namespace fermata::api {

// Header by which this process proves itself to its own listener.
inline constexpr std::string_view kOwnSecretHeader = "Fermata-Own-Secret";

class BasicHttp {
  public:
    explicit BasicHttp(engine::Engine& engine) : engine_(engine) {}

    [[nodiscard]] Routes routes();
    // The routes as the handler of a server of their own.
    [[nodiscard]] http::Handler handler();

  private:
    engine::Engine& engine_;
};

}  // namespace fermata::api

// BasicHttp: the receiving end of the Basic HTTP Event I/O Processor (SCXML C.2).
//
// Part of Service; `fermata run` opens it alone. Ownership: keeps a reference to the engine.
// Threads: handlers run on the server's threads.
#pragma once

#include "api/hop.h"  // kOwnSecretHeader, for those who send to it
#include "api/route.h"
#include "engine/engine.h"
#include "http/server.h"

namespace fermata::api {

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

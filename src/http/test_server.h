// What the tests of the server and client share: servers on free ports, and bounded waiting.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "http/server.h"

namespace fermata::http {

inline std::unique_ptr<Server> serve(Handler handler, ServerOptions options = {}) {
    Result<std::unique_ptr<Server>> server = Server::create(std::move(options), std::move(handler));
    EXPECT_TRUE(server) << server.error().to_string();
    return std::move(*server);
}

inline std::unique_ptr<Server> serve_with(std::function<void(Request, Responder)> serve_one,
                                          ServerOptions options = {}) {
    Handler handler;
    handler.serve = std::move(serve_one);
    return serve(std::move(handler), std::move(options));
}

// Answers with what it got: method, path and body.
inline std::unique_ptr<Server> serve_echo(ServerOptions options = {}) {
    return serve_with(
        [](const Request& request, const Responder& responder) {
            responder.send(
                Response::text(200, request.method + " " + request.path + " " + request.body));
        },
        std::move(options));
}

inline std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

// Waits until the condition holds, for a bounded time.
template <typename Condition>
bool becomes(Condition condition) {
    constexpr int kTries = 500;
    for (int i = 0; i < kTries; ++i) {
        if (condition()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

}  // namespace fermata::http

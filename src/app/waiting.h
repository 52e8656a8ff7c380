// Waiting for an answer of the engine, for the command line, whose main thread has nothing else to
// do.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "base/result.h"

namespace fermata::app {

// Calls `call` with a callback and waits for it; kTimeout when it does not come in time.
//
//   wait_for<engine::SessionView>(10s, [&](auto done) { engine.query(id, std::move(done)); });
template <typename T, typename Call>
Result<T> wait_for(std::chrono::milliseconds time_max, Call call) {
    // Shared: the callback may come after this function gave up.
    auto promise = std::make_shared<std::promise<Result<T>>>();
    auto future = promise->get_future();
    call([promise](Result<T> answer) { promise->set_value(std::move(answer)); });
    if (future.wait_for(time_max) != std::future_status::ready) {
        return Error(ErrorCode::kTimeout, "no answer in time");
    }
    return future.get();
}

}  // namespace fermata::app

// Replies: the answers of the engine as HTTP answers, the same way in every resource.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "api/problem.h"
#include "base/result.h"
#include "http/request.h"
#include "http/response.h"

namespace fermata::api {

inline constexpr std::string_view kIdempotencyKey = "Idempotency-Key";

// The client's Idempotency-Key, or "".
std::string idempotency_key(const http::Request& request);

// Marks the answer to a repeated request.
http::Response replayed(http::Response response, bool repeated);

// A callback for the engine: a problem for an error, else what `write` makes of the answer.
template <typename T, typename Write>
std::function<void(Result<T>)> reply(http::Responder responder, Write write) {
    return [responder = std::move(responder), write = std::move(write)](Result<T> answer) {
        responder.send(answer ? write(*answer) : to_response(answer.error()));
    };
}

}  // namespace fermata::api

// Answers: what a session of one instance answers to a request that is held by another instance.
// docs/internals/forwarding.md
#pragma once

#include <string>

#include "engine/response.h"
#include "http/client.h"

namespace fermata::api {

// What the route /internal/answers of the instance at `base_url` takes.
http::FetchRequest answer_request(const std::string& base_url, const std::string& peer_secret,
                                  const engine::Response& response);

}  // namespace fermata::api

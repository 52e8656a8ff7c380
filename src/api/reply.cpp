#include "api/reply.h"

namespace fermata::api {

std::string idempotency_key(const http::Request& request) {
    return std::string(request.headers.get(kIdempotencyKey));
}

http::Response replayed(http::Response response, bool repeated) {
    if (repeated) {
        response.headers.set("Idempotent-Replay", "true");
    }
    return response;
}

}  // namespace fermata::api

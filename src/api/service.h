// Service: the whole public HTTP interface as one handler for http::Server.
//
// Ownership: keeps references to the engine, store, clock, tokens and metrics, which must outlive
// it; it must itself outlive the server that uses its handler. Threads: the handler is called on
// the server's threads.
#pragma once

#include <memory>

#include "api/context.h"
#include "api/forwarding.h"
#include "api/http_metrics.h"
#include "api/route.h"
#include "api/streams.h"
#include "http/auth.h"
#include "http/server.h"

namespace fermata::api {

// Every route of the interface, with its handler.
Routes all_routes(Context& context);

class Service {
  public:
    // `tokens` may be nullptr: then nobody needs one.
    Service(engine::Engine& engine, store::Store& store, const Clock& clock,
            HttpMetrics& http_metrics, http::TokenFile* tokens, const Options& options);
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    [[nodiscard]] http::Handler handler() const { return handler_; }
    // Ends the event streams; they would hold up a stopping server.
    void stop() {
        streams_.stop();
        forwarding_.end_streams();
    }

  private:
    const Options options_;
    Forwarding forwarding_;
    Streams streams_;
    Context context_;
    http::Handler handler_;
};

}  // namespace fermata::api

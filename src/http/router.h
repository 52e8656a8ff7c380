// Router: picks the handler of a request by its method and path.
//
//   Router router;
//   router.add("GET", "/api/v1/sessions/{id}", get_session);
//   router.add("POST", "/api/v1/charts/{name}", put_chart, {.body_bytes_max = 8U << 20U});
//   router.add("GET", "/console/{path...}", serve_file);      // the rest of the path
//   auto server = Server::create(options, router.handler());
//
// Matching: segment by segment; a literal segment wins over {name}, and {name} over {rest...}.
// Answered here: 404; 405 with Allow; HEAD through the GET handler (the server drops the body);
// OPTIONS with Allow (204), unless a route of its own exists.
// Threads: add() before handler(); matching from any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "http/problem.h"
#include "http/server.h"

namespace fermata::http {

struct RouteOptions {
    // Instead of ServerOptions::body_bytes_max.
    std::optional<std::size_t> body_bytes_max = std::nullopt;
};

class Router {
  public:
    using RouteHandler = std::function<void(Request, Responder)>;
    // Turns a 404 or 405 of the router into a response.
    using ErrorWriter = std::function<Response(const Request&, const Problem&)>;

    Router();
    ~Router();
    Router(Router&&) noexcept;
    Router& operator=(Router&&) noexcept;

    // Patterns start with "/"; a pattern and method added twice is a bug of the caller (check).
    void add(std::string_view method, std::string_view pattern, RouteHandler handler,
             RouteOptions options = {});
    // Default: to_response(problem).
    void set_error_writer(ErrorWriter writer);

    // Routes one request; fills request.params.
    void serve(Request request, const Responder& responder) const;
    [[nodiscard]] std::size_t body_bytes_max(const Request& request, std::size_t otherwise) const;

    // What Server::create takes. The handler shares the routes; they must not change any more.
    [[nodiscard]] Handler handler() const;

  private:
    struct Table;
    std::shared_ptr<Table> table_;
};

}  // namespace fermata::http

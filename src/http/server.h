// Server: HTTP/1.1 over TCP or TLS (RFC 9110, 9112), on threads of its own.
//
// Life: create() binds, listens and serves; stop() or the destructor ends it. Each connection lives
// on one thread; the handler is called there and must not block: it answers at once, or keeps the
// Responder and answers later from any thread. Pipelined requests are handled in parallel and
// answered in order.
//
// Errors of a peer never reach the handler: they are answered here (400, 408, 413, 431, 503, 505)
// as problem documents, counted by the Observer, and close the connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/observer.h"
#include "http/request.h"
#include "http/response.h"

namespace fermata::http {

struct Handler {
    // Takes every well-formed request.
    std::function<void(Request, Responder)> serve;
    // The bound for the body of this request, whose body is not read yet; when empty,
    // ServerOptions::body_bytes_max holds for all. Router fills it from its routes.
    std::function<std::size_t(const Request&, std::size_t body_bytes_max)> body_bytes_max;
};

struct ServerOptions {
    // Numeric address to listen on; "::" takes IPv4 as well.
    std::string address = "127.0.0.1";
    // 0: any free port, which Server::port() tells.
    std::uint16_t port = 0;
    // Threads that read, call the handler and write.
    std::size_t threads = 1;
    // PEM files; both set: TLS 1.2 or newer only. The certificate file holds the whole chain.
    std::string tls_certificate_file;
    std::string tls_key_file;
    // Largest body, unless a route says otherwise; answer 413.
    std::size_t body_bytes_max = 1U << 20U;
    // Request line and header fields together; answer 431.
    std::size_t header_bytes_max = 16U << 10U;
    // From the first byte of a request (or from accept, handshake included) to the end of its
    // header; answer 408.
    std::chrono::milliseconds header_timeout{10'000};
    // From the end of the header to the end of the body; answer 408.
    std::chrono::milliseconds body_timeout{60'000};
    // A body slower than this on average is refused with 408, judged after body_rate_grace.
    std::size_t body_bytes_per_second_min = 512;
    std::chrono::milliseconds body_rate_grace{5'000};
    // Without a request on a kept-alive connection; closes silently.
    std::chrono::milliseconds idle_timeout{75'000};
    // Without any progress in writing to a client; closes.
    std::chrono::milliseconds write_timeout{30'000};
    // Open connections; further ones get 503 and are closed.
    std::size_t connections_max = 10'000;
    // Requests handed to the handler and not answered yet, open streams not counted; beyond it:
    // 503 with Retry-After.
    std::size_t requests_in_flight_max = 10'000;
    std::chrono::seconds retry_after{1};
    // Requests of one connection handled in parallel; beyond it the connection is not read.
    std::size_t pipelined_max = 64;
    // Bytes queued for one streaming client; beyond it Stream::write returns false.
    std::size_t stream_buffer_bytes_max = 256U << 10U;
    // Not owned, may be null; must outlive the server.
    Observer* observer = nullptr;
};

class Server {
  public:
    // kInvalidArgument for options that cannot be, kUnavailable when the address is in use.
    static Result<std::unique_ptr<Server>> create(ServerOptions options, Handler handler);

    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    // stop() with no time to finish.
    ~Server();

    [[nodiscard]] std::uint16_t port() const;
    // "http://127.0.0.1:8080", without a slash at the end.
    [[nodiscard]] std::string url() const;

    // Stops accepting, ends streams, lets requests in flight finish until the time is over, then
    // closes what is left and joins the threads. True when nothing had to be cut off.
    // Not from a handler or callback: it waits for their thread. Calls after the first do nothing.
    bool stop(std::chrono::milliseconds time_max);

    // Of this moment, for metrics and tests.
    [[nodiscard]] std::size_t connections() const;
    [[nodiscard]] std::size_t requests_in_flight() const;

  private:
    struct Core;
    explicit Server(std::unique_ptr<Core> core);

    std::unique_ptr<Core> core_;
};

}  // namespace fermata::http

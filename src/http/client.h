// Client: asynchronous HTTP requests on libcurl, with a thread of its own.
//
// Threads: fetch() and cancel() from any thread. Callbacks run on the client's thread, never inside
// fetch(), exactly once for each fetch; they must be short and may call fetch() and cancel().
// Security: only http and https, also on redirects; every URL, the first and each redirect, must
// pass the may_connect policy before a connection is made. Credentials in URLs are refused.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/headers.h"

namespace fermata::http {

struct ClientOptions {
    // Fetches on the wire at a time, and to one host; further ones wait in the queue.
    std::size_t in_flight_max = 256;
    std::size_t connections_per_host_max = 32;
    // Fetches waiting; beyond it fetch() fails with kOverloaded.
    std::size_t queued_max = 10'000;
    // Kept-alive connections that stay open for reuse, and for how long without a request.
    std::size_t idle_connections_max = 64;
    std::chrono::seconds idle_connection_age_max{118};
    std::chrono::milliseconds connect_timeout{5'000};
    // Bytes of response header fields, of each response.
    std::size_t header_bytes_max = 64U << 10U;
    // PEM bundle or hashed folder; empty: the system's.
    std::string tls_ca_file;
    std::string tls_ca_dir;
    // Off only for tests: nobody knows then whom it talks to.
    bool tls_verify = true;
    // "http://proxy:3128"; empty: none. The environment's proxy variables are ignored.
    std::string proxy;
    // Hosts reached without the proxy, separated by commas.
    std::string proxy_exceptions;
    std::string user_agent = "fermata";
    // Asked on the client's thread before each URL; false refuses it. Empty: everything may.
    std::function<bool(std::string_view url)> may_connect;
    // Asked on the client's thread with the numeric address and port, after name resolution and
    // before connecting; so a name cannot point behind a policy. Not asked with a proxy set: the
    // proxy resolves and connects then. Empty: everything may.
    std::function<bool(std::string_view address, std::uint16_t port)> may_connect_address;
};

struct FetchRequest {
    std::string url;
    std::string method = "GET";
    Headers headers;
    std::string body;
    // The whole fetch, waiting in the queue and redirects included. Of stream(): until the header
    // of the answer is complete.
    std::chrono::milliseconds timeout{30'000};
    // Of stream(), once the answer has begun: the longest time without a byte, 0 for any. Not
    // judged while the receiver has no room.
    std::chrono::milliseconds idle_timeout{0};
    // Of the decoded response body.
    std::size_t body_bytes_max = 8U << 20U;
    // 0: a redirect is the answer. 301, 302 and 303 turn POST into GET as browsers do.
    std::size_t redirects_max = 5;
};

enum class FetchError {
    kNone,        // there is a response, whatever its status
    kInvalidUrl,  // not http(s), or malformed
    kRefused,     // the may_connect policy, for the URL or a redirect
    kResolve,     // the name is unknown
    kConnect,     // nobody answers there
    kTls,         // handshake or certificate
    kTimeout,     // connect_timeout or the request's timeout
    kTooLarge,    // body_bytes_max or header_bytes_max
    kRedirects,   // more than redirects_max
    kProtocol,    // the answer is not proper HTTP, or broke off
    kCancelled,   // cancel(), or the client stopped
};
std::string_view to_string(FetchError error);

struct FetchResponse {
    FetchError error = FetchError::kNone;
    std::string message;  // why, when there is an error
    // The server may have got the request, or a part of it. Told by stream() only.
    bool was_sent = false;
    int status = 0;   // 0 without a response
    Headers headers;  // of the last response
    std::string body;
    std::string effective_url;  // after redirects
    std::size_t redirects = 0;
    std::chrono::nanoseconds duration{0};

    [[nodiscard]] bool is_success() const {
        return error == FetchError::kNone && status >= 200 && status < 300;
    }
};

using FetchId = std::uint64_t;

// Gets an answer piece by piece, on the client's thread; the calls must be short.
class FetchListener {
  public:
    FetchListener() = default;
    FetchListener(const FetchListener&) = delete;
    FetchListener& operator=(const FetchListener&) = delete;
    virtual ~FetchListener() = default;

    // The header of the answer is complete; not called when there is none.
    virtual void started(FetchId id, int status, Headers headers) = 0;
    // The next bytes, as they were sent. False: no room. Nothing more is read then; the same bytes,
    // perhaps with others behind them, come again after resume().
    virtual bool received(FetchId id, std::string_view bytes) = 0;
    // Once, and last. `response` has no headers and no body.
    virtual void ended(FetchId id, FetchResponse response) = 0;
};

class Client {
  public:
    using Callback = std::function<void(FetchResponse)>;
    using FetchId = http::FetchId;

    static Result<std::unique_ptr<Client>> create(ClientOptions options);

    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    // Cancels what is left (their callbacks run with kCancelled) and joins the thread.
    ~Client();

    // kOverloaded when queued_max is reached, kUnavailable after stop(); the callback is then never
    // called.
    Result<FetchId> fetch(FetchRequest request, Callback callback);
    // The same for an answer of any length. The request is sent at most once (a connection that
    // turns out to be dead is not replaced silently), redirects are answers, and nothing is added
    // to the headers but Host where there is none.
    Result<FetchId> stream(FetchRequest request, std::shared_ptr<FetchListener> listener);
    // The listener has room again.
    void resume(FetchId id);
    // The callback runs with kCancelled, unless the fetch is done already.
    void cancel(FetchId id);
    // As the destructor. Not from a callback: it waits for their thread.
    void stop();

    // Queued and on the wire, of this moment.
    [[nodiscard]] std::size_t pending() const;

  private:
    class Core;
    explicit Client(std::unique_ptr<Core> core);

    std::unique_ptr<Core> core_;
};

}  // namespace fermata::http

#include "http/server.h"

#include <array>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>

#include "base/check.h"
#include "base/log.h"
#include "http/server_thread.h"

namespace fermata::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorValue = boost::system::error_code;
using V6Only = asio::ip::v6_only;

// When accepting fails because the process is out of file descriptors, trying again at once would
// only burn the processor.
constexpr std::chrono::milliseconds kAcceptPause{50};

Result<std::unique_ptr<asio::ssl::context>> make_tls_context(const ServerOptions& options) {
    std::unique_ptr<asio::ssl::context> context;
    if (options.tls_certificate_file.empty() && options.tls_key_file.empty()) {
        return context;
    }
    if (options.tls_certificate_file.empty() || options.tls_key_file.empty()) {
        return Error(ErrorCode::kInvalidArgument,
                     "TLS needs both a certificate file and a key file");
    }
    context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    ErrorValue error;
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_options(context->native_handle(),
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
    context->use_certificate_chain_file(options.tls_certificate_file, error);
    if (error) {
        return Error(ErrorCode::kInvalidArgument,
                     "TLS certificate " + options.tls_certificate_file + ": " + error.message());
    }
    context->use_private_key_file(options.tls_key_file, asio::ssl::context::pem, error);
    if (error) {
        return Error(ErrorCode::kInvalidArgument,
                     "TLS key " + options.tls_key_file + ": " + error.message());
    }
    return context;
}

Result<void> check(const ServerOptions& options, const Handler& handler) {
    const bool has_zero = options.threads == 0 || options.header_bytes_max == 0 ||
                          options.connections_max == 0 || options.requests_in_flight_max == 0 ||
                          options.pipelined_max == 0 || options.stream_buffer_bytes_max == 0;
    if (has_zero) {
        return Error(ErrorCode::kInvalidArgument, "a limit of the HTTP server is 0");
    }
    if (!handler.serve) {
        return Error(ErrorCode::kInvalidArgument, "the HTTP server has no handler");
    }
    return {};
}

}  // namespace

struct Server::Core {
    ServerShared shared;
    std::vector<std::unique_ptr<ServerThread>> threads;
    std::unique_ptr<tcp::acceptor> acceptor;
    std::unique_ptr<asio::steady_timer> accept_pause;
    std::size_t thread_next = 0;
    std::uint16_t port = 0;
    std::mutex mutex;
    std::condition_variable connection_closed;
    bool is_stopped = false;
    bool is_accepting = true;  // on the first thread

    Result<void> listen();
    void accept();
    void take(tcp::socket socket, ServerThread& thread);
    void turn_away(tcp::socket& socket) const;
    bool stop(std::chrono::milliseconds time_max);
};

Result<void> Server::Core::listen() {
    ErrorValue error;
    const asio::ip::address address = asio::ip::make_address(shared.options.address, error);
    if (error) {
        return Error(ErrorCode::kInvalidArgument,
                     "'" + shared.options.address + "' is not a numeric address");
    }
    const tcp::endpoint endpoint(address, shared.options.port);
    acceptor = std::make_unique<tcp::acceptor>(threads.front()->context());
    accept_pause = std::make_unique<asio::steady_timer>(threads.front()->context());
    acceptor->open(endpoint.protocol(), error);
    if (!error) {
        acceptor->set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error && address.is_v6()) {
        acceptor->set_option(V6Only(!address.is_unspecified()), error);
    }
    if (!error) {
        acceptor->bind(endpoint, error);
    }
    if (!error) {
        acceptor->listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        return Error(ErrorCode::kUnavailable, "listen on " + shared.options.address + " port " +
                                                  std::to_string(shared.options.port) + ": " +
                                                  error.message());
    }
    port = acceptor->local_endpoint(error).port();
    return {};
}

// Sockets are given to the threads in turn.
void Server::Core::accept() {
    if (!is_accepting) {
        return;
    }
    ServerThread& thread = *threads[thread_next];
    acceptor->async_accept(
        thread.context(), [this, &thread](const ErrorValue& error, tcp::socket socket) {
            if (error == asio::error::operation_aborted || !is_accepting) {
                return;
            }
            if (error) {
                log::warning("accepting a connection failed", {{"reason", error.message()}});
                accept_pause->expires_after(kAcceptPause);
                accept_pause->async_wait([this](const ErrorValue& /*error*/) { accept(); });
                return;
            }
            take(std::move(socket), thread);
            accept();
        });
}

void Server::Core::take(tcp::socket socket, ServerThread& thread) {
    thread_next = (thread_next + 1) % threads.size();
    if (shared.connections.fetch_add(1) >= shared.options.connections_max) {
        shared.connections.fetch_sub(1);
        turn_away(socket);
        return;
    }
    thread.adopt(std::move(socket));
}

// Without waiting for anything: whoever floods the server gets no memory of it.
void Server::Core::turn_away(tcp::socket& socket) const {
    if (shared.options.observer != nullptr) {
        shared.options.observer->refused(Refusal::kConnectionsMax);
    }
    if (shared.tls != nullptr) {
        return;
    }
    ErrorValue ignored;
    socket.non_blocking(true, ignored);
    const std::string answer = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: " +
                               std::to_string(shared.options.retry_after.count()) +
                               "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    socket.write_some(asio::buffer(answer), ignored);
    // What the client has sent is taken out, for a close with unread input resets the connection.
    std::array<char, 4096> sink{};
    socket.read_some(asio::buffer(sink), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
}

bool Server::Core::stop(std::chrono::milliseconds time_max) {
    {
        const std::lock_guard lock(mutex);
        if (std::exchange(is_stopped, true)) {
            return true;
        }
    }
    asio::post(threads.front()->context(), [this] {
        is_accepting = false;
        ErrorValue ignored;
        acceptor->close(ignored);
        accept_pause->cancel();
        for (const std::unique_ptr<ServerThread>& thread : threads) {
            thread->drain();
        }
    });
    bool is_clean = false;
    {
        std::unique_lock lock(mutex);
        is_clean = connection_closed.wait_for(lock, time_max,
                                              [this] { return shared.connections.load() == 0; });
    }
    for (const std::unique_ptr<ServerThread>& thread : threads) {
        thread->stop();
    }
    return is_clean;
}

Result<std::unique_ptr<Server>> Server::create(ServerOptions options, Handler handler) {
    FERMATA_TRY(check(options, handler));
    auto core = std::make_unique<Core>();
    FERMATA_TRY_ASSIGN(core->shared.tls, make_tls_context(options));
    core->shared.options = std::move(options);
    core->shared.handler = std::move(handler);
    core->shared.on_connection_closed = [raw = core.get()] {
        const std::lock_guard lock(raw->mutex);
        raw->connection_closed.notify_all();
    };
    for (std::size_t i = 0; i < core->shared.options.threads; ++i) {
        core->threads.push_back(std::make_unique<ServerThread>(core->shared));
    }
    FERMATA_TRY(core->listen());
    core->accept();
    for (const std::unique_ptr<ServerThread>& thread : core->threads) {
        thread->start();
    }
    return std::unique_ptr<Server>(new Server(std::move(core)));
}

Server::Server(std::unique_ptr<Core> core) : core_(std::move(core)) {}

Server::~Server() {
    try {
        core_->stop(std::chrono::milliseconds(0));
    } catch (const std::exception& error) {
        check_failed(error.what(), __FILE__, __LINE__);  // threads that run on cannot be left
    }
}

std::uint16_t Server::port() const {
    return core_->port;
}

std::string Server::url() const {
    const std::string& address = core_->shared.options.address;
    const bool is_v6 = address.find(':') != std::string::npos;
    return std::string(core_->shared.tls ? "https://" : "http://") +
           (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(core_->port);
}

bool Server::stop(std::chrono::milliseconds time_max) {
    return core_->stop(time_max);
}

std::size_t Server::connections() const {
    return core_->shared.connections.load();
}

std::size_t Server::requests_in_flight() const {
    return core_->shared.in_flight->load();
}

}  // namespace fermata::http

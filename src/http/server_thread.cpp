#include "http/server_thread.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "base/check.h"
#include "http/asio_transport.h"

namespace fermata::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Time bounds are looked at this often: a quarter of the shortest, within reason.
std::chrono::milliseconds tick_interval(const ServerOptions& options) {
    const std::chrono::milliseconds shortest =
        std::min({options.header_timeout, options.body_timeout, options.body_rate_grace,
                  options.idle_timeout, options.write_timeout});
    return std::clamp(shortest / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(250));
}

Peer peer_of(const tcp::socket& socket, bool is_tls) {
    boost::system::error_code error;
    const tcp::endpoint endpoint = socket.remote_endpoint(error);
    if (error) {
        return {{}, 0, is_tls};
    }
    asio::ip::address address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    return {address.to_string(), endpoint.port(), is_tls};
}

}  // namespace

ServerThread::ServerThread(ServerShared& shared)
    : shared_(shared),
      work_(asio::make_work_guard(context_)),
      tick_timer_(context_),
      tick_interval_(tick_interval(shared.options)),
      host_{shared.options,
            shared.handler,
            std::make_shared<Mailbox>([this] { asio::post(context_, [this] { deliver_mail(); }); }),
            shared.in_flight,
            ResponseWriter(),
            [this](ConnectionId id) { asio::post(context_, [this, id] { drop(id); }); },
            false} {}

ServerThread::~ServerThread() {
    try {
        stop();
    } catch (const std::exception& error) {
        check_failed(error.what(), __FILE__, __LINE__);  // a thread that runs on cannot be left
    }
}

void ServerThread::start() {
    schedule_tick();
    thread_ = std::thread([this] { context_.run(); });
}

void ServerThread::adopt(tcp::socket socket) {
    asio::post(context_, [this, moved = std::make_shared<tcp::socket>(std::move(socket))] {
        add(std::move(*moved));
    });
}

void ServerThread::add(tcp::socket socket) {
    if (shared_.options.observer != nullptr) {
        shared_.options.observer->connection_opened();
    }
    const ConnectionId id = id_next_++;
    auto connection =
        std::make_unique<Connection>(host_, id, peer_of(socket, shared_.tls != nullptr));
    Connection& added = *connection;
    connections_.emplace(id, std::move(connection));
    added.start(make_transport(std::move(socket), shared_.tls.get(), added));
    if (host_.is_draining) {
        added.cut();
    }
}

void ServerThread::drop(ConnectionId id) {
    if (connections_.erase(id) == 0) {
        return;
    }
    if (shared_.options.observer != nullptr) {
        shared_.options.observer->connection_closed();
    }
    shared_.connections.fetch_sub(1);
    shared_.on_connection_closed();
}

void ServerThread::deliver_mail() {
    for (const ConnectionId id : host_.mailbox->take()) {
        const auto found = connections_.find(id);
        if (found != connections_.end()) {
            found->second->look();
        }
    }
}

void ServerThread::schedule_tick() {
    tick_timer_.expires_after(tick_interval_);
    tick_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && !is_stopping_) {
            tick();
            schedule_tick();
        }
    });
}

void ServerThread::tick() {
    // Nothing a connection does in tick() changes the map: drop() is always posted.
    const Connection::Instant now = std::chrono::steady_clock::now();
    for (const auto& entry : connections_) {
        entry.second->tick(now);
    }
}

void ServerThread::drain() {
    asio::post(context_, [this] {
        host_.is_draining = true;
        for (const auto& entry : connections_) {
            entry.second->drain();
        }
    });
}

void ServerThread::cut_all() {
    host_.is_draining = true;
    is_stopping_ = true;
    for (const auto& entry : connections_) {
        entry.second->cut();
    }
    tick_timer_.cancel();
    work_.reset();
}

void ServerThread::stop() {
    if (!thread_.joinable()) {
        return;
    }
    // The loop ends by itself when the last pending operation has been told of the closing.
    asio::post(context_, [this] { cut_all(); });
    thread_.join();
    host_.mailbox->close();
}

}  // namespace fermata::http

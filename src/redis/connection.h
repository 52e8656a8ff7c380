// Connection: one TCP or TLS connection to one node, from name resolution to login, then commands
// out and replies in, in order. Included by .cpp files of this folder only (Asio, hiredis).
//
// Sockets and timers are Asio's, protocol and TLS records hiredis's; neither ever blocks. Nothing
// is retried here: the first trouble closes the connection and says why.
//
// Ownership: made by create(); pending operations hold it alive until close().
// Threads: the event loop's only.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/result.h"
#include "redis/command.h"
#include "redis/greeting.h"
#include "redis/outgoing.h"
#include "redis/reply.h"
#include "redis/tls.h"
#include "redis/topology.h"

struct redisContext;

namespace fermata::redis {

// Must live until closed() is called or close() has been.
class ConnectionListener {
  public:
    ConnectionListener() = default;
    ConnectionListener(const ConnectionListener&) = delete;
    ConnectionListener& operator=(const ConnectionListener&) = delete;
    virtual ~ConnectionListener() = default;

    virtual void opened(const ServerFacts& facts) = 0;
    // One for each command, in their order; an error reply too.
    virtual void received(Reply reply) = 0;
    // It never opened, or is lost: kForbidden when login or rights are refused, else kUnavailable.
    // The last call.
    virtual void closed(const Error& error) = 0;
};

struct ConnectionSettings {
    boost::asio::io_context& loop;
    const Options& options;
    const TlsContext* tls;  // null: plain TCP
};

class Connection : public std::enable_shared_from_this<Connection> {
  public:
    // settings' references must outlive the connection.
    static std::shared_ptr<Connection> create(const ConnectionSettings& settings, Node node,
                                              ConnectionListener& listener);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    void open();
    // Into the buffer; flush() sends what has gathered.
    void append(const Command& command);
    void append(std::string_view encoded);
    void flush();
    // At once what the socket takes; the rest, and all of it with TLS, goes into the buffer.
    void send(Outgoing& outgoing);
    // The listener hears nothing any more.
    void close();

    [[nodiscard]] bool is_open() const { return stage_ == Stage::kOpen; }
    [[nodiscard]] const Node& node() const { return node_; }
    // Null without TLS and before the handshake.
    [[nodiscard]] const SSL* ssl() const { return ssl_; }

  private:
    using ErrorValue = boost::system::error_code;
    using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;
    enum class Stage { kConnecting, kHandshake, kGreeting, kOpen, kClosed };

    Connection(const ConnectionSettings& settings, Node node, ConnectionListener& listener);

    void resolve(const std::string& host);
    void resolved(const std::string& host, const ErrorValue& error, const Endpoints& endpoints);
    void connect(const Endpoints& endpoints);
    void free_hiredis();
    void connected();
    ErrorValue watch_anew();
    void begin_handshake();
    void shake_hands();
    void greet();
    void take_greeting(const Reply& reply);

    // What the socket did not take.
    std::span<iovec> write_now(std::span<iovec> pieces);
    void wait_readable();
    void wait_writable();
    void on_readable();
    // False when the connection was closed on the way.
    bool read_available();
    bool deliver_replies();
    [[nodiscard]] std::string transport_failure() const;
    void fail(ErrorCode code, std::string_view what);

    ConnectionSettings settings_;
    Node node_;
    ConnectionListener* listener_;
    Stage stage_ = Stage::kConnecting;
    boost::asio::ip::tcp::resolver resolver_;
    boost::asio::ip::tcp::socket socket_;  // owns the descriptor that hiredis borrows
    boost::asio::steady_timer timer_;      // until it is open
    redisContext* hiredis_ = nullptr;
    SSL* ssl_ = nullptr;  // owned by hiredis_
    Greeting greeting_;
    std::string head_;  // reused for each command
    bool is_waiting_writable_ = false;
};

}  // namespace fermata::redis

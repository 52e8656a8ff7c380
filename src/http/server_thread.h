// ServerThread: one event loop with its connections. Included by .cpp files of this folder only.
//
// Threads: the public methods from any thread; the connections live on the thread itself.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_map>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http/connection.h"

namespace fermata::http {

// What all threads of one server share.
struct ServerShared {
    ServerOptions options;
    Handler handler;
    std::unique_ptr<boost::asio::ssl::context> tls;  // null: plain TCP
    std::shared_ptr<std::atomic<std::size_t>> in_flight =
        std::make_shared<std::atomic<std::size_t>>(0);
    std::atomic<std::size_t> connections = 0;
    // Called on a server thread whenever a connection is gone.
    std::function<void()> on_connection_closed;
};

class ServerThread {
  public:
    // shared must outlive the thread.
    explicit ServerThread(ServerShared& shared);
    ServerThread(const ServerThread&) = delete;
    ServerThread& operator=(const ServerThread&) = delete;
    ~ServerThread();

    [[nodiscard]] boost::asio::io_context& context() { return context_; }

    void start();
    // The socket was made on context(); it counts among the connections already.
    void adopt(boost::asio::ip::tcp::socket socket);
    void drain();
    // Closes all connections and joins the thread.
    void stop();

  private:
    void add(boost::asio::ip::tcp::socket socket);
    void drop(ConnectionId id);
    void deliver_mail();
    void schedule_tick();
    void tick();
    void cut_all();

    ServerShared& shared_;
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    boost::asio::steady_timer tick_timer_;
    std::chrono::milliseconds tick_interval_;
    ConnectionHost host_;
    std::unordered_map<ConnectionId, std::unique_ptr<Connection>> connections_;
    ConnectionId id_next_ = 1;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace fermata::http

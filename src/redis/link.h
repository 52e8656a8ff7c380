// Link: keeps one connection to a node open: opens it, and again after each loss, with pauses.
// Included by .cpp files of this folder only (Asio).
//
// Threads: the event loop's only. The listener must outlive the link and must not destroy it from
// a call.
#pragma once

#include <memory>

#include "redis/backoff.h"
#include "redis/connection.h"
#include "redis/surroundings.h"
#include "redis/timer.h"

namespace fermata::redis {

class LinkListener {
  public:
    LinkListener() = default;
    LinkListener(const LinkListener&) = delete;
    LinkListener& operator=(const LinkListener&) = delete;
    virtual ~LinkListener() = default;

    virtual void linked(const ServerFacts& facts) = 0;
    virtual void received(Reply reply) = 0;
    // Could not be opened, or was lost; the next attempt follows by itself.
    virtual void unlinked(const Error& error) = 0;
};

class Link final : private ConnectionListener {
  public:
    Link(Surroundings& surroundings, Node node, LinkListener& listener);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() override;

    void start();
    [[nodiscard]] bool is_open() const { return connection_ != nullptr && connection_->is_open(); }
    // Only while is_open().
    [[nodiscard]] Connection& connection() { return *connection_; }
    [[nodiscard]] const Node& node() const { return node_; }
    // Gives an open connection up, as if it had been lost.
    void drop(const Error& why);

  private:
    void opened(const ServerFacts& facts) override;
    void received(Reply reply) override;
    void closed(const Error& error) override;

    void dial();

    Surroundings& surroundings_;
    Node node_;
    LinkListener& listener_;
    std::shared_ptr<Connection> connection_;
    Backoff backoff_;
    Timer timer_;
};

}  // namespace fermata::redis

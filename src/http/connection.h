// Connection: one client's HTTP/1.1 conversation: requests parsed from its transport's bytes are
// handed out, answers are written in order.
//
// Reading goes through phases (ReadPhase), each with its own time bound, looked at by tick().
// Ownership: belongs to the ConnectionHost (the server thread), which drops it when done() says so.
// Threads: all methods on the server thread; other threads reach it through the mailbox.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "http/request_parser.h"
#include "http/response_writer.h"
#include "http/server.h"
#include "http/transport.h"

namespace fermata::http {

// What all connections of one server thread share.
struct ConnectionHost {
    const ServerOptions& options;
    const Handler& handler;
    std::shared_ptr<Mailbox> mailbox;
    std::shared_ptr<std::atomic<std::size_t>> in_flight;
    ResponseWriter writer;
    // The connection asks to be dropped; done later, never inside the call.
    std::function<void(ConnectionId)> drop;
    bool is_draining = false;
};

struct Peer {
    std::string address;
    std::uint16_t port = 0;
    bool is_tls = false;
};

class Connection final : public TransportListener {
  public:
    using Instant = std::chrono::steady_clock::time_point;

    Connection(ConnectionHost& host, ConnectionId id, Peer peer);
    ~Connection() override;

    // Called once; the transport was made with this connection as its listener.
    void start(std::shared_ptr<Transport> transport);
    // Something of an exchange may be ready to be written.
    void look();
    // Enforces the time bounds.
    void tick(Instant now);
    // No further requests; closes when nothing is owed any more.
    void drain();
    // Closes now.
    void cut();

    void opened(bool success) override;
    void received(std::string_view bytes) override;
    void received_end() override;
    void progressed() override;
    void written() override;
    void failed() override;
    void ended() override;

  private:
    enum class ReadPhase {
        kOpening,    // TLS handshake
        kIdle,       // no byte of a request yet
        kHeader,     // some bytes of one
        kBody,       // the header is complete
        kPaused,     // pipelined_max requests are owed an answer
        kEnded,      // no further request; input is thrown away, read only to see the client leave
        kLingering,  // all is written; input is thrown away, so that no reset overtakes the answer
        kClosed,
    };

    void enter(ReadPhase phase);
    // Parses, writes and reads on, as far as possible now.
    void work();
    void consume(std::string_view bytes);
    // Throws input away; too much of it ends the connection as soon as the answer is out.
    void swallow(std::size_t bytes);
    // One step of the parser; false when it needs more bytes or no more are wanted.
    bool parse(std::string_view bytes, std::size_t& consumed);
    bool begin_body();
    void dispatch();
    std::shared_ptr<Exchange> owe(const Request& request, bool keep_alive);
    void refuse(int status, std::string detail, Refusal refusal);
    void resume();
    void read_more();
    void write_answers();
    // False when the exchange owes more.
    bool append_output(Exchange& exchange);
    void append_head(Exchange& exchange, const Exchange::Output& output);
    void send();
    void after_write();
    void finish();
    void record(const Exchange& exchange, const Response& response) const;
    void count_refusal(Refusal refusal) const;
    [[nodiscard]] bool owes_only_streams() const;
    [[nodiscard]] bool is_body_too_slow(Instant now) const;

    ConnectionHost& host_;
    const ConnectionId id_;
    const Peer peer_;
    std::shared_ptr<Transport> transport_;
    RequestParser parser_;
    ReadPhase phase_ = ReadPhase::kOpening;
    Instant phase_began_;
    std::string unread_;  // received and not parsed yet
    bool is_reading_ = false;
    std::size_t swallowed_bytes_ = 0;
    std::deque<std::shared_ptr<Exchange>> owed_;
    std::string out_;
    bool is_writing_ = false;
    Instant write_progress_;
    bool input_ended_ = false;
    bool closes_ = false;            // after what is owed
    bool has_unread_input_ = false;  // the client may still be sending what nobody will read
    bool continue_due_ = false;      // "100 Continue", once nothing is owed before it
};

}  // namespace fermata::http

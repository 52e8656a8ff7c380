// Response, and the handles through which any thread answers later: Responder and Stream.
//
// Ownership: both handles are cheap to copy and share one state; they stay valid after the
// connection or the server is gone, and then simply report so.
// Threads: handles from any thread. Callbacks given to on_close run on the server's thread of that
// connection, or at once on the caller's thread when the client is gone already; they must be
// short.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/headers.h"

namespace fermata::http {

struct Response {
    int status = 200;
    // Content-Length, Connection, Date and Transfer-Encoding are the server's business.
    Headers headers;
    std::string body;

    static Response json(int status, std::string body);  // application/json
    static Response text(int status, std::string body);  // text/plain; charset=utf-8
    static Response empty(int status) { return {status, {}, {}}; }
    static Response redirect(int status, std::string location);
};

// "Not Found"; "Unknown" for a status without a registered phrase.
std::string_view reason_phrase(int status);

// A response body that is written bit by bit, such as server-sent events.
//
// Dropping the last copy without close() closes the stream too.
class Stream {
  public:
    struct State;

    Stream() = default;  // closed
    explicit Stream(std::shared_ptr<State> state);

    // Queues text for the client. False, and nothing queued, when the client's buffer
    // (ServerOptions::stream_buffer_bytes_max) is full or the stream is closed. A slow reader is
    // thus the caller's choice: skip and tell it later ("gap"), or close.
    bool write(std::string_view text);
    // Ends the body in order, after what is queued.
    void close();
    // Ends it without its proper end, so that the client sees that something is missing. What is
    // queued is dropped.
    void break_off();
    [[nodiscard]] bool is_open() const;
    // Bytes queued and not yet taken by the socket.
    [[nodiscard]] std::size_t buffered_bytes() const;
    // Called once when the client went away or the server ended the stream; not after close().
    // A second call replaces the callback.
    void on_close(std::function<void()> callback);
    // Called once, on the server's thread of the connection, when the client has taken some of what
    // is queued; at once when nothing is. A second call replaces the callback; it is dropped when
    // the stream ends.
    void on_room(std::function<void()> callback);

  private:
    std::shared_ptr<State> state_;
};

// The right to answer one request, exactly once. When the last copy is dropped unanswered, the
// client gets 500.
class Responder {
  public:
    struct State;

    Responder() = default;  // answers nobody
    explicit Responder(std::shared_ptr<State> state);

    // False when the request is answered already; the response is then ignored. True also when the
    // client has gone: there is nothing the caller could do.
    bool send(Response response) const;
    // Starts a body of unknown length with these headers; a closed Stream when answered already or
    // the client is gone. A HEAD request gets the headers only, and a closed Stream.
    [[nodiscard]] Stream start_stream(int status, Headers headers) const;
    [[nodiscard]] bool is_answered() const;
    // The client closed its side or the connection broke, before the answer was sent. A second call
    // replaces the callback.
    void on_close(std::function<void()> callback) const;
    // Another handle on the same right, for somebody whose response may turn out not to be the last
    // word: send() asks `takes` first, on its own thread. True: the response goes nowhere, and
    // whoever made this handle sees to the answer. Streams are not asked about.
    [[nodiscard]] Responder filtered(std::function<bool(const Response&)> takes) const;

  private:
    std::shared_ptr<State> state_;
};

}  // namespace fermata::http

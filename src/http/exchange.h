// Exchange: one request and its answer, shared by the connection that owes the answer and the
// handles (Responder, Stream) through which any thread gives it.
//
// Ownership: the connection and the handles hold it; it holds no connection, only the mailbox of
// the connection's thread and the connection's number there, so that nothing keeps a dead one.
// Threads: every method from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/wakeup.h"
#include "http/response.h"

namespace fermata::http {

using ConnectionId = std::uint64_t;

// What other threads ask a server thread to look at: connections with something to write. One
// wake-up covers all that gathers until the thread takes it.
class Mailbox final : public Sleeper, public std::enable_shared_from_this<Mailbox> {
  public:
    // wake: called by any thread, never after close().
    explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

    void post(ConnectionId connection);
    // Takes all; the order is that of post().
    std::vector<ConnectionId> take();
    // After this, posts are dropped: the thread is gone.
    void close();
    void wake() override;

  private:
    std::mutex mutex_;
    std::function<void()> wake_;
    std::vector<ConnectionId> waiting_;
    bool closed_ = false;
};

// What an exchange needs to know about its request and server.
struct ExchangeTraits {
    std::shared_ptr<Mailbox> mailbox;
    // Counts unanswered requests of the server.
    std::shared_ptr<std::atomic<std::size_t>> in_flight;
    ConnectionId connection = 0;
    std::size_t stream_buffer_bytes_max = 0;
    bool is_head = false;
};

// For the access log; filled only when somebody observes.
struct ExchangeLog {
    std::string method;
    std::string target;
    std::string user_agent;
    std::size_t request_body_bytes = 0;
    std::chrono::steady_clock::time_point started;
};

class Exchange {
  public:
    enum class Departure { kHalfClosed, kGone };
    enum class Phase { kWaiting, kAnswered, kStreaming, kDone };

    // What a connection finds when it looks whether it can write.
    struct Output {
        Phase phase = Phase::kWaiting;
        bool has_head = false;  // response is set: status and headers, and the body if kAnswered
        Response response;
        std::string text;         // of the stream
        bool stream_end = false;  // nothing follows text
        bool broken_off = false;  // and the client is to see that something is missing
    };

    explicit Exchange(ExchangeTraits traits);
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange() = default;

    // The handles' side.
    bool answer(Response response);
    bool start_stream(int status, Headers headers);
    bool write(std::string_view text);
    void close_stream();
    void break_off_stream();
    void on_room(std::function<void()> callback);
    void on_close(std::function<void()> callback);
    [[nodiscard]] bool is_answered() const;
    [[nodiscard]] bool is_streaming() const;
    [[nodiscard]] std::size_t buffered_bytes() const;

    // The connection's side, when the socket can take more.
    Output take();
    // What take() gave has been written.
    void text_written();
    // The client went away; calls the callback, ends a stream. Unless it may still be reading
    // (kHalfClosed), later answers are dropped.
    void client_left(Departure departure);
    // The server ends a stream in order; calls the callback.
    void end_stream();
    [[nodiscard]] bool is_head() const { return traits_.is_head; }

    // Set before the request is handed out, read by the connection.
    ExchangeLog log;
    // The connection closes after this answer.
    bool closes_connection = false;
    // Of a stream to an HTTP/1.0 client: not chunked, ended by closing.
    bool is_http_1_0 = false;

  private:
    void leave_waiting(Phase phase);
    void end_by_handle(bool broken_off);
    void wake();

    const ExchangeTraits traits_;
    mutable std::mutex mutex_;
    Phase phase_ = Phase::kWaiting;
    bool gone_ = false;  // the client
    bool cut_ = false;   // on_close was due: the client is gone or the server ended the stream
    bool head_ready_ = false;
    bool stream_open_ = false;
    bool broken_off_ = false;
    bool woken_ = false;
    Response response_;
    std::string text_;
    std::size_t text_in_flight_ = 0;
    std::function<void()> on_close_;
    std::function<void()> on_room_;
};

// While one of these lives, the thread is working on that connection and will look at its exchanges
// afterwards: an answer given meanwhile on this thread needs no wake-up.
class WorkingOnConnection {
  public:
    WorkingOnConnection(const Mailbox* mailbox, ConnectionId connection);
    WorkingOnConnection(const WorkingOnConnection&) = delete;
    WorkingOnConnection& operator=(const WorkingOnConnection&) = delete;
    ~WorkingOnConnection();

    static bool is(const Mailbox* mailbox, ConnectionId connection);

  private:
    const Mailbox* mailbox_before_;
    ConnectionId connection_before_;
};

struct Responder::State {
    explicit State(std::shared_ptr<Exchange> of) : exchange(std::move(of)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();

    std::shared_ptr<Exchange> exchange;
    // Of Responder::filtered().
    std::function<bool(const Response&)> takes;
    std::atomic<bool> taken = false;
};

struct Stream::State {
    explicit State(std::shared_ptr<Exchange> of) : exchange(std::move(of)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();

    std::shared_ptr<Exchange> exchange;
};

}  // namespace fermata::http

// Relay: one request under way at another instance, whose answer goes back to the client as it
// comes.
//
// A short answer of known length is gathered, so that nothing of it has been sent when the other
// instance dies in the middle of it; any other is streamed. A client that reads slowly makes the
// other instance wait: at most the stream's buffer and one piece of the client's are held.
//
// Ownership: the http::Client holds it until the end was told. Threads: start() and the requests to
// end from any thread; `done` is called on the client's thread, once.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http/client.h"
#include "http/response.h"

namespace fermata::api {

// How it ended, and so what may be done now.
struct RelayOutcome {
    enum class Kind : std::uint8_t {
        kOver,     // answered, or the client is gone
        kNotHere,  // the other instance did nothing: the session is not there
        kNotSent,  // it cannot be reached; nothing was done
        kLost,     // no answer came back; what was asked may have been done or not
        kLate,     // no answer in time, the same
    } kind = Kind::kOver;
    std::string reason = {};
};

class Relay final : public http::FetchListener, public std::enable_shared_from_this<Relay> {
  public:
    using Done = std::function<void(RelayOutcome)>;

    // kOverloaded and so on as http::Client::stream(); `done` is not called then. The client must
    // outlive the relay.
    static Result<std::shared_ptr<Relay>> start(http::Client& client, http::FetchRequest request,
                                                const http::Responder& responder, Done done);

    // The session has another owner now: an answer that has not begun is lost, an event stream
    // ends.
    void end_for_move();
    // An event stream ends; any other answer goes on.
    void end_stream();
    [[nodiscard]] bool is_over() const { return over_.load(); }

    void started(http::FetchId id, int status, http::Headers headers) override;
    bool received(http::FetchId id, std::string_view bytes) override;
    void ended(http::FetchId id, http::FetchResponse response) override;

  private:
    enum class Phase : std::uint8_t { kWaiting, kGathering, kStreaming, kIgnoring };
    enum class Cause : std::uint8_t { kNone, kClientLeft, kMoved, kStopping };

    Relay(http::Client& client, http::Responder responder, Done done)
        : client_(client), responder_(std::move(responder)), done_(std::move(done)) {}

    void end_because(Cause cause);
    void start_streaming(http::FetchId id, int status, const http::Headers& headers);
    void end_streaming(const http::FetchResponse& end);
    [[nodiscard]] RelayOutcome outcome_without_answer(const http::FetchResponse& end) const;
    std::function<void()> leave();

    http::Client& client_;
    const http::Responder responder_;
    Done done_;
    std::atomic<http::FetchId> id_ = 0;  // set before start() returns
    std::atomic<Cause> cause_ = Cause::kNone;
    std::atomic<bool> is_event_stream_ = false;
    std::atomic<Phase> phase_ = Phase::kWaiting;
    std::atomic<bool> over_ = false;
    // The client's thread only:
    http::Response answer_;
    http::Stream stream_;
    std::size_t taken_of_piece_ = 0;  // of the bytes that come again
    char last_byte_ = '\n';
};

}  // namespace fermata::api

// LiveHub: hands the moments of all shards on to those who watch, and keeps the newest ones for
// streams that resume.
//
// Moments cost something to build (names, values), so they are only built while somebody listens,
// for the resume window after the last one left, and for some seconds at the start of a process, so
// that a client whose connection broke can go on behind its last moment. At other times a shard
// calls skip(), one atomic addition: ids increase all the same, and a client that comes back later
// is told that there is a gap.
//
//   if (hub.is_recording()) { hub.publish(moments of a durable commit); } else { hub.skip(count); }
//
// Threads: every method from any thread. Sinks are called under the hub's lock, in the order of
// ids, from the publishing thread (or, for moments of the buffer, from within subscribe()); they
// must be quick and must not call the hub. When the destructor of a Subscription has returned, its
// sink is not called any more. Ownership: subscriptions may outlive the hub. Limits: LiveHubOptions
// bounds the buffer by count and bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/session_id.h"
#include "engine/engine.h"
#include "engine/view.h"

namespace fermata::engine {

struct LiveHubOptions {
    // live-buffer-length: moments kept for streams that resume; 0: none, streams cannot resume.
    std::size_t moments_max = 10'000;
    // live-buffer-size: about how many bytes those may hold.
    std::size_t bytes_max = 64U << 20U;
    // live-resume-window: how long moments are kept coming when nobody listens any more.
    std::chrono::milliseconds resume_window{60'000};
};

class LiveHub {
  public:
    using Sink = std::function<void(const LiveMoment& moment, bool gap)>;

    // `clock` must outlive the hub.
    LiveHub(const LiveHubOptions& options, const Clock& clock);
    ~LiveHub();
    LiveHub(const LiveHub&) = delete;
    LiveHub& operator=(const LiveHub&) = delete;

    // Would anybody see a moment published now, at once or by resuming?
    [[nodiscard]] bool is_recording() const;
    // Gives ids in order, keeps and hands on. All moments of one commit in one call.
    void publish(std::vector<LiveMoment> moments);
    // Moments that were not built, since nobody is there to see them.
    void skip(std::uint64_t count);

    // `session` empty: moments of all sessions. With `after_id`, first what the buffer has behind
    // it; `gap` is true for the first moment when others may be missing before it (dropped from the
    // buffer, skipped, or of another process run).
    [[nodiscard]] std::unique_ptr<Subscription> subscribe(const std::optional<SessionId>& session,
                                                          std::optional<std::uint64_t> after_id,
                                                          Sink sink);

    // Id of the newest moment; 0 before the first.
    [[nodiscard]] std::uint64_t last_id() const;
    [[nodiscard]] std::size_t subscription_count() const;

  private:
    class State;
    class Handle;
    // Shared with the subscriptions, which may outlive the hub.
    std::shared_ptr<State> state_;
};

}  // namespace fermata::engine

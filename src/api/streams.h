// Streams: the live event streams that are open now.
//
// Each stream has a subscription at the engine whose moments it writes as server-sent events. A
// client that reads too slowly loses moments and is told so by a `gap` event. Ids are
// "<run>-<moment>", run being new with every process, so that a client that resumes after a restart
// is told of the gap, too. A stream of one session ends when that moves to another instance; its
// client is asked to come back, and is then led there.
//
// Ownership: owned by the api's Service; keeps a reference to the engine. Threads: every method
// from any thread. Limits: max-streams; each stream's buffer is the server's ([http]
// max-stream-buffer).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "http/response.h"

namespace fermata::api {

// What a client that comes back has seen.
struct ResumePoint {
    std::uint64_t after_id = 0;
    bool same_run = true;
};

class Streams {
  public:
    // Whether the moments of that session happen on another instance now.
    using IsElsewhere = std::function<bool(const std::string& session)>;

    // Empty `is_elsewhere`: nothing ever moves.
    Streams(engine::Engine& engine, std::size_t streams_max,
            std::chrono::milliseconds heartbeat_interval, IsElsewhere is_elsewhere = {});
    Streams(const Streams&) = delete;
    Streams& operator=(const Streams&) = delete;
    ~Streams();

    // Starts streaming to the responder: moments of one session, or of all when `session` is empty.
    // `last_event_id` as the client sent it, or "". Refuses with `overloaded` when there are too
    // many.
    void open(const http::Responder& responder, const std::string& session,
              std::string_view last_event_id);
    [[nodiscard]] std::size_t count() const;
    // Closes all streams; later ones are refused.
    void stop();

  private:
    class Writer;
    struct Live;

    [[nodiscard]] std::optional<ResumePoint> parse_resume(std::string_view last_event_id) const;
    void remove(std::uint64_t number);
    void live_on(const std::stop_token& stopping);
    [[nodiscard]] std::vector<std::pair<std::uint64_t, std::shared_ptr<Live>>> all() const;
    void beat();
    void end_moved();

    engine::Engine& engine_;
    const std::size_t streams_max_;
    const std::chrono::milliseconds heartbeat_interval_;
    const IsElsewhere is_elsewhere_;
    const std::string run_;
    mutable std::mutex mutex_;
    bool stopped_ = false;                                 // under mutex_
    std::uint64_t next_number_ = 1;                        // under mutex_
    std::map<std::uint64_t, std::shared_ptr<Live>> live_;  // under mutex_
    std::jthread heart_;                                   // last: it uses the others
};

}  // namespace fermata::api

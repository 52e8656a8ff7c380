// LiveSession: a session in memory: what the interpreter needs, and what the engine must know to
// write commits.
//
// A million of them may be idle in memory, so everything that most sessions do not need stands
// behind `rare`. SessionList owns them, least recently used first.
//
// Threads: the shard's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/session_id.h"
#include "engine/delivery.h"
#include "engine/pending_timers.h"
#include "engine/record_codec.h"
#include "engine/stored_items.h"
#include "scxml/interpreter.h"

namespace fermata::engine {

struct LiveSession {
    struct Rare {
        std::optional<SessionId> parent;
        std::string invokeid;                                    // by which the parent knows it
        std::string key;                                         // the client's own name
        std::vector<std::pair<std::string, SessionId>> invokes;  // running children
        // A session that waits for its start: what it will be started with.
        std::unique_ptr<SessionMeta> scheduled;
    };

    SessionId id;
    scxml::Session scxml;
    std::uint64_t seq = 0;  // last issued
    UnixMillis created_ms = 0;
    UnixMillis used_ms = 0;
    std::uint64_t state_hash = 0;  // of the last written field "state"
    StoredItems items;
    DeliveryQueue queue;
    std::unique_ptr<Rare> rare;
    PendingTimers timers;
    LiveSession* older = nullptr;
    LiveSession* newer = nullptr;
    std::uint32_t commits_waiting = 0;  // issued, and not known to be durable
    std::uint32_t timer_number_next = 1;
    std::uint32_t unique_id_next = 1;
    bool ready = false;     // in the lane's list of sessions to run
    bool in_batch = false;  // has a commit in the batch that is being built
    bool parked = false;    // waits until its self-sent events have inbox numbers
    bool ended = false;     // its last commit is under way

    Rare& rare_parts() {
        if (rare == nullptr) {
            rare = std::make_unique<Rare>();
        }
        return *rare;
    }
    [[nodiscard]] bool is_idle() const {
        return queue.empty() && commits_waiting == 0 && !ready && !ended;
    }
    [[nodiscard]] const SessionId* find_child(std::string_view invokeid) const;
    [[nodiscard]] std::string name()
        const;  // `application` of views: <scxml name>, else the end of the URL
};

// `name` of the chart, else the last part of its URL.
std::string application_of(const scxml::Chart& chart);

// On a 64-bit machine; a million idle sessions pay for every byte.
static_assert(sizeof(LiveSession) <= 200);

class SessionList {
  public:
    SessionList() = default;
    SessionList(const SessionList&) = delete;
    SessionList& operator=(const SessionList&) = delete;
    ~SessionList();

    LiveSession& add(std::unique_ptr<LiveSession> session);
    void remove(LiveSession& session);  // and deletes it
    void touch(LiveSession& session);   // makes it the most recently used
    [[nodiscard]] LiveSession* oldest() const { return oldest_; }
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    void unlink(LiveSession& session);
    void link(LiveSession& session);

    LiveSession* oldest_ = nullptr;
    LiveSession* newest_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace fermata::engine

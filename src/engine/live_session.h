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
#include "engine/record_codec.h"
#include "scxml/interpreter.h"

namespace fermata::engine {

// Of fields as they are handed to the store; never stored itself.
inline std::uint64_t field_hash(std::string_view bytes) {
    return std::hash<std::string_view>{}(bytes);
}

// A data item as it was last handed to the store: only what differs is written again.
struct StoredItem {
    std::string name;
    std::uint64_t hash = 0;
    std::uint32_t bytes = 0;
    bool seen = false;  // by the snapshot under way
};

// A delayed send or event that waits (the store's timer table and the shard's TimerQueue have it
// too).
struct PendingTimer {
    std::uint64_t number = 0;
    UnixMillis due_ms = 0;
    std::string sendid;   // for <cancel>; empty when it cannot be cancelled
    std::string payload;  // encoded TimerPayload
};

struct LiveSession {
    struct Rare {
        std::optional<SessionId> parent;
        std::string invokeid;  // by which the parent knows it
        std::string key;       // the client's own name
        std::vector<PendingTimer> timers;
        std::vector<std::pair<std::string, SessionId>> invokes;  // running children
        // A session that waits for its start: what it will be started with.
        std::unique_ptr<SessionMeta> scheduled;
    };

    SessionId id;
    scxml::Session scxml;
    std::uint64_t seq = 0;        // last issued
    std::uint64_t committed = 0;  // last known to be durable
    UnixMillis created_ms = 0;
    UnixMillis used_ms = 0;
    std::uint64_t state_hash = 0;  // of the last written field "state"
    std::vector<StoredItem> items;
    DeliveryQueue queue;
    std::unique_ptr<Rare> rare;
    LiveSession* older = nullptr;
    LiveSession* newer = nullptr;
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
        return queue.empty() && seq == committed && !ready && !ended;
    }
    [[nodiscard]] PendingTimer* find_timer(std::uint64_t number);
    [[nodiscard]] const SessionId* find_child(std::string_view invokeid) const;
    [[nodiscard]] std::string name()
        const;  // `application` of views: <scxml name>, else the end of the URL
};

// `name` of the chart, else the last part of its URL.
std::string application_of(const scxml::Chart& chart);

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

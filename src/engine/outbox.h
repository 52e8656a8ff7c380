// Outbox: carries out what durable commits ask of the world beyond their partition: events for
// other partitions, HTTP sends, starts and ends of invoked children.
//
// At least once: an entry stays in the store until a later commit removes it, together with what
// became of it. Starts and ends of children and reported failures are removed in the very commit
// that they lead to, so those happen exactly once.
//
// Events for another partition go through one Channel each pair of partitions: in order, one
// message at a time with everything that waits, since the receiving side recognises repetitions by
// increasing numbers. That side is the shard of the other partition. When it serves that, it
// appends to the inbox and delivers at once; when another instance does, or nobody, it only
// appends, and gives a hint. Either way the numbers are the same, so that the partition may move
// between two attempts. HTTP sends are independent of each other; kHttpActiveMax of one shard are
// under way at a time.
//
// What leaves the process is begun only while the sender's lane has its lease, and not once it is
// being closed: then the next owner finds it.
//
// Threads: the shard's thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/session_id.h"
#include "engine/lane.h"
#include "engine/record_codec.h"

namespace fermata::engine {

struct OutboxEntry {
    std::uint64_t number = 0;
    SessionId session;  // that asked for it
    std::uint64_t seq = 0;
    std::uint32_t n = 0;

    [[nodiscard]] std::string id() const {
        return session.key() + ":" + std::to_string(seq) + ":" + std::to_string(n);
    }
};

class Outbox {
  public:
    static constexpr std::size_t kHttpActiveMax = 256;
    static constexpr std::uint32_t kHttpAttemptsMax = 4;

    explicit Outbox(Shard& shard) : shard_(shard) {}
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;
    ~Outbox() = default;

    void carry_out(Lane& lane, const OutboxEntry& entry, OutboxPayload payload);
    // The lane has its lease again: what waited for that is sent.
    void resume(Lane& lane);
    // Nothing of the lane is with the outside or another shard.
    [[nodiscard]] bool is_quiet(const Lane& lane) const;
    // Callbacks that are under way are ignored from now on; the entries come again from the store.
    void forget(Lane& lane);
    // Of another partition, in order of their numbers: appends what can be delivered to the inbox
    // here. `done` gets the numbers whose target is not there, or that nothing could be done (then
    // none of them).
    struct RemoteEntry {
        std::uint64_t number = 0;
        RemoteEvent event;
        std::string effect_id;
    };
    using RemoteDone = std::function<void(Result<std::vector<std::uint64_t>>)>;
    void receive(Partition target, Partition from, std::vector<RemoteEntry> entries,
                 RemoteDone done);

  private:
    struct Remote {
        OutboxEntry entry;
        RemoteEvent event;
    };
    struct Channel {
        std::deque<Remote> waiting;
        std::size_t under_way = 0;  // of them, from the front
        std::uint32_t failures = 0;
    };
    struct Http {
        Lane* lane = nullptr;
        std::uint64_t generation = 0;
        OutboxEntry entry;
        HttpDelivery delivery;
        std::uint32_t attempts = 0;
    };
    using ChannelKey = std::pair<Partition, Partition>;  // from, to

    void pump(Lane& lane, Partition to);
    void on_received(Lane& lane, Partition to,
                     const Result<std::vector<std::uint64_t>>& unreachable);
    void send_http(std::shared_ptr<Http> http);
    void on_http(const std::shared_ptr<Http>& http, const Result<void>& answer);
    void cancel_child(const OutboxEntry& entry, const CancelChild& cancel);
    void send_waiting_http();
    void settle_http(const std::shared_ptr<Http>& http, const Result<void>& answer);
    // outbox_receive.cpp: the receiving side
    void receive_here(Lane& lane, Partition from, std::vector<RemoteEntry> entries,
                      RemoteDone done);
    void hint(Lane& lane);
    void on_appended(Lane& lane, const std::vector<RemoteEntry>& entries,
                     const std::vector<std::uint64_t>& numbers);
    void fail(const OutboxEntry& entry, const std::string& sendid, const std::string& reason);

    Shard& shard_;
    std::map<ChannelKey, Channel> channels_;
    std::deque<std::shared_ptr<Http>> http_waiting_;
    std::size_t http_active_ = 0;
};

}  // namespace fermata::engine

// Primary: one primary of the cluster: its queues, its two connections for writes and the one for
// reads. Its troubles are its own; other primaries do not notice. Included by .cpp files of this
// folder only (Asio).
//
// Threads: the event loop's only.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "redis/gathering.h"
#include "redis/outstanding.h"
#include "redis/read_channel.h"
#include "redis/replica_watch.h"
#include "redis/reply_error.h"
#include "redis/write_channel.h"

namespace fermata::redis {

class Primary;

// Never destroys a primary from a call.
class PrimaryHost {
  public:
    PrimaryHost() = default;
    PrimaryHost(const PrimaryHost&) = delete;
    PrimaryHost& operator=(const PrimaryHost&) = delete;
    virtual ~PrimaryHost() = default;

    virtual void answer(OutstandingPtr request, Result<Reply> reply) = 0;
    // The server's error: what becomes of the request is decided there.
    virtual void refused(OutstandingPtr request, std::string_view text, Primary& primary) = 0;
    // The process or its data is another one than before.
    virtual void history_changed(Primary& primary) = 0;
    // It cannot be reached, or calls itself a replica: the topology may have changed.
    virtual void doubtful(Primary& primary) = 0;
    // flush() is wanted at the end of this turn.
    virtual void flush_wanted(Primary& primary) = 0;
    // Asks another primary whether this one is in office and was heard of since then; the answer
    // is given at once where nobody else can be asked for good.
    virtual void confirm(Primary& primary,
                         std::optional<std::chrono::steady_clock::time_point> since,
                         std::function<void(bool)> answer) = 0;
};

class Primary final : private WriteChannelOwner, private ReadChannelOwner {
  public:
    using Time = std::chrono::steady_clock::time_point;

    Primary(Surroundings& surroundings, const Node& node, PrimaryHost& host);
    Primary(const Primary&) = delete;
    Primary& operator=(const Primary&) = delete;
    ~Primary() override = default;

    void start();
    [[nodiscard]] const Node& node() const { return node_; }
    // The cluster's id of it, once known.
    void set_id(const std::string& id) { node_.id = id; }

    // Both kinds of connection are open.
    [[nodiscard]] bool is_ready() const;
    // Ready, and it answers: a good one to ask.
    [[nodiscard]] bool is_healthy(Time now) const;
    [[nodiscard]] bool is_idle() const;

    void enqueue(OutstandingPtr request);
    // Sends what the channels can take.
    void flush();
    // Writes that wait for others: so many more would end that, or this moment does. nullopt: none
    // wait.
    struct Awaited {
        std::size_t requests;
        Time until;
    };
    [[nodiscard]] std::optional<Awaited> awaited(Time now) const;
    // Every 100 ms: watchdogs, replicas.
    void tick(Time now);
    // Asks the server for its history and replicas.
    void poll();

    // A refusal that says something of the server as a whole.
    void note_trouble(std::string_view text, ErrorKind kind);
    // Its maxmemory is reached, and perhaps what may be taken beyond it, too.
    void note_full(std::string_view text, bool is_reserve_used_up);
    [[nodiscard]] const std::string& last_error() const { return last_error_; }
    [[nodiscard]] bool is_denied() const { return is_denied_; }

    // Everything that is not answered; the requests on the wire too.
    void take_all(OutstandingQueue& into);
    // Before it is destroyed: those who asked it something are told so.
    void give_up_questions();
    // Those that wait here and are for another primary by now.
    template <typename Misplaced>
    void take_misplaced(const Misplaced& is_misplaced, OutstandingQueue& into) {
        take_from(writes_, is_misplaced, into);
        take_from(reads_, is_misplaced, into);
    }

    [[nodiscard]] PrimaryStatus status(Time now) const;
    // Open only: for the client's own questions.
    [[nodiscard]] ReadChannel& read_channel() { return read_channel_; }

    // Kept by the host: slots of the present topology, those of them that are not torn, and
    // whether there were any before.
    std::size_t slot_count = 0;
    std::vector<std::pair<Slot, Slot>> slot_ranges;
    bool was_serving = false;

  private:
    static constexpr std::size_t kWriteChannels = 2;
    enum class Memory : std::uint8_t { kEnough, kReserve, kUsedUp };

    [[nodiscard]] PrimaryState state_in_trouble() const;

    void write_channel_opened(const ServerFacts& facts) override;
    void write_channel_closed(const Error& error) override;
    void write_answered(OutstandingPtr request, Reply reply) override;
    void write_refused(OutstandingPtr request, std::string_view text) override;
    void writes_lost(OutstandingQueue requests) override;
    void batch_applied() override;
    void batch_done(std::size_t requests, Time sent_at) override;
    unsigned replicas_required() override { return replica_watch_.required(); }
    void replicas_reported(bool is_enough) override;
    void read_channel_opened(const ServerFacts& facts) override;
    void read_channel_closed(const Error& error) override;
    void read_answered(OutstandingPtr request, Reply reply) override;
    void read_refused(OutstandingPtr request, std::string_view text) override;
    void read_progressed() override;

    template <typename Misplaced>
    static void take_from(OutstandingQueue& queue, const Misplaced& is_misplaced,
                          OutstandingQueue& into) {
        OutstandingQueue kept;
        for (OutstandingPtr& request : queue) {
            (is_misplaced(*request) ? into : kept).push_back(std::move(request));
        }
        queue = std::move(kept);
    }

    void note_opened(const ServerFacts& facts);
    void note_facts(const ServerFacts& facts);
    void note_lost(const Error& error);
    void flush_reads();
    void flush_writes();
    [[nodiscard]] bool is_worth_a_batch(Time now) const;
    OutstandingQueue next_batch();
    void check_replicas(Time now);
    void replicas_counted(const ServerFacts& facts);
    void replicas_changed(ReplicaWatch::Change change);
    [[nodiscard]] bool is_troubled(Time now) const;
    [[nodiscard]] std::optional<Time> oldest() const;

    Surroundings& surroundings_;
    Node node_;
    PrimaryHost& host_;
    ReadChannel read_channel_;
    std::array<WriteChannel, kWriteChannels> write_channels_;
    OutstandingQueue reads_;
    OutstandingQueue writes_;
    Gathering gathering_;
    std::optional<ServerFacts> facts_;
    ReplicaWatch replica_watch_;
    std::string last_error_;
    bool is_denied_ = false;
    std::optional<Time> troubled_at_;
    Memory memory_ = Memory::kEnough;  // the trouble is another one, unless it is full
    // Held by what may be answered after this primary is gone.
    std::shared_ptr<char> token_ = std::make_shared<char>();
};

}  // namespace fermata::redis

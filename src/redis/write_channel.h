// WriteChannel: a connection of a primary for writes: one batch at a time, ended by WAIT, answered
// when enough replicas hold it. Included by .cpp files of this folder only (Asio).
//
// WAIT blocks its connection until the replicas have answered; that is why a primary has two of
// these: while one waits, the other sends what has gathered.
//
// Threads: the event loop's only.
#pragma once

#include <chrono>
#include <vector>

#include "redis/link.h"
#include "redis/outgoing.h"
#include "redis/outstanding.h"

namespace fermata::redis {

class WriteChannelOwner {
  public:
    WriteChannelOwner() = default;
    WriteChannelOwner(const WriteChannelOwner&) = delete;
    WriteChannelOwner& operator=(const WriteChannelOwner&) = delete;
    virtual ~WriteChannelOwner() = default;

    virtual void write_channel_opened(const ServerFacts& facts) = 0;
    virtual void write_channel_closed(const Error& error) = 0;
    virtual void write_answered(OutstandingPtr request, Reply reply) = 0;
    // The server's error.
    virtual void write_refused(OutstandingPtr request, std::string_view text) = 0;
    // The connection was lost with these on it, in their order.
    virtual void writes_lost(OutstandingQueue requests) = 0;
    // The server has answered all of a batch; replicas may still be waited for.
    virtual void batch_applied() = 0;
    // The channel is free for the next batch. `requests`: answered ones of the last, sent then.
    virtual void batch_done(std::size_t requests,
                            std::chrono::steady_clock::time_point sent_at) = 0;
    // How many replicas a write must have now.
    virtual unsigned replicas_required() = 0;
    // A WAIT ended with as many replicas: enough, or not.
    virtual void replicas_reported(bool is_enough) = 0;
};

class WriteChannel final : private LinkListener {
  public:
    using Time = std::chrono::steady_clock::time_point;

    WriteChannel(Surroundings& surroundings, const Node& node, WriteChannelOwner& owner);

    void start() { link_.start(); }
    [[nodiscard]] bool is_open() const { return link_.is_open(); }
    [[nodiscard]] bool is_idle() const { return is_open() && sent_.empty(); }

    // Only while is_idle(); not empty.
    void send(OutstandingQueue batch);
    // Gives the connection up when nothing has come back for too long.
    void watch(Time now);
    // As ReadChannel.
    void take_requests(OutstandingQueue& into);
    [[nodiscard]] std::optional<Time> oldest() const;
    [[nodiscard]] std::size_t in_flight() const { return sent_.size(); }
    // Requests that the server may still have to carry out; 0 when only replicas are waited for.
    [[nodiscard]] std::size_t unanswered() const;
    // Since the last sign of life of what is in flight.
    [[nodiscard]] Time progressed_at() const { return progressed_at_; }

  private:
    struct Sent {
        OutstandingPtr request;  // null: refused, and gone elsewhere
        Reply reply;
        std::string load_error;  // of the SCRIPT LOAD before it
    };
    struct Expected {
        enum class Kind { kReply, kScriptLoad, kIgnored, kWait } kind;
        std::size_t index;  // in sent_
    };

    void linked(const ServerFacts& facts) override { owner_.write_channel_opened(facts); }
    void received(Reply reply) override;
    void unlinked(const Error& error) override;

    void append(OutstandingPtr request);
    void append_wait();
    void take_reply(Sent& sent, Reply reply);
    void take_wait(const Reply& reply);
    void refuse_all(std::string_view text);
    void finish(unsigned replicas);

    Surroundings& surroundings_;
    WriteChannelOwner& owner_;
    Link link_;
    std::vector<Sent> sent_;
    std::vector<Expected> expected_;
    std::size_t next_expected_ = 0;
    // Of the batch that is being sent.
    Outgoing outgoing_;
    std::string head_;
    Time sent_at_;
    Time progressed_at_;
};

}  // namespace fermata::redis

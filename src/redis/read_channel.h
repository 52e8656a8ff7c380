// ReadChannel: the connection of a primary for everything that changes nothing: reads, and the
// client's own questions. Pipelined without a batch: each goes out in its turn of the event loop.
// Included by .cpp files of this folder only (Asio).
//
// Threads: the event loop's only.
#pragma once

#include <chrono>
#include <deque>
#include <functional>

#include "redis/link.h"
#include "redis/outstanding.h"

namespace fermata::redis {

class ReadChannelOwner {
  public:
    ReadChannelOwner() = default;
    ReadChannelOwner(const ReadChannelOwner&) = delete;
    ReadChannelOwner& operator=(const ReadChannelOwner&) = delete;
    virtual ~ReadChannelOwner() = default;

    virtual void read_channel_opened(const ServerFacts& facts) = 0;
    virtual void read_channel_closed(const Error& error) = 0;
    virtual void read_answered(OutstandingPtr request, Reply reply) = 0;
    // The server's error, or the connection was lost (empty text).
    virtual void read_refused(OutstandingPtr request, std::string_view text) = 0;
    // After the answers of one turn: there may be room for more.
    virtual void read_progressed() = 0;
};

class ReadChannel final : private LinkListener {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using Answer = std::function<void(Result<Reply>)>;

    ReadChannel(Surroundings& surroundings, const Node& node, ReadChannelOwner& owner);

    void start() { link_.start(); }
    [[nodiscard]] bool is_open() const { return link_.is_open(); }
    [[nodiscard]] const Node& node() const { return link_.node(); }
    [[nodiscard]] std::size_t in_flight() const { return expected_.size(); }

    // The following only while is_open(); flush() sends what they gathered.
    void send(OutstandingPtr request);
    // The client's own question; an error reply is an Error of kForbidden (rights) or kInternal
    // with the server's text. Unanswered (kUnavailable) when the connection is lost, never when
    // the channel is destroyed.
    void ask(const Command& command, Answer answer);
    void flush();

    // Gives the connection up when the oldest command is unanswered for too long.
    void watch(Time now);
    // The requests on the wire, without their answers; for a channel that is destroyed next.
    void take_requests(OutstandingQueue& into);
    // Whoever asked hears that there will be no answer.
    void give_up_questions(const Error& reason);
    // Of the oldest request; nullopt: none.
    [[nodiscard]] std::optional<Time> oldest() const;

  private:
    struct Expected {
        OutstandingPtr request;  // null: a question, or an answer that does not matter
        Answer answer;           // empty: an answer that does not matter
        Time sent_at;
        bool is_script_load = false;
    };

    void linked(const ServerFacts& facts) override { owner_.read_channel_opened(facts); }
    void received(Reply reply) override;
    void unlinked(const Error& error) override;

    void take(Expected expected, Reply reply);

    Surroundings& surroundings_;
    ReadChannelOwner& owner_;
    Link link_;
    std::deque<Expected> expected_;
    std::string load_error_;  // of the SCRIPT LOAD before the next answer
};

}  // namespace fermata::redis

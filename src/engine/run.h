// Run: what one session does without waiting, and the one commit that ends it.
//
// Consumes the session's queue (until max-events-per-run or max-effects-per-run), gathers the
// effects, and adds one SessionCommit to the lane's batch: what was consumed, what changed, what
// shall go out. Nothing leaves the process here.
//
// Threads: the shard's thread; lives for one run.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/delivery.h"
#include "engine/lane.h"
#include "engine/live_session.h"
#include "engine/moment_recorder.h"
#include "engine/record_codec.h"
#include "scxml/interpreter.h"
#include "store/store.h"

namespace fermata::engine {

class Shard;

class Run final : public scxml::Surroundings {
  public:
    Run(Shard& shard, Lane& lane, LiveSession& session);

    // Enters the initial configuration of a new session. `meta` is written with the first commit.
    void start(const SessionMeta& meta, const Parameters& parameters,
               std::unique_ptr<Waiter> waiter, std::uint64_t outbox_number);
    // Creates the record of a session that starts later.
    void schedule(const SessionMeta& meta, std::unique_ptr<Waiter> waiter);
    // Processes what waits in the session's queue.
    void consume();
    // Ends the session without running it any more: its document is lost, or its record damaged.
    void fail(const std::string& detail);

    // scxml::Surroundings
    [[nodiscard]] std::string session_id() const override { return session_.id.to_string(); }
    [[nodiscard]] std::vector<script::IoProcessor> io_processors() const override;
    [[nodiscard]] bool should_stop() const override;
    [[nodiscard]] bool is_reachable(std::string_view target) const override;
    [[nodiscard]] std::string unique_id() override;

  private:
    // run.cpp: consuming
    void take(std::unique_ptr<Delivery> delivery);
    void take_event(const Delivery& delivery);
    void take_timer(const Delivery& delivery);
    void step(const value::Event& event);
    void begin_macrostep();
    void end_macrostep();
    void start_scheduled();
    void cancel(Delivery::Kind kind);
    [[nodiscard]] bool is_from_ended_child(const Delivery& delivery) const;

    // run_effects.cpp: what the macrosteps asked for
    void map_effects();
    void map(scxml::SendEffect& send);
    void map(scxml::CancelEffect& cancel);
    void map(scxml::InvokeEffect& invoke);
    void map(scxml::CancelInvokeEffect& cancel);
    void map(scxml::ForwardEffect& forward);
    void map(scxml::LogEffect& entry);
    void map(scxml::EndEffect& end);
    void carry_send(scxml::SendEffect& send);
    void send_http(scxml::SendEffect& send);
    void send_to_session(const SessionId& target, scxml::SendEffect& send);
    void set_timer(UnixMillis due_ms, const std::string& sendid, const TimerPayload& payload);
    void post(const SessionId& target, value::Event event);
    void post_out(OutboxPayload payload);
    void cancel_child(const std::string& invokeid, const SessionId& child);
    // An event of the platform to the session itself: error.communication, error.execution.
    void raise_error(std::string_view name, const std::string& sendid, const std::string& detail,
                     const std::string& invokeid = {});
    void push_self(value::Event event);
    void push_self(std::unique_ptr<Delivery> delivery);
    [[nodiscard]] std::string next_effect_id();

    // run_commit.cpp: the commit
    void finish();
    void tell_moments();
    void write_state();
    void write_items();
    void write_end();
    void park_rest();
    void tell_parent();

    Shard& shard_;
    Lane& lane_;
    LiveSession& session_;
    UnixMillis now_ms_;
    store::SessionCommit commit_;
    PendingCommit pending_;
    scxml::Effects effects_;
    std::unique_ptr<MomentRecorder> recorder_;
    std::optional<EndPayload> end_;
    // The session was ended by whom: decides what its parent hears.
    Delivery::Kind ended_by_ = Delivery::Kind::kEvent;
    std::chrono::nanoseconds deadline_{0};
    std::chrono::nanoseconds began_{0};
    std::uint32_t macrosteps_ = 0;
    bool has_invoked_ = false;
    // In the queue, and stored nowhere yet.
    std::uint32_t self_waiting_ = 0;
    std::size_t effects_taken_ = 0;
    std::uint32_t effects_out_ = 0;
    std::size_t record_bytes_ = 0;
    bool touched_ = false;
    bool overflowed_ = false;
    bool sending_timer_ = false;
};

}  // namespace fermata::engine

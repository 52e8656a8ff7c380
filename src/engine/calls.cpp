#include "engine/calls.h"

#include <utility>

#include "engine/session_view.h"

namespace fermata::engine {
namespace {

// Delivers with an answer that a repetition of the request gets as well, when it has a key.
void deliver_once(Shard& shard, const SessionId& session, std::unique_ptr<Delivery> delivery,
                  const std::string& key, Answer<EventAnswer> done) {
    delivery->waiter = std::make_unique<Waiter>();
    if (key.empty()) {
        delivery->waiter->done = [done = std::move(done)](const Result<std::uint64_t>& seq) {
            if (seq) {
                done(EventAnswer{*seq, false});
            } else {
                done(seq.error());
            }
        };
        shard.deliver(session, std::move(delivery));
        return;
    }
    delivery->waiter->answer_key = key;
    delivery->waiter->done = [&shard, session, key](const Result<std::uint64_t>& seq) {
        shard.answers().settle(
            key, seq ? Result<KeptAnswer>(KeptAnswer{session, {}, *seq}) : seq.error());
    };
    auto settled = [done = std::move(done)](const Result<SettledAnswer>& answer) {
        if (answer) {
            done(EventAnswer{answer->kept.seq, answer->repeated});
        } else {
            done(answer.error());
        }
    };
    auto held = std::make_shared<std::unique_ptr<Delivery>>(std::move(delivery));
    shard.answers().claim(session.partition(), key, std::move(settled),
                          [&shard, session, held] { shard.deliver(session, std::move(*held)); });
}

std::string key_of(const char* kind, const SessionId& session, const std::string& key) {
    return key.empty() ? std::string() : std::string(kind) + "/" + session.key() + "/" + key;
}

void show(Shard& shard, const LiveSession& session, const Answer<SessionView>& done) {
    SessionView view = view_of(session);
    PendingCommit* const pending = shard.lane_of(session.id).newest_pending(session);
    if (pending == nullptr) {
        done(std::move(view));
        return;
    }
    // Not before what it shows is durable.
    auto waiter = std::make_unique<Waiter>();
    waiter->done = [done, view = std::move(view)](const Result<std::uint64_t>& seq) {
        if (seq) {
            done(view);
        } else {
            done(seq.error());
        }
    };
    pending->waiters.push_back(std::move(waiter));
}

void show_ended(Shard& shard, const SessionId& session, Answer<SessionView> done) {
    shard.store().load_session(
        session, [session, done = std::move(done),
                  mailbox = shard.mailbox()](Result<std::optional<store::SessionRecord>> record) {
            mailbox->post_answer([session, done, record = std::move(record)] {
                if (!record) {
                    done(record.error());
                } else if (!record->has_value() || !(*record)->end) {
                    done(Error(ErrorCode::kNotFound, "there is no session " + session.to_string()));
                } else {
                    done(view_of(**record));
                }
            });
        });
}

}  // namespace

void send_event(Shard& shard, const SessionId& session, EventRequest request,
                Answer<EventAnswer> done) {
    auto delivery = std::make_unique<Delivery>();
    delivery->event = std::move(request.event);
    if (request.delay.count() > 0) {
        delivery->kind = Delivery::Kind::kSetTimer;
        delivery->due_ms = shard.now_ms() + request.delay.count();
    }
    deliver_once(shard, session, std::move(delivery),
                 answer_key_of_event(session, request.idempotency_key), std::move(done));
}

std::string answer_key_of_event(const SessionId& session, const std::string& idempotency_key) {
    return key_of("event", session, idempotency_key);
}

void terminate_session(Shard& shard, const SessionId& session, const std::string& idempotency_key,
                       Answer<EventAnswer> done) {
    auto delivery = std::make_unique<Delivery>();
    delivery->kind = Delivery::Kind::kTerminate;
    deliver_once(shard, session, std::move(delivery), key_of("terminate", session, idempotency_key),
                 std::move(done));
}

void query_session(Shard& shard, const SessionId& session, Answer<SessionView> done) {
    Lane& lane = shard.lane_of(session);
    if (lane.is_serving() && !lane.index.find(session)) {
        show_ended(shard, session, std::move(done));
        return;
    }
    shard.restores().with_session(lane, session,
                                  [&shard, done = std::move(done)](Result<LiveSession*> live) {
                                      if (live) {
                                          show(shard, **live, done);
                                      } else {
                                          done(live.error());
                                      }
                                  });
}

}  // namespace fermata::engine

#include "engine/births.h"

#include <utility>

#include "engine/run.h"
#include "engine/shard.h"

namespace fermata::engine {
namespace {

std::string first_finding(const scxml::Findings& findings) {
    for (const scxml::Finding& finding : findings) {
        if (finding.severity == scxml::Severity::kError) {
            return finding.url + ":" + std::to_string(finding.line) + ": " + finding.message;
        }
    }
    return "the document is not valid";
}

}  // namespace

void Births::start(Lane& lane, StartRequest request, Answer<StartOutcome> done) {
    if (request.idempotency_key.empty()) {
        begin(lane, std::move(request), {}, std::move(done));
        return;
    }
    const std::string key = "start/" + request.idempotency_key;
    auto shared = std::make_shared<Answer<StartOutcome>>(std::move(done));
    // A refused document is an answer as well, but none that is kept: it goes to the one who asked
    // first, the others are told the error.
    auto settled = [shared](Result<SettledAnswer> answer) {
        if (!*shared) {
            return;
        }
        if (!answer) {
            (*shared)(answer.error());
            return;
        }
        (*shared)(StartOutcome{
            StartAnswer{answer->kept.session, answer->kept.key, answer->repeated}, {}});
    };
    auto finished = [this, key, shared](Result<StartOutcome> outcome) {
        if (outcome && outcome->answer) {
            shard_.answers().settle(key,
                                    KeptAnswer{outcome->answer->session, outcome->answer->key, 1});
            return;
        }
        const Error reason =
            outcome ? Error(ErrorCode::kInvalidArgument, first_finding(outcome->findings))
                    : outcome.error();
        std::exchange(*shared, nullptr)(std::move(outcome));
        shard_.answers().settle(key, reason);
    };
    shard_.answers().claim(
        lane.partition, key, std::move(settled),
        [this, &lane, key, request = std::move(request), finished = std::move(finished)] {
            begin(lane, request, key, finished);
        });
}

void Births::begin(Lane& lane, StartRequest request, std::string answer_key,
                   Answer<StartOutcome> done) {
    if (!lane.is_serving()) {  // it started over while the store was asked for an earlier answer
        done(lane.refusal());
        return;
    }
    if (coming_.size() >= kComingMax) {
        done(Error(ErrorCode::kOverloaded, "too many sessions are being started"));
        return;
    }
    auto birth = std::make_unique<Birth>();
    birth->lane = &lane;
    birth->answer_key = std::move(answer_key);
    birth->done = std::move(done);
    birth->document = std::move(request.document);
    SessionMeta& meta = birth->meta;
    const bool has_name = !request.id.empty();
    const auto id = SessionId::parse(request.id);
    meta.session = !has_name
                       ? SessionId::random(shard_.random(), lane.partition, shard_.options().node)
                   : id ? *id
                        : SessionId::from_name(request.id, shard_.surrounds().partition_count,
                                               shard_.options().node);
    meta.key = id ? std::string() : std::move(request.id);
    meta.url = std::move(request.src);
    meta.created_ms = shard_.now_ms();
    meta.params = std::move(request.params);
    if (request.start_at && *request.start_at > meta.created_ms) {
        meta.origin = StartOrigin::kSchedule;
        meta.start_at_ms = request.start_at;
    }
    birth->serial = serial_next_++;
    if (has_name) {
        check_name(std::move(birth));
    } else {
        load(std::move(birth));
    }
}

// An id that the client chose may be in use, or have been in use until a moment ago.
void Births::check_name(std::unique_ptr<Birth> birth) {
    const SessionId session = birth->meta.session;
    const Error taken(ErrorCode::kConflict, "session " + session.to_string() + " exists already");
    if (is_coming(session) || birth->lane->index.find(session)) {
        birth->done(taken);
        return;
    }
    const std::uint64_t serial = birth->serial;
    coming_.emplace(session, std::move(birth));
    shard_.store().load_session(session, [this, session, serial, taken, mailbox = shard_.mailbox()](
                                             Result<std::optional<store::SessionRecord>> record) {
        mailbox->post_answer([this, session, serial, taken, record = std::move(record)] {
            const auto found = coming_.find(session);
            if (found == coming_.end() || found->second->serial != serial) {
                return;
            }
            if (!record || record->has_value()) {
                refuse(take(session), record ? taken : record.error());
            } else {
                load(take(session));
            }
        });
    });
}

void Births::start_child(Lane& lane, const OutboxEntry& entry, StartChild start) {
    if (is_coming(start.child) || lane.index.find(start.child)) {
        lane.remove_outbox(entry.number);
        return;
    }
    auto birth = std::make_unique<Birth>();
    birth->lane = &lane;
    birth->outbox_number = entry.number;
    birth->document = std::move(start.invoke.content);
    SessionMeta& meta = birth->meta;
    meta.session = start.child;
    meta.url = std::move(start.invoke.url);
    meta.parent = entry.session;
    meta.invokeid = std::move(start.invoke.invokeid);
    meta.created_ms = shard_.now_ms();
    meta.origin = StartOrigin::kInvoke;
    meta.params = std::move(start.invoke.params);
    birth->serial = serial_next_++;
    load(std::move(birth));
}

void Births::hold(const SessionId& session, std::unique_ptr<Delivery> delivery) {
    coming_.at(session)->held.push(std::move(delivery));
}

void Births::load(std::unique_ptr<Birth> birth) {
    const SessionId session = birth->meta.session;
    const std::uint64_t serial = birth->serial;
    const std::string url = birth->meta.url;
    std::string document = std::move(birth->document);
    coming_[session] = std::move(birth);
    ChartDone done = [this, session, serial,
                      mailbox = shard_.mailbox()](Result<ChartAnswer> answer) {
        mailbox->post_answer([this, session, serial, answer = std::move(answer)]() mutable {
            on_chart(session, serial, std::move(answer));
        });
    };
    if (document.empty()) {
        shard_.surrounds().charts.load_url(url, std::move(done));
    } else {
        shard_.surrounds().charts.load_text(std::move(document), url, std::move(done));
    }
}

void Births::on_chart(const SessionId& session, std::uint64_t serial, Result<ChartAnswer> answer) {
    const auto found = coming_.find(session);
    if (found == coming_.end() || found->second->serial != serial) {
        return;  // cancelled, or its lane started over
    }
    std::unique_ptr<Birth> birth = take(session);
    if (!answer) {
        refuse(std::move(birth), answer.error());
    } else if (answer->chart == nullptr && birth->done) {
        birth->done(StartOutcome{std::nullopt, std::move(answer->findings)});
    } else if (answer->chart == nullptr) {
        refuse(std::move(birth),
               Error(ErrorCode::kInvalidArgument, first_finding(answer->findings)));
    } else {
        bear(std::move(birth), std::move(answer->chart));
    }
}

void Births::bear(std::unique_ptr<Birth> birth, std::shared_ptr<const scxml::Chart> chart) {
    Lane& lane = *birth->lane;
    SessionMeta& meta = birth->meta;
    meta.chart_hash = chart->hash();
    meta.application = application_of(*chart);
    if (meta.url.empty()) {
        meta.url = chart->url();
    }
    auto made = std::make_unique<LiveSession>();
    made->id = meta.session;
    made->created_ms = meta.created_ms;
    made->scxml.data = shard_.runtime().create_data_model(chart->program());
    made->scxml.chart = std::move(chart);
    if (meta.parent || !meta.key.empty()) {
        LiveSession::Rare& rare = made->rare_parts();
        rare.parent = meta.parent;
        rare.invokeid = meta.invokeid;
        rare.key = meta.key;
    }
    std::unique_ptr<Waiter> waiter;
    if (birth->done) {
        waiter = std::make_unique<Waiter>();
        waiter->answer_key = birth->answer_key;
        waiter->done = [done = birth->done, answer = StartAnswer{meta.session, meta.key, false}](
                           const Result<std::uint64_t>& seq) {
            if (seq) {
                done(StartOutcome{answer, {}});
            } else {
                done(seq.error());
            }
        };
    }
    LiveSession& session = shard_.adopt(lane, std::move(made));
    while (auto held = birth->held.pop()) {
        session.queue.push(std::move(held));
    }
    if (meta.start_at_ms) {
        session.rare_parts().scheduled = std::make_unique<SessionMeta>(meta);
        Run(shard_, lane, session).schedule(meta, std::move(waiter));
        return;
    }
    const Parameters parameters = std::exchange(meta.params, {});
    Run(shard_, lane, session).start(meta, parameters, std::move(waiter), birth->outbox_number);
    lane.make_ready(session);
}

void Births::refuse(std::unique_ptr<Birth> birth, const Error& reason) {
    while (const auto delivery = birth->held.pop()) {
        shard_.discard(*birth->lane, *delivery, reason);
    }
    if (birth->done) {
        birth->done(reason);
        return;
    }
    auto delivery = std::make_unique<Delivery>();
    delivery->outbox_number = birth->outbox_number;
    delivery->child = birth->meta.session;
    delivery->event.name = "error.communication";
    delivery->event.type = value::EventType::kPlatform;
    delivery->event.invokeid = birth->meta.invokeid;
    delivery->event.data = value::Value::string(reason.message());
    shard_.deliver(*birth->meta.parent, std::move(delivery));
}

std::unique_ptr<Births::Birth> Births::take(const SessionId& session) {
    auto found = coming_.extract(session);
    return found.empty() ? nullptr : std::move(found.mapped());
}

void Births::forget(Lane& lane, const Error& reason) {
    std::vector<SessionId> sessions;
    for (const auto& [session, birth] : coming_) {
        if (birth->lane == &lane) {
            sessions.push_back(session);
        }
    }
    for (const SessionId& session : sessions) {
        const std::unique_ptr<Birth> birth = take(session);
        while (const auto delivery = birth->held.pop()) {
            if (delivery->waiter != nullptr) {
                delivery->waiter->done(reason);
            }
        }
        if (birth->done) {
            birth->done(reason);
        }
    }
}

void Births::fail_all(const Error& reason) {
    for (const auto& [session, birth] : std::exchange(coming_, {})) {
        if (birth->done) {
            birth->done(reason);
        }
    }
}

}  // namespace fermata::engine

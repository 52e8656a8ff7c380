#include "engine/restores.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "engine/run.h"
#include "engine/shard.h"

namespace fermata::engine {
namespace {

constexpr std::chrono::milliseconds kRetryDelay{500};
constexpr std::string_view kItemPrefix = "d.";

Result<void> read_state(LiveSession& session, const store::SessionRecord& record) {
    const std::string* const state = record.find("state");
    if (state == nullptr) {
        return Error(ErrorCode::kCorrupt, "the record has no state");
    }
    value::Reader reader(*state);
    FERMATA_TRY_ASSIGN(RunExtras extras, decode_extras(reader));
    FERMATA_TRY_ASSIGN(session.scxml.state, scxml::decode(*session.scxml.chart, reader));
    session.timer_number_next = static_cast<std::uint32_t>(extras.timer_number_next);
    session.unique_id_next = static_cast<std::uint32_t>(extras.unique_id_next);
    if (!extras.invokes.empty()) {
        session.rare_parts().invokes = std::move(extras.invokes);
    }
    session.state_hash = field_hash(*state);
    return {};
}

Result<scxml::Parameters> read_items(LiveSession& session, const store::SessionRecord& record) {
    scxml::Parameters items;
    for (const store::Field& field : record.fields) {
        if (field.name.starts_with(kItemPrefix)) {
            std::string name = field.name.substr(kItemPrefix.size());
            FERMATA_TRY_ASSIGN(value::Value value, value::Value::from_bytes(field.value));
            session.items.restore(session.scxml.chart->program()->data_ids, name,
                                  field_hash(field.value));
            items.emplace_back(std::move(name), std::move(value));
        }
    }
    return items;
}

}  // namespace

void Restores::hold(Lane& lane, const SessionId& session, std::unique_ptr<Delivery> delivery) {
    Load& load = find_or_begin(lane, session);
    if (delivery->waiter != nullptr && delivery->inbox_number == 0 &&
        load.held.size() >= shard_.options().session.pending_events_max) {
        shard_.discard(lane, *delivery, Error(ErrorCode::kOverloaded, "max-pending-events"));
        return;
    }
    load.held.push(std::move(delivery));
}

void Restores::with_session(Lane& lane, const SessionId& session, Ready ready) {
    if (!lane.is_serving()) {
        ready(lane.refusal());
        return;
    }
    const auto entry = lane.index.find(session);
    if (!entry) {
        ready(Error(ErrorCode::kNotFound, "there is no session " + session.to_string()));
    } else if (entry->presence == Presence::kActive) {
        ready(lane.find_live(session));
    } else {
        find_or_begin(lane, session).ready.push_back(std::move(ready));
    }
}

Restores::Load& Restores::find_or_begin(Lane& lane, const SessionId& session) {
    std::unique_ptr<Load>& load = loads_[session];
    if (load == nullptr) {
        load = std::make_unique<Load>();
        load->lane = &lane;
        load->session = session;
        load->serial = serial_next_++;
        // In the next turn: a store that answers at once must not come back before the caller has
        // added what it waits for.
        shard_.run_later([this, session, serial = load->serial] {
            const auto found = loads_.find(session);
            if (found != loads_.end() && found->second->serial == serial) {
                read_record(*found->second);
            }
        });
    }
    return *load;
}

template <typename T>
std::function<void(Result<T>)> Restores::then(const Load& load,
                                              void (Restores::*step)(Load&, Result<T>)) {
    return [this, step, session = load.session, serial = load.serial,
            mailbox = shard_.mailbox()](Result<T> answer) {
        mailbox->post_answer([this, step, session, serial, answer = std::move(answer)]() mutable {
            const auto found = loads_.find(session);
            if (found != loads_.end() && found->second->serial == serial) {
                (this->*step)(*found->second, std::move(answer));
            }
        });
    };
}

void Restores::read_record(Load& load) {
    shard_.store().load_session(load.session, then(load, &Restores::on_record));
}

void Restores::on_record(Load& load, Result<std::optional<store::SessionRecord>> record) {
    if (!record) {
        retry_or_fail(load, record.error());
        return;
    }
    if (!record->has_value() || (*record)->end) {
        drop_gone(load);
        return;
    }
    load.record = **std::move(record);
    const std::string* const bytes = load.record.find("meta");
    auto meta = bytes == nullptr
                    ? Result<SessionMeta>(Error(ErrorCode::kCorrupt, "the record has no meta"))
                    : decode_meta(*bytes);
    if (!meta) {
        retry_or_fail(load, meta.error());
        return;
    }
    load.meta = *std::move(meta);
    shard_.store().session_timers(load.session, then(load, &Restores::on_timers));
}

void Restores::on_timers(Load& load, Result<std::vector<store::TimerRecord>> timers) {
    if (!timers) {
        retry_or_fail(load, timers.error());
        return;
    }
    load.timers = *std::move(timers);
    shard_.surrounds().charts.load_hash(load.meta.chart_hash, then(load, &Restores::on_chart));
}

void Restores::on_chart(Load& load, Result<ChartAnswer> answer) {
    if (!answer) {
        retry_or_fail(load, answer.error());
        return;
    }
    if (answer->chart == nullptr) {
        retry_or_fail(load,
                      Error(ErrorCode::kCorrupt, "the stored document is not valid any more"));
        return;
    }
    auto session = build(load, std::move(answer->chart));
    if (session) {
        finish(load, *std::move(session));
    } else {
        retry_or_fail(load, session.error());
    }
}

Result<std::unique_ptr<LiveSession>> Restores::build(Load& load,
                                                     std::shared_ptr<const scxml::Chart> chart) {
    auto session = std::make_unique<LiveSession>();
    session->id = load.meta.session;
    session->created_ms = load.meta.created_ms;
    session->seq = load.record.seq;
    session->scxml.data = shard_.runtime().create_data_model(chart->program());
    session->scxml.chart = std::move(chart);
    if (load.meta.parent || !load.meta.key.empty()) {
        LiveSession::Rare& rare = session->rare_parts();
        rare.parent = load.meta.parent;
        rare.invokeid = load.meta.invokeid;
        rare.key = load.meta.key;
    }
    for (const store::TimerRecord& timer : load.timers) {
        session->timers.add({timer.number, timer.due_ms, sendid_of(timer.payload), timer.payload});
        session->timer_number_next =
            std::max(session->timer_number_next, static_cast<std::uint32_t>(timer.number + 1));
    }
    if (load.meta.start_at_ms) {
        session->rare_parts().scheduled = std::make_unique<SessionMeta>(std::move(load.meta));
        return session;
    }
    FERMATA_TRY(read_state(*session, load.record));
    FERMATA_TRY_ASSIGN(const scxml::Parameters items, read_items(*session, load.record));
    Run surroundings(shard_, *load.lane, *session);
    const auto restored = scxml::restore_data(session->scxml, surroundings, items);
    if (!restored) {
        return Error(ErrorCode::kCorrupt,
                     "the data cannot be restored: " + restored.error().message);
    }
    return session;
}

void Restores::finish(Load& load, std::unique_ptr<LiveSession> made) {
    const std::unique_ptr<Load> done = take(load.session);
    Lane& lane = *done->lane;
    LiveSession& session = shard_.adopt(lane, std::move(made));
    Tally::add(shard_.tally().restored, 1);
    while (auto delivery = done->held.pop()) {
        shard_.enqueue(session, std::move(delivery));
    }
    for (const Ready& ready : done->ready) {
        ready(&session);
    }
}

void Restores::retry_or_fail(Load& load, const Error& reason) {
    const bool is_final =
        reason.code() == ErrorCode::kCorrupt || reason.code() == ErrorCode::kNotFound;
    if (is_final) {
        give_up(load, reason);
        return;
    }
    log::warning("a session cannot be read now",
                 {{"session", load.session.to_string()}, {"reason", reason.message()}});
    for (const Ready& ready : std::exchange(load.ready, {})) {
        ready(reason);
    }
    shard_.run_after(kRetryDelay, [this, session = load.session, serial = load.serial] {
        const auto found = loads_.find(session);
        if (found != loads_.end() && found->second->serial == serial) {
            read_record(*found->second);
        }
    });
}

void Restores::give_up(Load& load, const Error& reason) {
    const std::unique_ptr<Load> done = take(load.session);
    log::error("a session is lost",
               {{"session", done->session.to_string()}, {"reason", reason.message()}});
    auto made = std::make_unique<LiveSession>();
    made->id = done->session;
    made->seq = done->record.seq;
    made->created_ms = done->record.created_ms;
    if (done->meta.parent) {
        made->rare_parts().parent = done->meta.parent;
        made->rare_parts().invokeid = done->meta.invokeid;
    }
    LiveSession& session = shard_.adopt(*done->lane, std::move(made));
    session.queue = std::move(done->held);
    for (const Ready& ready : done->ready) {
        ready(reason);
    }
    Run(shard_, *done->lane, session).fail(reason.message());
}

void Restores::drop_gone(Load& load) {
    const std::unique_ptr<Load> done = take(load.session);
    const Error gone(ErrorCode::kNotFound, "there is no session " + done->session.to_string());
    done->lane->erase_entry(done->session);
    while (const auto delivery = done->held.pop()) {
        shard_.discard(*done->lane, *delivery, gone);
    }
    for (const Ready& ready : done->ready) {
        ready(gone);
    }
}

std::unique_ptr<Restores::Load> Restores::take(const SessionId& session) {
    return std::move(loads_.extract(session).mapped());
}

void Restores::forget(Lane& lane, const Error& reason) {
    std::erase_if(loads_, [&](auto& entry) {
        Load& load = *entry.second;
        if (load.lane != &lane) {
            return false;
        }
        while (const auto delivery = load.held.pop()) {
            if (delivery->waiter != nullptr) {
                delivery->waiter->done(reason);
            }
        }
        for (const Ready& ready : load.ready) {
            ready(reason);
        }
        return true;
    });
}

void Restores::fail_all(const Error& reason) {
    for (const auto& [session, load] : std::exchange(loads_, {})) {
        while (const auto delivery = load->held.pop()) {
            if (delivery->waiter != nullptr) {
                delivery->waiter->done(reason);
            }
        }
        for (const Ready& ready : load->ready) {
            ready(reason);
        }
    }
}

}  // namespace fermata::engine

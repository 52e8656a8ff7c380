// Run, part three: the one commit that ends a run.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "engine/journal.h"
#include "engine/run.h"
#include "engine/shard.h"

namespace fermata::engine {
namespace {

// Compares the data items with what the store has, and writes those that differ.
class DeltaSink final : public script::ItemSink {
  public:
    DeltaSink(const StoredItems::Ids& ids, StoredItems& items, store::SessionCommit& commit)
        : ids_(ids), items_(items), commit_(commit) {}

    void item(std::string_view name, std::string_view encoded) override {
        bytes_ += encoded.size();
        if (items_.note(ids_, name, field_hash(encoded))) {
            commit_.fields.push_back({"d." + std::string(name), std::string(encoded)});
        }
    }
    void warning(std::string_view text) override { warnings_.emplace_back(text); }

    // Items that are no more: when objects begin or cease to be shared, or a variable was deleted.
    void finish() {
        items_.sweep(ids_, [this](std::string_view name) {
            commit_.fields.push_back({"d." + std::string(name), std::nullopt});
        });
    }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  private:
    const StoredItems::Ids& ids_;
    StoredItems& items_;
    store::SessionCommit& commit_;
    std::vector<std::string> warnings_;
    std::size_t bytes_ = 0;
};

}  // namespace

void Run::finish() {
    if (!touched_) {
        return;  // nothing but a timer that was cancelled already
    }
    if (!end_ && session_.scxml.state.running) {
        write_items();
        write_state();
        const std::size_t bytes_max = shard_.options().session.session_bytes_max;
        if (record_bytes_ > bytes_max) {
            end_.emplace();
            end_->status = SessionStatus::kError;
            end_->detail = "max-session-size (" + std::to_string(bytes_max) + "), it has " +
                           std::to_string(record_bytes_) + " bytes or more";
            end_->configuration = session_.scxml.state.active_ids(*session_.scxml.chart, false);
        }
    }
    if (end_) {
        write_end();
    } else {
        park_rest();
    }
    commit_.session = session_.id;
    commit_.expected_seq = session_.seq++;
    commit_.seq = session_.seq;
    ++session_.commits_waiting;
    if (pending_.creates) {
        commit_.created_ms = session_.created_ms;
    }
    const std::string key = session_.rare == nullptr ? std::string() : session_.rare->key;
    for (const std::unique_ptr<Waiter>& waiter : pending_.waiters) {
        if (!waiter->answer_key.empty()) {
            commit_.answers.push_back(
                {waiter->answer_key,
                 encode(KeptAnswer{session_.id, key, session_.seq}, shard_.record_format()),
                 now_ms_ + shard_.options().answer_retention.count()});
        }
    }
    tell_moments();
    pending_.session = &session_;
    pending_.seq = session_.seq;
    lane_.add(std::move(commit_), std::move(pending_));
}

// To the journal, and to those who listen.
void Run::tell_moments() {
    if (recorder_ == nullptr) {
        return;
    }
    std::vector<LiveMoment> moments = recorder_->take(session_.seq);
    if (shard_.options().journal.length > 0) {
        commit_.journal =
            store::JournalRecord{session_.id, session_.seq, now_ms_,
                                 encode(journal_entry(moments), shard_.record_format())};
    }
    if (shard_.surrounds().live.is_recording()) {
        pending_.moments = std::move(moments);
    }
}

void Run::write_items() {
    if (session_.scxml.data == nullptr) {
        return;
    }
    DeltaSink sink(session_.scxml.chart->program()->data_ids, session_.items, commit_);
    const bool fits = session_.scxml.data->snapshot(sink);
    sink.finish();
    record_bytes_ += fits ? sink.bytes() : shard_.options().session.session_bytes_max + 1;
    for (const std::string& text : sink.warnings()) {
        log::warning("a data item cannot be stored", {{"session", session_id()}, {"reason", text}});
    }
}

void Run::write_state() {
    RunExtras extras;
    if (session_.rare != nullptr) {
        extras.invokes = session_.rare->invokes;
    }
    extras.timer_number_next = session_.timer_number_next;
    extras.unique_id_next = session_.unique_id_next;
    value::Writer writer;
    encode(extras, shard_.record_format(), writer);
    scxml::encode(session_.scxml.state, *session_.scxml.chart, writer);
    record_bytes_ += writer.size();
    const std::uint64_t hash = field_hash(writer.bytes());
    if (hash != session_.state_hash) {
        session_.state_hash = hash;
        commit_.fields.push_back({"state", writer.take()});
    }
}

void Run::write_end() {
    session_.ended = true;
    // Of the fields only "meta" outlives the session.
    std::erase_if(commit_.fields,
                  [](const store::FieldWrite& field) { return field.name != "meta"; });
    if (session_.rare != nullptr) {
        for (const auto& [invokeid, child] : std::exchange(session_.rare->invokes, {})) {
            cancel_child(invokeid, child);
        }
    }
    session_.timers.for_each(
        [this](const PendingTimer& timer) { shard_.remove_timer(session_.id, timer.number()); });
    session_.timers.clear();
    commit_.timers_set.clear();
    session_.queue.for_each([this](const Delivery& delivery) {
        if (delivery.inbox_number != 0) {
            commit_.inbox_known.push_back(delivery.inbox_number);
        }
    });
    tell_parent();
    end_->ended_ms = now_ms_;
    end_->seq = session_.seq + 1;
    commit_.end = store::EndRecord{encode(*end_, shard_.record_format()),
                                   now_ms_ + shard_.options().ended_retention.count()};
    pending_.ends = true;
    pending_.failed = end_->status == SessionStatus::kError;
    if (pending_.failed) {
        log::warning("session ended with an error", {{"session", session_id()},
                                                     {"application", session_.name()},
                                                     {"reason", end_->detail}});
    }
    if (recorder_ != nullptr) {
        recorder_->add(LiveMoment::Kind::kEnded, std::string(to_string(end_->status)),
                       end_->donedata);
    }
}

// SCXML 6.4: done.invoke when the child came to its end; a child that was ended otherwise than by
// its parent is reported as error.communication, so that a parent that waits for it does not wait
// for ever.
void Run::tell_parent() {
    if (session_.rare == nullptr || !session_.rare->parent ||
        ended_by_ == Delivery::Kind::kCancel || !shard_.is_reachable(*session_.rare->parent)) {
        return;
    }
    value::Event event;
    event.type = value::EventType::kPlatform;
    event.invokeid = session_.rare->invokeid;
    event.origin = "#_scxml_" + session_id();
    event.origintype = scxml::kScxmlProcessor;
    if (end_->status == SessionStatus::kFinal) {
        event.name = "done.invoke." + session_.rare->invokeid;
        event.data = end_->donedata;
    } else {
        event.name = "error.communication";
        event.data = value::Value::string(
            "invoked session " + session_id() + " was ended: " +
            (end_->detail.empty() ? std::string(to_string(end_->status)) : end_->detail));
    }
    post(*session_.rare->parent, std::move(event));
}

// The run reached its bound while the session still has events from itself: they must not be lost,
// so they go through the inbox, in their place in the queue.
void Run::park_rest() {
    if (self_waiting_ == 0) {
        return;  // as a rule: the queue may be long
    }
    session_.queue.for_each([this](const Delivery& delivery) {
        if (delivery.self && delivery.inbox_number == 0) {
            touched_ = true;
            ++pending_.parked;
            store::InboxRecord record;
            record.session = session_.id;
            record.payload =
                encode(InboxPayload{delivery.event, next_effect_id(), {}}, shard_.record_format());
            commit_.inbox_added.push_back(std::move(record));
        }
    });
    session_.parked = pending_.parked > 0;
}

}  // namespace fermata::engine

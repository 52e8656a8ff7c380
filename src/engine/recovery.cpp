#include "engine/recovery.h"

#include <limits>
#include <utility>

#include "base/log.h"
#include "engine/shard.h"

namespace fermata::engine {
namespace {

constexpr std::size_t kPage = 1000;

}  // namespace

Recovery::Recovery(Shard& shard, Lane& lane, Done done)
    : shard_(shard),
      lane_(lane),
      done_(std::move(done)),
      generation_(lane.generation),
      timers_after_(std::numeric_limits<UnixMillis>::min()) {}

template <typename T>
std::function<void(Result<T>)> Recovery::then(void (Recovery::*step)(Result<T>)) {
    return [self = shared_from_this(), step, mailbox = shard_.mailbox()](Result<T> answer) {
        mailbox->post_answer([self, step, answer = std::move(answer)]() mutable {
            if (self->generation_ == self->lane_.generation) {
                ((*self).*step)(std::move(answer));
            }
        });
    };
}

void Recovery::begin() {
    if (shard_.surrounds().ownership != nullptr) {
        read_sessions({});
        return;
    }
    shard_.store().claim(lane_.partition, shard_.options().node, then(&Recovery::on_claimed));
}

void Recovery::on_claimed(Result<store::Epoch> epoch) {
    if (!epoch) {
        finish(epoch.error());
        return;
    }
    lane_.epoch = *epoch;
    read_sessions({});
}

void Recovery::read_sessions(const std::string& cursor) {
    shard_.store().list_sessions(lane_.partition, store::SessionPhase::kLive, cursor, kPage,
                                 then(&Recovery::on_sessions));
}

void Recovery::on_sessions(Result<store::SessionPage> page) {
    if (!page) {
        finish(page.error());
        return;
    }
    for (const store::SessionRecord& record : page->sessions) {
        IndexEntry entry;
        entry.created_s = static_cast<std::uint32_t>(record.created_ms / 1000);
        // A record that is damaged is found so when it is restored.
        const std::string* const bytes = record.find("meta");
        const auto meta = bytes == nullptr
                              ? Result<SessionMeta>(Error(ErrorCode::kCorrupt, "no meta"))
                              : decode_meta(*bytes);
        entry.presence = meta && meta->start_at_ms ? Presence::kScheduled : Presence::kPassivated;
        lane_.set_entry(record.session, entry);
    }
    if (page->next.empty()) {
        read_timers();
    } else {
        read_sessions(page->next);
    }
}

void Recovery::read_timers() {
    shard_.store().list_timers(lane_.partition, timers_after_,
                               std::numeric_limits<UnixMillis>::max(), kPage, timers_skip_,
                               then(&Recovery::on_timers));
}

void Recovery::on_timers(Result<store::TimerPage> page) {
    if (!page) {
        finish(page.error());
        return;
    }
    for (const store::TimerRecord& timer : page->timers) {
        timers_.push_back({timer.session, timer.number, timer.due_ms});
        timers_skip_ = timer.due_ms == timers_after_ ? timers_skip_ + 1 : 1;
        timers_after_ = timer.due_ms;
    }
    if (page->more && !page->timers.empty()) {
        read_timers();
    } else {
        read_outbox();
    }
}

void Recovery::read_outbox() {
    const std::uint64_t after = outbox_.empty() ? 0 : outbox_.back().number;
    shard_.store().list_outbox(lane_.partition, after, kPage, then(&Recovery::on_outbox));
}

void Recovery::on_outbox(Result<std::vector<store::OutboxRecord>> page) {
    if (!page) {
        finish(page.error());
        return;
    }
    std::move(page->begin(), page->end(), std::back_inserter(outbox_));
    if (page->size() < kPage) {
        read_inbox();
    } else {
        read_outbox();
    }
}

void Recovery::read_inbox() {
    const auto reading = std::make_shared<InboxReading>(
        shard_, lane_, [self = shared_from_this()](Result<std::vector<InboxEntry>> entries) {
            self->on_inbox(std::move(entries));
        });
    reading->begin(0);
}

void Recovery::on_inbox(Result<std::vector<InboxEntry>> entries) {
    if (!entries) {
        finish(entries.error());
        return;
    }
    inbox_ = *std::move(entries);
    serve();
}

void Recovery::serve() {
    lane_.state = LaneState::kServing;
    // The outbox first: a child whose start is still to come must be known before its events are.
    for (const store::OutboxRecord& record : outbox_) {
        lane_.count_outbox(1);
        auto payload = decode_outbox(record.payload);
        if (!payload) {
            log::error("an outbox entry is damaged",
                       {{"session", record.session.key()}, {"reason", payload.error().message()}});
            lane_.remove_outbox(record.number);
            continue;
        }
        shard_.outbox().carry_out(lane_,
                                  OutboxEntry{record.number, record.session, record.seq, record.n},
                                  *std::move(payload));
    }
    lane_.inbox.serve(std::move(inbox_));
    // Not earlier: a timer that fires while the lane is not served would be lost until the next
    // recovery.
    for (const DueTimer& timer : timers_) {
        shard_.set_timer(timer.session, timer.number, timer.due_ms);
    }
    shard_.lobby().reopen(lane_);
    finish({});
}

void Recovery::finish(Result<void> outcome) {
    std::exchange(done_, nullptr)(std::move(outcome));
}

}  // namespace fermata::engine

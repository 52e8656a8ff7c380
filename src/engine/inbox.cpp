#include "engine/inbox.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "engine/lane.h"
#include "engine/shard.h"

namespace fermata::engine {
namespace {

// Lanes that were opened together look at different moments within kLook.
std::chrono::milliseconds spread(Partition partition) {
    constexpr std::int64_t kStep = 997;  // prime to kLook: spreads neighbours
    return std::chrono::milliseconds(partition * kStep % Inbox::kLook.count());
}

}  // namespace

void Inbox::serve(std::vector<InboxEntry> found) {
    for (InboxEntry& entry : found) {
        known_ = entry.number;
        deliver(std::move(entry));
    }
    // Without a cluster nobody else appends.
    if (shard_.surrounds().ownership != nullptr) {
        shard_.run_after(kSecondLook, [this, serving = lane_.generation] {
            if (serving == lane_.generation) {
                read();
            }
        });
        look_later(kSecondLook + spread(lane_.partition));
    }
    if (std::exchange(read_again_, false)) {
        read();
    }
}

void Inbox::look_later(std::chrono::milliseconds delay) {
    shard_.run_after(delay, [this, serving = lane_.generation] {
        if (serving == lane_.generation) {
            read();
            look_later(kLook);
        }
    });
}

void Inbox::read() {
    if (is_reading_ || !lane_.is_serving()) {
        read_again_ = true;
        return;
    }
    is_reading_ = true;
    // The store numbers in order: whatever is below a number that is known by now, the read shows,
    // if it is there.
    const std::uint64_t known = direct_.empty() ? known_ : direct_.back();
    const auto reading = std::make_shared<InboxReading>(
        shard_, lane_, [this, known](Result<std::vector<InboxEntry>> entries) {
            on_read(known, std::move(entries));
        });
    reading->begin(known_);
}

void Inbox::on_read(std::uint64_t known, Result<std::vector<InboxEntry>> entries) {
    if (!entries) {
        is_reading_ = false;  // the next look comes
        return;
    }
    waiting_ = *std::move(entries);
    waits_for_ = append_next_;
    known_after_ = waiting_.empty() ? known : std::max(known, waiting_.back().number);
    deliver_read();
}

void Inbox::deliver_read() {
    if (!is_reading_ || waits_for_ == 0 || (!appends_.empty() && *appends_.begin() < waits_for_)) {
        return;
    }
    waits_for_ = 0;
    for (InboxEntry& entry : std::exchange(waiting_, {})) {
        const bool is_direct = std::binary_search(direct_.begin(), direct_.end(), entry.number);
        if (!is_direct && !is_own(entry)) {
            deliver(std::move(entry));
        }
    }
    known_ = known_after_;
    direct_.erase(direct_.begin(), std::upper_bound(direct_.begin(), direct_.end(), known_));
    is_reading_ = false;
    if (std::exchange(read_again_, false)) {
        read();
    }
}

std::uint64_t Inbox::begin_append() {
    appends_.insert(append_next_);
    return append_next_++;
}

void Inbox::end_append(std::uint64_t ticket) {
    appends_.erase(ticket);
    deliver_read();
}

void Inbox::deliver_appended(const SessionId& session, InboxPayload payload, std::uint64_t number) {
    if (number <= known_) {
        return;  // the recovery found it
    }
    direct_.insert(std::upper_bound(direct_.begin(), direct_.end(), number), number);
    deliver_payload(session, std::move(payload), number);
    if (direct_.size() > kDirectMax) {
        read();
    }
}

bool Inbox::is_own(const InboxEntry& entry) const {
    if (!entry.payload) {
        return false;
    }
    const auto sender = SessionId::parse(
        std::string_view(entry.payload->effect_id).substr(0, SessionId::kTextLength));
    return sender && sender->partition() == lane_.partition;
}

void Inbox::deliver(InboxEntry entry) {
    if (!entry.payload) {
        log::error("an inbox entry is damaged",
                   {{"session", entry.session.key()}, {"reason", entry.payload.error().message()}});
        lane_.remove_inbox(entry.number);
    } else if (entry.is_answered) {
        lane_.remove_inbox(entry.number);
    } else if (!entry.payload->answer_key.empty()) {
        deliver_once(std::move(entry));
    } else {
        deliver_payload(entry.session, *std::move(entry.payload), entry.number);
    }
}

// Somebody may be repeating the request directly at this moment.
void Inbox::deliver_once(InboxEntry entry) {
    const std::string key = entry.payload->answer_key;
    const std::uint64_t number = entry.number;
    auto kept = std::make_shared<InboxEntry>(std::move(entry));
    const auto is_ours = std::make_shared<bool>(false);
    const auto settled = [this, kept, is_ours, number,
                          serving = lane_.generation](const Result<SettledAnswer>& answer) {
        if (*is_ours || serving != lane_.generation) {
            return;  // its own commit removes it, or it is read again
        }
        if (answer) {
            lane_.remove_inbox(number);
        } else {
            shard_.run_later([this, kept, serving] {
                if (serving == lane_.generation) {
                    deliver_once(std::move(*kept));
                }
            });
        }
    };
    shard_.answers().claim_unanswered(key, settled, [this, kept, is_ours, key] {
        *is_ours = true;
        auto delivery = std::make_unique<Delivery>();
        delivery->inbox_number = kept->number;
        delivery->promised = true;
        delivery->event = std::move(kept->payload->event);
        delivery->waiter = std::make_unique<Waiter>();
        delivery->waiter->answer_key = key;
        delivery->waiter->done = [this, key,
                                  session = kept->session](const Result<std::uint64_t>& seq) {
            shard_.answers().settle(
                key, seq ? Result<KeptAnswer>(KeptAnswer{session, {}, *seq}) : seq.error());
        };
        shard_.deliver(kept->session, std::move(delivery));
    });
}

void Inbox::deliver_payload(const SessionId& session, InboxPayload payload, std::uint64_t number) {
    auto delivery = std::make_unique<Delivery>();
    delivery->inbox_number = number;
    delivery->promised = payload.effect_id.empty();  // a client's
    delivery->child =
        SessionId::parse(std::string_view(payload.effect_id).substr(0, SessionId::kTextLength));
    delivery->event = std::move(payload.event);
    shard_.deliver(session, std::move(delivery));
}

void Inbox::forget() {
    known_ = 0;
    direct_.clear();
    appends_.clear();
    waiting_.clear();
    waits_for_ = 0;
    is_reading_ = false;
    read_again_ = false;
}

}  // namespace fermata::engine

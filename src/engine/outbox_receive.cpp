// Outbox, part two: the receiving side, on the shard of the target's partition.
#include <map>
#include <utility>

#include "engine/outbox.h"
#include "engine/shard.h"

namespace fermata::engine {
namespace {

// Events for sessions of a partition that this instance does not serve. Asks the store which of the
// sessions are there, and appends for those. Owned by its own callbacks; done is called from a
// thread of the store.
class Forwarding : public std::enable_shared_from_this<Forwarding> {
  public:
    Forwarding(store::Store& store, Partition target, Partition from,
               std::vector<Outbox::RemoteEntry> entries, Outbox::RemoteDone done)
        : store_(store),
          target_(target),
          from_(from),
          entries_(std::move(entries)),
          done_(std::move(done)) {}

    void begin() {
        for (const Outbox::RemoteEntry& entry : entries_) {
            is_there_.try_emplace(entry.event.target, false);
        }
        look(is_there_.begin());
    }

  private:
    using There = std::map<SessionId, bool>;

    void look(There::iterator next);
    void append();

    store::Store& store_;
    const Partition target_;
    const Partition from_;
    std::vector<Outbox::RemoteEntry> entries_;
    Outbox::RemoteDone done_;
    There is_there_;
};

store::InboxRecord record_of(const Outbox::RemoteEntry& entry) {
    store::InboxRecord record;
    record.session = entry.event.target;
    record.payload = encode(InboxPayload{entry.event.event, entry.effect_id, {}});
    return record;
}

void Forwarding::look(There::iterator next) {
    if (next == is_there_.end()) {
        append();
        return;
    }
    store_.load_session(next->first, [self = shared_from_this(), next](
                                         const Result<std::optional<store::SessionRecord>>& found) {
        if (!found) {
            self->done_(found.error());
            return;
        }
        next->second = found->has_value() && !(*found)->end;
        self->look(std::next(next));
    });
}

void Forwarding::append() {
    std::vector<std::uint64_t> unreachable;
    store::InboxAppend append;
    append.partition = target_;
    append.from = from_;
    for (const Outbox::RemoteEntry& entry : entries_) {
        if (is_there_.at(entry.event.target)) {
            append.from_numbers.push_back(entry.number);
            append.records.push_back(record_of(entry));
        } else {
            unreachable.push_back(entry.number);
        }
    }
    if (append.records.empty()) {
        done_(std::move(unreachable));
        return;
    }
    store_.append_inbox(std::move(append),
                        [self = shared_from_this(), unreachable = std::move(unreachable)](
                            const Result<store::InboxAnswer>& answer) {
                            if (answer) {
                                self->done_(unreachable);
                            } else {
                                self->done_(answer.error());
                            }
                        });
}

}  // namespace

void Outbox::receive(Partition target, Partition from, std::vector<RemoteEntry> entries,
                     RemoteDone done) {
    Lane& lane = shard_.lane_of(target);
    Ownership* const ownership = shard_.surrounds().ownership;
    if (lane.takes_calls()) {
        receive_here(lane, from, std::move(entries), std::move(done));
        return;
    }
    if (ownership == nullptr) {  // being recovered
        done(Error(ErrorCode::kUnavailable, "the partition is not being served"));
        return;
    }
    auto hinting = [this, &lane, mailbox = shard_.mailbox(),
                    done = std::move(done)](Result<std::vector<std::uint64_t>> unreachable) {
        if (unreachable) {
            mailbox->post_answer([this, &lane] { hint(lane); });
        }
        done(std::move(unreachable));
    };
    std::make_shared<Forwarding>(shard_.store(), target, from, std::move(entries),
                                 std::move(hinting))
        ->begin();
}

void Outbox::receive_here(Lane& lane, Partition from, std::vector<RemoteEntry> entries,
                          RemoteDone done) {
    std::vector<std::uint64_t> unreachable;
    store::InboxAppend append;
    append.partition = lane.partition;
    append.from = from;
    auto accepted = std::make_shared<std::vector<RemoteEntry>>();
    for (RemoteEntry& entry : entries) {
        if (!shard_.is_reachable(entry.event.target)) {
            unreachable.push_back(entry.number);
            continue;
        }
        append.from_numbers.push_back(entry.number);
        append.records.push_back(record_of(entry));
        accepted->push_back(std::move(entry));
    }
    if (accepted->empty()) {
        done(std::move(unreachable));
        return;
    }
    auto report = [this, &lane, accepted, unreachable = std::move(unreachable),
                   done = std::move(done), serving = lane.generation,
                   ticket = lane.inbox.begin_append()](const Result<store::InboxAnswer>& answer) {
        if (serving == lane.generation) {
            if (answer) {
                on_appended(lane, *accepted, answer->numbers);
            }
            lane.inbox.end_append(ticket);
        }
        if (serving != lane.generation || !lane.takes_calls()) {
            // It started over, or may belong to another by now: the entries come from the store.
            hint(lane);
        }
        done(answer ? Result<std::vector<std::uint64_t>>(unreachable) : answer.error());
    };
    shard_.store().append_inbox(
        std::move(append), [report = std::move(report),
                            mailbox = shard_.mailbox()](Result<store::InboxAnswer> answer) {
            mailbox->post_answer([report, answer = std::move(answer)] { report(answer); });
        });
}

// Somebody should read the inbox: the lane, when it is here, and who owns the partition otherwise.
void Outbox::hint(Lane& lane) {
    Ownership* const ownership = shard_.surrounds().ownership;
    if (lane.is_open()) {
        lane.inbox.read();
    }
    if (ownership != nullptr && !lane.takes_calls()) {
        ownership->on_inbox_appended(lane.partition);
    }
}

void Outbox::on_appended(Lane& lane, const std::vector<RemoteEntry>& entries,
                         const std::vector<std::uint64_t>& numbers) {
    for (std::size_t at = 0; at < entries.size(); ++at) {
        const RemoteEntry& entry = entries[at];
        if (numbers[at] == 0) {
            lane.inbox.read();  // a repetition; the first attempt may wait there
        } else {
            lane.inbox.deliver_appended(entry.event.target,
                                        InboxPayload{entry.event.event, entry.effect_id, {}},
                                        numbers[at]);
        }
    }
}

}  // namespace fermata::engine

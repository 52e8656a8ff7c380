// Outbox, part two: the receiving side, on the shard of the target's partition.
#include <utility>

#include "engine/outbox.h"
#include "engine/shard.h"

namespace fermata::engine {
namespace {

store::InboxRecord record_of(const Outbox::RemoteEntry& entry, RecordFormat format) {
    store::InboxRecord record;
    record.session = entry.event.target;
    record.payload = encode(InboxPayload{entry.event.event, entry.effect_id, {}}, format);
    return record;
}

// Events for sessions of a partition that this instance does not serve: the store itself tells
// which of them live. What is only read may be older than what was acknowledged, and an event that
// was taken for undeliverable because of it would be lost. `done` is called from a thread of the
// store.
void append_elsewhere(store::Store& store, RecordFormat format, Partition target, Partition from,
                      const std::vector<Outbox::RemoteEntry>& entries, Outbox::RemoteDone done) {
    store::InboxAppend append;
    append.partition = target;
    append.from = from;
    append.only_live = true;
    for (const Outbox::RemoteEntry& entry : entries) {
        append.from_numbers.push_back(entry.number);
        append.records.push_back(record_of(entry, format));
    }
    std::vector<std::uint64_t> sent = append.from_numbers;
    store.append_inbox(std::move(append), [sent = std::move(sent), done = std::move(done)](
                                              const Result<store::InboxAnswer>& answer) {
        if (!answer) {
            done(answer.error());
            return;
        }
        std::vector<std::uint64_t> unreachable;
        for (std::size_t at = 0; at < sent.size(); ++at) {
            if (answer->numbers[at] == store::InboxAnswer::kNobodyThere) {
                unreachable.push_back(sent[at]);
            }
        }
        done(std::move(unreachable));
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
    append_elsewhere(shard_.store(), shard_.record_format(), target, from, entries,
                     std::move(hinting));
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
        append.records.push_back(record_of(entry, shard_.record_format()));
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

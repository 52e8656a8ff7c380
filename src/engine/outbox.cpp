#include "engine/outbox.h"

#include <algorithm>
#include <variant>

#include "engine/shard.h"

namespace fermata::engine {
namespace {

constexpr std::chrono::milliseconds kRetryDelay{200};
constexpr std::uint32_t kRetryDoublingsMax = 7;  // at most 25 s between two attempts
constexpr std::size_t kChannelMessageMax = 500;

std::chrono::milliseconds backoff(std::uint32_t failures) {
    return kRetryDelay * (1U << std::min(failures, kRetryDoublingsMax));
}

// Refusals stay refusals; what may be different in a moment is tried again.
bool is_worth_retrying(ErrorCode code) {
    return code == ErrorCode::kUnavailable || code == ErrorCode::kOverloaded ||
           code == ErrorCode::kTimeout;
}

}  // namespace

void Outbox::carry_out(Lane& lane, const OutboxEntry& entry, OutboxPayload payload) {
    if (auto* remote = std::get_if<RemoteEvent>(&payload)) {
        const Partition to = remote->target.partition();
        channels_[{lane.partition, to}].waiting.push_back({entry, std::move(*remote)});
        // Later, so that all events of one batch go in one message.
        shard_.run_later([this, &lane, to] { pump(lane, to); });
    } else if (auto* http = std::get_if<HttpDelivery>(&payload)) {
        auto sending = std::make_shared<Http>();
        sending->lane = &lane;
        sending->generation = lane.generation;
        sending->entry = entry;
        sending->delivery = std::move(*http);
        send_http(std::move(sending));
    } else if (auto* start = std::get_if<StartChild>(&payload)) {
        shard_.births().start_child(lane, entry, std::move(*start));
    } else {
        cancel_child(entry, std::get<CancelChild>(payload));
    }
}

void Outbox::forget(Lane& lane) {
    std::erase_if(channels_,
                  [&](const auto& channel) { return channel.first.first == lane.partition; });
    std::erase_if(http_waiting_, [&](const auto& http) { return http->lane == &lane; });
}

void Outbox::pump(Lane& lane, Partition to) {
    const auto found = channels_.find({lane.partition, to});
    if (found == channels_.end() || found->second.under_way > 0 || found->second.waiting.empty()) {
        return;
    }
    Channel& channel = found->second;
    channel.under_way = std::min(channel.waiting.size(), kChannelMessageMax);
    std::vector<RemoteEntry> message;
    message.reserve(channel.under_way);
    for (std::size_t at = 0; at < channel.under_way; ++at) {
        const Remote& remote = channel.waiting[at];
        message.push_back({remote.entry.number, remote.event, remote.entry.id()});
    }
    Shard& receiver = shard_.shard_of(to);
    RemoteDone done = [this, &lane, to, generation = lane.generation,
                       mailbox = shard_.mailbox()](Result<std::vector<std::uint64_t>> unreachable) {
        mailbox->post_answer([this, &lane, to, generation, unreachable = std::move(unreachable)] {
            if (generation == lane.generation) {
                on_received(lane, to, unreachable);
            }
        });
    };
    receiver.run_later([&receiver, from = lane.partition, to, message = std::move(message),
                        done = std::move(done)]() mutable {
        receiver.outbox().receive(to, from, std::move(message), std::move(done));
    });
}

void Outbox::on_received(Lane& lane, Partition to,
                         const Result<std::vector<std::uint64_t>>& unreachable) {
    Channel& channel = channels_[{lane.partition, to}];
    const std::size_t count = std::exchange(channel.under_way, 0);
    if (!unreachable) {
        const auto delay = backoff(channel.failures++);
        shard_.run_after(delay, [this, &lane, to] { pump(lane, to); });
        return;
    }
    channel.failures = 0;
    for (std::size_t at = 0; at < count; ++at) {
        const Remote& remote = channel.waiting.front();
        if (std::find(unreachable->begin(), unreachable->end(), remote.entry.number) ==
            unreachable->end()) {
            lane.remove_outbox(remote.entry.number);
        } else {
            fail(remote.entry, remote.event.event.sendid,
                 "session " + remote.event.target.to_string() + " cannot be reached");
        }
        channel.waiting.pop_front();
    }
    if (channel.waiting.empty()) {
        channels_.erase({lane.partition, to});
    } else {
        pump(lane, to);
    }
}

void Outbox::receive(Partition target, Partition from, std::vector<RemoteEntry> entries,
                     RemoteDone done) {
    Lane& lane = shard_.lane_of(target);
    if (!lane.is_serving()) {
        done(Error(ErrorCode::kUnavailable, "the partition is not being served"));
        return;
    }
    std::vector<std::uint64_t> unreachable;
    store::InboxAppend append;
    append.partition = target;
    append.from = from;
    auto accepted = std::make_shared<std::vector<RemoteEntry>>();
    for (RemoteEntry& entry : entries) {
        if (!shard_.is_reachable(entry.event.target)) {
            unreachable.push_back(entry.number);
            continue;
        }
        store::InboxRecord record;
        record.session = entry.event.target;
        record.payload = encode(InboxPayload{entry.event.event, entry.effect_id});
        append.from_numbers.push_back(entry.number);
        append.records.push_back(std::move(record));
        accepted->push_back(std::move(entry));
    }
    if (accepted->empty()) {
        done(std::move(unreachable));
        return;
    }
    auto report = [this, &lane, accepted, unreachable = std::move(unreachable),
                   done = std::move(done)](const Result<store::InboxAnswer>& answer) {
        if (!answer) {
            done(answer.error());
            return;
        }
        for (std::size_t at = 0; at < accepted->size(); ++at) {
            deliver_appended(lane, std::move((*accepted)[at]), answer->numbers[at]);
        }
        done(unreachable);
    };
    shard_.store().append_inbox(
        std::move(append), [report = std::move(report),
                            mailbox = shard_.mailbox()](Result<store::InboxAnswer> answer) {
            mailbox->post_answer([report, answer = std::move(answer)] { report(answer); });
        });
}

void Outbox::deliver_appended(Lane& lane, RemoteEntry entry, std::uint64_t number) {
    if (number == 0) {
        return;  // a repetition: the inbox had it already
    }
    if (!lane.is_serving()) {
        // It started over meanwhile: its recovery reads the inbox, with or without this entry.
        shard_.run_after(kRetryDelay, [this, &lane, entry = std::move(entry), number] {
            deliver_appended(lane, entry, number);
        });
        return;
    }
    if (number > lane.inbox_recovered) {
        auto delivery = std::make_unique<Delivery>();
        delivery->inbox_number = number;
        delivery->child = SessionId::parse(entry.effect_id.substr(0, SessionId::kTextLength));
        delivery->event = std::move(entry.event.event);
        shard_.deliver(entry.event.target, std::move(delivery));
    }
}

void Outbox::send_http(std::shared_ptr<Http> http) {
    if (http_active_ >= kHttpActiveMax) {
        http_waiting_.push_back(std::move(http));
        return;
    }
    ++http_active_;
    ++http->attempts;
    HttpSend send{http->entry.id(), http->delivery.url, http->delivery.body,
                  http->delivery.content_type};
    shard_.surrounds().outside.send(std::move(send), [this, http, mailbox = shard_.mailbox()](
                                                         Result<void> answer) {
        mailbox->post_answer([this, http, answer = std::move(answer)] { on_http(http, answer); });
    });
}

void Outbox::on_http(const std::shared_ptr<Http>& http, const Result<void>& answer) {
    --http_active_;
    if (!http_waiting_.empty()) {
        auto next = std::move(http_waiting_.front());
        http_waiting_.pop_front();
        send_http(std::move(next));
    }
    if (http->generation != http->lane->generation) {
        return;
    }
    if (answer) {
        http->lane->remove_outbox(http->entry.number);
    } else if (is_worth_retrying(answer.error().code()) && http->attempts < kHttpAttemptsMax) {
        shard_.run_after(backoff(http->attempts), [this, http] {
            if (http->generation == http->lane->generation) {
                send_http(http);
            }
        });
    } else {
        fail(http->entry, http->delivery.sendid, answer.error().message());
    }
}

// A child that is still on its way into the world is born first: SCXML 6.4 wants its onexit
// handlers to run.
void Outbox::cancel_child(const OutboxEntry& entry, const CancelChild& cancel) {
    auto delivery = std::make_unique<Delivery>();
    delivery->kind = Delivery::Kind::kCancel;
    delivery->outbox_number = entry.number;
    shard_.deliver(cancel.child, std::move(delivery));
}

void Outbox::fail(const OutboxEntry& entry, const std::string& sendid, const std::string& reason) {
    auto delivery = std::make_unique<Delivery>();
    delivery->outbox_number = entry.number;
    delivery->event.name = "error.communication";
    delivery->event.type = value::EventType::kPlatform;
    delivery->event.sendid = sendid;
    delivery->event.data = value::Value::string(reason);
    shard_.deliver(entry.session, std::move(delivery));
}

}  // namespace fermata::engine

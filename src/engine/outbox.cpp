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
    if (!lane.is_serving()) {
        return;  // being closed
    }
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

void Outbox::resume(Lane& lane) {
    const ChannelKey first{lane.partition, Partition{0}};
    for (auto channel = channels_.lower_bound(first);
         channel != channels_.end() && channel->first.first == lane.partition; ++channel) {
        shard_.run_later([this, &lane, to = channel->first.second] { pump(lane, to); });
    }
    shard_.run_later([this] { send_waiting_http(); });
}

bool Outbox::is_quiet(const Lane& lane) const {
    const auto is_under_way = [&lane](const auto& channel) {
        return channel.first.first == lane.partition && channel.second.under_way > 0;
    };
    return lane.http_under_way == 0 &&
           std::none_of(channels_.begin(), channels_.end(), is_under_way);
}

void Outbox::pump(Lane& lane, Partition to) {
    const auto found = channels_.find({lane.partition, to});
    if (found == channels_.end() || found->second.under_way > 0 || found->second.waiting.empty() ||
        !lane.takes_calls()) {
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
    lane.wake();
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

void Outbox::send_http(std::shared_ptr<Http> http) {
    http_waiting_.push_back(std::move(http));
    send_waiting_http();
}

// Those of lanes without a lease wait on, in their order.
void Outbox::send_waiting_http() {
    for (auto next = http_waiting_.begin();
         next != http_waiting_.end() && http_active_ < kHttpActiveMax;) {
        if (!(*next)->lane->takes_calls()) {
            ++next;
            continue;
        }
        const std::shared_ptr<Http> http = std::move(*next);
        next = http_waiting_.erase(next);
        ++http_active_;
        ++http->lane->http_under_way;
        ++http->attempts;
        HttpSend send{http->entry.id(), http->delivery.url, http->delivery.body,
                      http->delivery.content_type};
        shard_.surrounds().outside.send(
            std::move(send), [this, http, mailbox = shard_.mailbox()](Result<void> answer) {
                mailbox->post_answer(
                    [this, http, answer = std::move(answer)] { on_http(http, answer); });
            });
    }
}

void Outbox::on_http(const std::shared_ptr<Http>& http, const Result<void>& answer) {
    --http_active_;
    if (http->generation == http->lane->generation) {
        --http->lane->http_under_way;
        http->lane->wake();
        settle_http(http, answer);
    }
    send_waiting_http();
}

void Outbox::settle_http(const std::shared_ptr<Http>& http, const Result<void>& answer) {
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

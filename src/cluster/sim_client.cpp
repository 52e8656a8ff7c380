#include "cluster/sim_client.h"

#include <algorithm>
#include <utility>

namespace fermata::cluster::sim {
namespace {

constexpr Time kFirstPause = 150 * kMillisecond;
constexpr Time kLongestPause = 400 * kMillisecond;

}  // namespace

void Client::request(int shard, const Request& request, Done done) {
    const std::uint64_t number = next_number_++;
    open_[number] = {shard, request, std::move(done), kFirstPause};
    transmit(number);
}

void Client::transmit(std::uint64_t number) {
    const auto open = open_.find(number);
    if (open == open_.end()) {
        return;
    }
    send_(open->second.shard, open->second.request, [this, number](Reply reply) {
        const auto answered = open_.find(number);
        if (answered != open_.end()) {
            const Done done = std::move(answered->second.done);
            open_.erase(answered);
            done(std::move(reply));
        }
    });
    const Time pause = open->second.pause;
    open->second.pause = std::min(pause * 2, kLongestPause);
    schedule_(pause, [this, number] { transmit(number); });
}

void Client::begin(Partition partition, store::NodeId node, store::Epoch epoch) {
    Writer& writer = writers_[partition];
    auto verified = std::move(writer.verified);
    writer = Writer();
    writer.owner = {node, epoch};
    writer.fenced = false;
    writer.verified = std::move(verified);
}

void Client::call(Partition partition, CallWrite call, std::function<void(bool)> done) {
    Writer& writer = writers_[partition];
    if (writer.fenced || writer.owner.epoch != call.epoch) {
        done(true);
        return;
    }
    call.call = writer.log.size() + 1;
    writer.log.push_back(std::move(call));
    writer.done = std::move(done);
    pump(partition);
}

void Client::verify(Partition partition, std::function<void()> then) {
    Writer& writer = writers_[partition];
    writer.verified.push_back(std::move(then));
    writer.verifying = true;
    pump(partition);
}

void Client::on_primary_changed(int shard) {
    for (Partition partition = 0; partition < partitions_; ++partition) {
        if (Store::shard_of(partition) == shard && !writers_[partition].fenced) {
            verify(partition, [] {});
        }
    }
}

// One write at a time; a verification sends the last one again, which has no effect when it is
// there.
void Client::pump(Partition partition) {
    Writer& writer = writers_[partition];
    if (writer.busy) {
        return;
    }
    if (writer.verifying && !writer.fenced && !no_redo_) {
        writer.verifying = false;
        writer.claim_lost = writer.log.empty();
        writer.next = std::min(writer.next, std::max<std::size_t>(writer.log.size(), 1));
    }
    Write write;
    if (!writer.fenced && writer.claim_lost) {
        write = RedoClaimWrite{partition, writer.owner};
    } else if (!writer.fenced && writer.next <= writer.log.size()) {
        write = writer.log[writer.next - 1];
    } else {
        writer.verifying = false;
        const auto verified = std::exchange(writer.verified, {});
        for (const auto& then : verified) {
            then();
        }
        return;
    }
    writer.busy = true;
    request(Store::shard_of(partition), write,
            [this, partition, epoch = writer.owner.epoch](const Reply& reply) {
                on_reply(partition, epoch, std::get<CallReply>(reply));
            });
}

void Client::on_reply(Partition partition, store::Epoch epoch, const CallReply& reply) {
    Writer& writer = writers_[partition];
    if (writer.owner.epoch != epoch) {
        return;  // of an epoch that this process gave up
    }
    writer.busy = false;
    if (reply.status == CallReply::Status::kFenced) {
        finish(writer, true);
    } else if (reply.status == CallReply::Status::kBehind && no_redo_) {
        writer.claim_lost = reply.epoch < epoch;
        writer.log[writer.next - 1].forced = true;
    } else if (reply.status == CallReply::Status::kBehind) {
        writer.claim_lost = reply.epoch < epoch;
        writer.next = writer.claim_lost ? 1 : static_cast<std::size_t>(reply.call) + 1;
    } else if (writer.claim_lost) {
        writer.claim_lost = false;
        writer.next = static_cast<std::size_t>(reply.call) + 1;
    } else if (writer.next++ == writer.log.size()) {
        finish(writer, writer.log.back().release);
    }
    pump(partition);
}

// The last call is answered. A released partition needs no redo any more.
void Client::finish(Writer& writer, bool ends) {
    const bool is_released =
        ends && !writer.log.empty() && writer.log.back().release && writer.next > writer.log.size();
    writer.fenced = writer.fenced || ends;
    if (const auto done = std::exchange(writer.done, nullptr); done != nullptr) {
        done(ends && !is_released);
    }
}

}  // namespace fermata::cluster::sim

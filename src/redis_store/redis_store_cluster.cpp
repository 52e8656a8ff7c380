// RedisStore for clusters: records of nodes, claims from an expected owner, owners.
#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "redis_store/node_text.h"
#include "redis_store/owner_listing.h"
#include "redis_store/redis_store.h"
#include "redis_store/scripts.h"

namespace fermata::redis_store {
namespace {

redis::Request on_nodes(const std::string& key, redis::Command command, redis::Request::Kind kind) {
    return {redis::slot_of(key), std::move(command), kind, std::nullopt, std::nullopt};
}

Result<store::BeatAnswer> beat_answer(const std::string& field, redis::ReplyView reply) {
    store::BeatAnswer answer;
    answer.accepted = reply[0].integer() == 1;
    if (!reply[1].is_nil()) {
        FERMATA_TRY_ASSIGN(answer.current, decode_node(field, reply[1].text()));
    }
    return answer;
}

Result<std::vector<store::NodeRecord>> nodes_of(redis::ReplyView reply) {
    std::vector<store::NodeRecord> nodes;
    for (std::size_t at = 0; at + 1 < reply.size(); at += 2) {
        FERMATA_TRY_ASSIGN(auto node, decode_node(reply[at].text(), reply[at + 1].text()));
        nodes.push_back(std::move(node));
    }
    std::sort(nodes.begin(), nodes.end(), [](const auto& one, const auto& other) {
        return std::pair(one.node, one.standby) < std::pair(other.node, other.standby);
    });
    return nodes;
}

// How long partitions whose primary does not answer hold up what is known of the others.
constexpr std::chrono::milliseconds kOwnersPatience{1000};

}  // namespace

template <typename Answer, typename Decode>
void RedisStore::ask_nodes(redis::Command command, redis::Request::Kind kind,
                           store::Done<Answer> done, Decode decode) {
    const bool taken = post([this, command = std::move(command), kind, done,
                             decode = std::move(decode)]() mutable {
        client_->send(
            on_nodes(keys_.nodes(), std::move(command), kind),
            [this, done = std::move(done), decode = std::move(decode)](Result<redis::Reply> reply) {
                done(reply ? decode(reply->view()) : Result<Answer>(reply.error()));
                answered();
            });
    });
    if (!taken) {
        done(closed());
    }
}

void RedisStore::beat(store::NodeBeat beat, store::Done<store::BeatAnswer> done) {
    const auto text = encode_node(beat.record);
    if (!text) {
        done(text.error());
        return;
    }
    const std::string field = node_field(beat.record.node, beat.record.standby);
    redis::Command command(beat_script(), {keys_.nodes()});
    command.add(field);
    command.add(beat.expected ? node_identity(beat.expected->instance, beat.expected->beat) : "");
    command.add(node_identity(beat.record.instance, beat.record.beat)).add(*text);
    command.add(lifetimes_.record.count());
    ask_nodes(std::move(command), redis::Request::Kind::kWrite, std::move(done),
              [field](redis::ReplyView reply) { return beat_answer(field, reply); });
}

void RedisStore::list_nodes(store::Done<std::vector<store::NodeRecord>> done) {
    redis::Command command("HGETALL");
    command.add(keys_.nodes());
    ask_nodes(std::move(command), redis::Request::Kind::kRead, std::move(done), nodes_of);
}

void RedisStore::remove_node(store::NodeId node, bool standby, std::uint64_t instance,
                             store::Done<bool> done) {
    redis::Command command(remove_node_script(), {keys_.nodes()});
    command.add(node_field(node, standby)).add(instance);
    ask_nodes(std::move(command), redis::Request::Kind::kWrite, std::move(done),
              [](redis::ReplyView reply) { return Result<bool>(reply.integer() == 1); });
}

void RedisStore::claim_from(Partition partition, store::Ownership expected, store::NodeId node,
                            store::Done<store::ClaimAnswer> done) {
    if (const auto checked = check_partition(partition); !checked) {
        done(checked.error());
        return;
    }
    const bool taken = post([this, partition, expected, node, done] {
        CallQueue::Claim claim{node, next_token(), expected, nullptr};
        claim.done = counted(done);
        queues_[partition]->claim(std::move(claim));
    });
    if (!taken) {
        done(closed());
    }
}

void RedisStore::release(Partition partition, store::Epoch epoch, store::Done<bool> done) {
    if (const auto checked = check_partition(partition); !checked) {
        done(checked.error());
        return;
    }
    Call call;
    call.epoch = epoch;
    call.command = redis::Command(release_script(), {keys_.key(partition, "owner")});
    call.unclaimed = redis::Command(hand_back_script(), {keys_.key(partition, "owner")});
    call.unclaimed->add(epoch);
    call.done = [this, done](const Result<CallAnswer>& answer) {
        done(answer ? Result<bool>(answer->text == "1") : Result<bool>(answer.error()));
        answered();
    };
    const bool taken = post([this, partition, call = std::move(call)]() mutable {
        queues_[partition]->call(std::move(call));
    });
    if (!taken) {
        done(closed());
    }
}

void RedisStore::list_owners(store::Done<store::OwnerList> done) {
    const bool taken = post([this, done] {
        const auto listing = std::make_shared<OwnerListing>(
            queues_.size(), [this, done](Result<store::OwnerList> owners) {
                done(std::move(owners));
                answered();
            });
        const auto deadline = std::chrono::steady_clock::now() + kOwnersPatience;
        for (Partition partition = 0; partition < keys_.partition_count(); ++partition) {
            queues_[partition]->read(
                owner_command(keys_, partition),
                [listing, partition](const Result<redis::Reply>& reply) {
                    listing->take(partition, reply
                                                 ? Result<store::Ownership>(owner_of(reply->view()))
                                                 : reply.error());
                },
                deadline);
        }
        client_->after(kOwnersPatience, [listing] { listing->tell(); });
    });
    if (!taken) {
        done(closed());
    }
}

}  // namespace fermata::redis_store

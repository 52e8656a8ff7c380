#include "redis/survey.h"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

namespace fermata::redis {
namespace {

// An answer from an open connection that takes longer is not worth waiting for.
constexpr std::chrono::seconds kPatience{1};

bool says_standalone(const Error& error) {
    return error.message().find("cluster support disabled") != std::string::npos;
}

// The server does not know the question, or the user may not ask it.
bool says_not_here(const Error& error) {
    return error.message().starts_with("ERR") || error.message().starts_with("NOPERM");
}

}  // namespace

Survey::Survey(Surroundings& surroundings, SurveyHost& host)
    : surroundings_(surroundings),
      host_(host),
      timer_(surroundings.loop),
      urgent_(surroundings.options.urgent_refresh_min, surroundings.options.urgent_refresh_max) {}

void Survey::want(const std::optional<Address>& source) {
    if (source) {
        preferred_ = source;
    }
    if (is_asking_ || is_urgent_) {
        return;
    }
    const Time now = std::chrono::steady_clock::now();
    const Time wanted_at = begun_at_ + urgent_.next(surroundings_.random);
    is_urgent_ = true;
    if (wanted_at <= now) {
        // Not from within the caller's doings.
        timer_.start(std::chrono::milliseconds(0), [this] { begin_round(); });
    } else {
        timer_.start(wanted_at - now, [this] { begin_round(); });
    }
}

void Survey::tick(Time now) {
    if (is_asking_) {
        const auto patience = scout_ != nullptr ? surroundings_.options.connect_timeout + kPatience
                                                : std::chrono::milliseconds(kPatience);
        if (now - begun_at_ > patience) {
            fail(Error(ErrorCode::kUnavailable, "no answer about the cluster's nodes"));
        }
    } else if (!is_urgent_ && now >= next_at_) {
        begin_round();
    }
}

void Survey::begin_round() {
    timer_.cancel();
    is_urgent_ = false;
    is_asking_ = true;
    begun_at_ = std::chrono::steady_clock::now();
    ++round_;
    const std::optional<Address> avoided = std::exchange(avoided_, std::nullopt);
    const std::optional<Address> preferred = std::exchange(preferred_, std::nullopt);
    if (ReadChannel* source = host_.pick_source(preferred, avoided)) {
        ask(*source);
        return;
    }
    if (candidates_.empty()) {
        candidates_ = host_.known_nodes();
        for (std::size_t left = candidates_.size(); left > 1; --left) {
            std::swap(candidates_[left - 1], candidates_[surroundings_.random.below(left)]);
        }
    }
    send_scout();
}

void Survey::send_scout() {
    const Node node = std::move(candidates_.back());
    candidates_.pop_back();
    ReadChannelOwner& owner = *this;
    scout_ = std::make_unique<ReadChannel>(surroundings_, node, owner);
    scout_->start();
}

// It may be the scout itself that calls: it is destroyed after this turn.
void Survey::retire_scout() {
    if (scout_ != nullptr) {
        boost::asio::post(surroundings_.loop,
                          [gone = std::shared_ptr<ReadChannel>(std::move(scout_))] {});
    }
}

void Survey::read_channel_opened(const ServerFacts& /*facts*/) {
    if (scout_ != nullptr && is_asking_) {
        ask(*scout_);
    }
}

void Survey::read_channel_closed(const Error& error) {
    if (scout_ == nullptr || !is_asking_) {
        return;
    }
    is_denied_ = is_denied_ || error.code() == ErrorCode::kForbidden;
    fail(error);
}

AskedNode Survey::asked_node(const ReadChannel& channel) const {
    return {channel.node().address.host, surroundings_.options.tls.enabled};
}

void Survey::ask(ReadChannel& channel) {
    epoch_ = 0;
    avoided_ = channel.node().address;
    channel.ask(Command("CLUSTER").add("INFO"), [this, round = round_](const Result<Reply>& reply) {
        if (is_current(round) && reply) {
            epoch_ = cluster_epoch(reply->view().text());
        }
    });
    channel.ask(Command("CLUSTER").add("SHARDS"),
                [this, round = round_, &channel](const Result<Reply>& reply) {
                    if (!is_current(round)) {
                        return;
                    }
                    if (reply) {
                        decode(decode_cluster_shards(reply->view(), asked_node(channel)));
                    } else if (says_standalone(reply.error())) {
                        ask_role(channel);
                    } else if (says_not_here(reply.error())) {
                        ask_slots(channel);
                    } else {
                        fail(reply.error());
                    }
                });
    channel.flush();
}

void Survey::ask_slots(ReadChannel& channel) {
    channel.ask(Command("CLUSTER").add("SLOTS"),
                [this, round = round_, &channel](const Result<Reply>& reply) {
                    if (!is_current(round)) {
                        return;
                    }
                    if (reply) {
                        decode(decode_cluster_slots(reply->view(), asked_node(channel)));
                    } else if (says_standalone(reply.error())) {
                        ask_role(channel);
                    } else {
                        fail(reply.error().with_context(
                            "CLUSTER SHARDS and CLUSTER SLOTS (ACL rules +cluster|shards, "
                            "+cluster|slots)"));
                    }
                });
    channel.flush();
}

// A stand-alone server may have replicas, and one of them may be among redis-nodes.
void Survey::ask_role(ReadChannel& channel) {
    channel.ask(Command("INFO").add("replication"),
                [this, round = round_, &channel](const Result<Reply>& reply) {
                    if (!is_current(round)) {
                        return;
                    }
                    if (!reply) {
                        fail(reply.error());
                    } else if (!parse_info(reply->view().text()).is_primary) {
                        fail(Error(ErrorCode::kUnavailable,
                                   channel.node().address.to_string() +
                                       " is a replica: name its primary in redis-nodes"));
                    } else {
                        succeed(standalone_topology(channel.node().address));
                    }
                });
    channel.flush();
}

void Survey::decode(const Result<Topology>& topology) {
    if (!topology) {
        fail(topology.error());
    } else if (topology->shards.empty()) {
        fail(Error(ErrorCode::kUnavailable, "the cluster serves no slots (cluster_state:fail)"));
    } else {
        Topology found = *topology;
        found.epoch = epoch_;
        succeed(std::move(found));
    }
}

void Survey::succeed(Topology topology) {
    is_asking_ = false;
    is_denied_ = false;
    avoided_.reset();
    candidates_.clear();
    retire_scout();
    ++surroundings_.counters.refreshes;
    // A little earlier or later each time, so that many clients spread.
    const auto interval = surroundings_.options.refresh_interval;
    const auto tenth = static_cast<std::uint64_t>(interval.count()) / 10;
    next_at_ = std::chrono::steady_clock::now() + interval -
               std::chrono::milliseconds(surroundings_.random.below(tenth + 1));
    host_.surveyed(std::move(topology));
}

void Survey::fail(const Error& error) {
    is_asking_ = false;
    const bool was_scout = scout_ != nullptr;
    retire_scout();
    host_.survey_failed(error);
    if (was_scout && !candidates_.empty()) {
        // The next of this round at once; pauses are between rounds.
        is_urgent_ = true;
        timer_.start(std::chrono::milliseconds(0), [this] { begin_round(); });
        return;
    }
    const auto pause = std::exchange(is_denied_, false) ? surroundings_.options.denied_pause
                                                        : urgent_.next(surroundings_.random);
    is_urgent_ = true;
    timer_.start(pause, [this] { begin_round(); });
}

}  // namespace fermata::redis

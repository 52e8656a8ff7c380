#include "redis_store/call_queue.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "redis_store/entries.h"
#include "redis_store/scripts.h"

namespace fermata::redis_store {
namespace {

// Pause before a request that the client had no room for is handed over again.
constexpr std::chrono::milliseconds kOverloadedPause{50};

// "OK 17 1" -> "OK" and "17 1".
std::pair<std::string_view, std::string_view> first_word(std::string_view text) {
    const std::size_t space = text.find(' ');
    return space == std::string_view::npos
               ? std::pair(text, std::string_view())
               : std::pair(text.substr(0, space), text.substr(space + 1));
}

Error strange_answer(std::string_view text) {
    return {ErrorCode::kCorrupt,
            "\"" + std::string(text.substr(0, 80)) + "\" is no answer of a script of this server"};
}

}  // namespace

redis::Command owner_command(const Keys& keys, Partition partition) {
    redis::Command command("HMGET");
    command.add(keys.key(partition, "owner")).add("node").add("epoch");
    return command;
}

store::Ownership owner_of(redis::ReplyView reply) {
    return {static_cast<store::NodeId>(parse_number(reply[0].text()).value_or(store::kNobody)),
            parse_number(reply[1].text()).value_or(0)};
}

void CallQueue::call(Call call) {
    jobs_.emplace_back(std::move(call));
    go_on();
}

void CallQueue::claim(Claim claim) {
    jobs_.emplace_back(std::move(claim));
    go_on();
}

void CallQueue::read(redis::Command command, std::function<void(Result<redis::Reply>)> done,
                     Deadline deadline) {
    if (is_suspect_ || is_redoing_) {
        expire_reads();
        held_.push_back({std::move(command), std::move(done), deadline});
        return;
    }
    redis::Request request{surrounds_.keys.slot(partition_), command, redis::Request::Kind::kRead,
                           deadline, std::nullopt};
    surrounds_.client.send(std::move(request),
                           [this, command = std::move(command), done = std::move(done), deadline,
                            generation = generation_](Result<redis::Reply> reply) mutable {
                               if (reply && generation != generation_) {
                                   read(std::move(command), std::move(done), deadline);
                                   return;
                               }
                               done(std::move(reply));
                           });
}

// So that reads which are made again and again while Redis is away do not pile up.
void CallQueue::expire_reads() {
    const auto now = std::chrono::steady_clock::now();
    const auto expired = std::stable_partition(
        held_.begin(), held_.end(),
        [now](const HeldRead& read) { return !read.deadline || *read.deadline > now; });
    std::vector<HeldRead> over(std::make_move_iterator(expired),
                               std::make_move_iterator(held_.end()));
    held_.erase(expired, held_.end());
    for (HeldRead& read : over) {
        read.done(Error(ErrorCode::kUnavailable,
                        "the partition's history is compared with Redis's at the moment"));
    }
}

void CallQueue::suspect() {
    if (epoch_ == 0) {
        return;  // what others wrote is theirs to look after
    }
    is_suspect_ = true;
    ++generation_;
    go_on();
}

void CallQueue::fail(const Error& error) {
    auto jobs = std::exchange(jobs_, {});
    auto held = std::exchange(held_, {});
    for (Job& job : jobs) {
        if (Call* const call = std::get_if<Call>(&job)) {
            call->done(error);
        } else {
            std::get<Claim>(job).done(error);
        }
    }
    for (HeldRead& read : held) {
        read.done(error);
    }
}

void CallQueue::go_on() {
    while (!is_busy_) {
        if (is_suspect_) {
            is_suspect_ = false;
            is_redoing_ = true;  // reads wait also while we look
            look([this](const Stored& stored) { compare(stored); });
            return;
        }
        is_redoing_ = false;
        release_reads();
        if (jobs_.empty() || begin_front() == Step::kBusy) {
            return;
        }
    }
}

CallQueue::Step CallQueue::begin_front() {
    if (Call* const call = std::get_if<Call>(&jobs_.front())) {
        return begin_call(*call);
    }
    look([this](const Stored& stored) {
        if (epoch_ != 0 && is_behind(stored)) {
            redo(stored);  // the claim is still at the front, and looks again afterwards
        } else {
            send_claim(stored);
        }
    });
    return Step::kBusy;
}

CallQueue::Step CallQueue::begin_call(Call& call) {
    if (call.encode_append) {
        call.epoch = epoch_;
        call.command = call.encode_append(epoch_ != 0);
        if (epoch_ == 0) {
            send_foreign();
            return Step::kBusy;
        }
    }
    const bool is_claimed = call.epoch == epoch_ && epoch_ != 0;
    if (!is_claimed && call.unclaimed) {
        send_unnumbered([this] { return *std::get<Call>(jobs_.front()).unclaimed; });
        return Step::kBusy;
    }
    if (!is_claimed) {
        auto done = std::move(call.done);
        const Error error = refusal(call.epoch);
        jobs_.pop_front();
        done(error);
        return Step::kGoOn;
    }
    call.command->share();  // between the client and the log
    send([this] { return numbered(*std::get<Call>(jobs_.front()).command, epoch_, call_ + 1, 0); },
         redis::Request::Kind::kWrite,
         [this](const Result<redis::Reply>& reply) { on_call_answer(reply); });
    return Step::kBusy;
}

void CallQueue::send_foreign() {
    ++foreign_number_;
    const auto make = [this] {
        return foreign(*std::get<Call>(jobs_.front()).command, surrounds_.appender,
                       foreign_number_);
    };
    send_unnumbered(make);
}

void CallQueue::send_unnumbered(Make make) {
    send(std::move(make), redis::Request::Kind::kWrite, [this](const Result<redis::Reply>& reply) {
        const Call call = std::move(std::get<Call>(jobs_.front()));
        jobs_.pop_front();
        const auto [status, rest] = reply ? first_word(reply->view().text())
                                          : std::pair<std::string_view, std::string_view>();
        if (!reply) {
            call.done(reply.error());
        } else if (status == "OK") {
            call.done(CallAnswer{false, rest});
        } else if (status == "FENCED") {
            call.done(fenced(parse_number(rest).value_or(0), call.epoch));
        } else {
            call.done(strange_answer(reply->view().text()));
        }
        go_on();
    });
}

Error CallQueue::refusal(store::Epoch epoch) const {
    return lost_why_ && epoch == lost_epoch_ ? *lost_why_ : fenced(epoch_, epoch);
}

Error CallQueue::fenced(store::Epoch stored, store::Epoch of_call) const {
    return {ErrorCode::kFenced, "partition " + std::to_string(partition_) + " is at epoch " +
                                    std::to_string(stored) + ", the call at " +
                                    std::to_string(of_call)};
}

void CallQueue::on_call_answer(const Result<redis::Reply>& reply) {
    if (!reply) {
        // Whether the call was applied is not known, so its number cannot be used again: only a new
        // epoch tells.
        auto done = std::move(std::get<Call>(jobs_.front()).done);
        jobs_.pop_front();
        lose(Error(ErrorCode::kUnavailable,
                   "partition " + std::to_string(partition_) +
                       " must be claimed again after: " + reply.error().message()));
        done(reply.error());
        go_on();
        return;
    }
    const auto [status, rest] = first_word(reply->view().text());
    if (status == "OK") {
        finish_call({false, rest});
    } else if (status == "CONFLICT") {
        finish_call({true, rest});
    } else if (status == "FENCED") {
        lose(Error(ErrorCode::kFenced, "partition " + std::to_string(partition_) + " is at epoch " +
                                           std::string(rest) + ", this server's is " +
                                           std::to_string(epoch_)));
        go_on();
    } else if (status == "BEHIND") {
        const auto [epoch, call] = first_word(rest);
        redo({parse_number(epoch).value_or(0), parse_number(call).value_or(0), store::kNobody});
    } else {
        lose(strange_answer(reply->view().text()));
        go_on();
    }
}

void CallQueue::finish_call(const CallAnswer& answer) {
    Call call = std::move(std::get<Call>(jobs_.front()));
    jobs_.pop_front();
    if (!answer.conflict) {
        ++call_;
        ++surrounds_.calls;
        expiry_hint = std::min(expiry_hint, call.expires_ms);
        surrounds_.log.add(partition_,
                           {call_, *std::move(call.command),
                            parse_number(first_word(answer.text).first).value_or(0)},
                           surrounds_.now());
    }
    call.done(answer);
    go_on();
}

void CallQueue::look(std::function<void(const Stored&)> then) {
    const auto make = [this] {
        redis::Command command("HMGET");
        command.add(surrounds_.keys.key(partition_, "owner")).add("epoch").add("call").add("node");
        return command;
    };
    send(make, redis::Request::Kind::kRead,
         [this, then = std::move(then)](const Result<redis::Reply>& reply) {
             if (!reply) {
                 lose(reply.error());
                 if (!jobs_.empty() && std::holds_alternative<Claim>(jobs_.front())) {
                     finish_claim(reply.error());
                 } else {
                     go_on();
                 }
                 return;
             }
             const store::NodeId node = static_cast<store::NodeId>(
                 parse_number(reply->view()[2].text()).value_or(store::kNobody));
             then({parse_number(reply->view()[0].text()).value_or(0),
                   parse_number(reply->view()[1].text()).value_or(0), node});
         });
}

void CallQueue::compare(const Stored& stored) {
    if (epoch_ != 0 && is_behind(stored)) {
        redo(stored);
    } else {
        go_on();  // a newer owner is found out by the next call
    }
}

bool CallQueue::is_behind(const Stored& stored) const {
    return stored.epoch < epoch_ || (stored.epoch == epoch_ && stored.call < call_);
}

void CallQueue::send_claim(const Stored& stored) {
    const store::Ownership owner{stored.node, stored.epoch};
    const auto& expected_owner = std::get<Claim>(jobs_.front()).expected;
    if (expected_owner && *expected_owner != owner) {
        finish_claim(store::ClaimAnswer{false, owner});
        return;
    }
    const auto make = [this, epoch = stored.epoch] {
        const Claim& claim = std::get<Claim>(jobs_.front());
        redis::Command command(claim_script(), {surrounds_.keys.key(partition_, "owner")});
        command.add(epoch).add(claim.node).add(claim.token);
        command.add(surrounds_.lifetimes.record.count());
        return command;
    };
    send(make, redis::Request::Kind::kWrite,
         [this, expected = stored.epoch](const Result<redis::Reply>& reply) {
             on_claim_answer(reply, expected);
         });
}

void CallQueue::on_claim_answer(const Result<redis::Reply>& reply, store::Epoch expected) {
    if (!reply) {
        finish_claim(reply.error());
        return;
    }
    const auto [status, rest] = first_word(reply->view().text());
    if (status == "MOVED") {
        log::debug("a partition was claimed by another node meanwhile",
                   {{"partition", partition_}, {"expected", expected}});
        go_on();  // the claim is still at the front
        return;
    }
    const auto [epoch, next] = first_word(rest);
    const auto claimed = parse_number(epoch);
    if (status != "OK" || !claimed) {
        finish_claim(strange_answer(reply->view().text()));
        return;
    }
    const Claim& claim = std::get<Claim>(jobs_.front());
    claim_ = {claim.node, claim.token, std::nullopt, nullptr};
    claim_next_ = parse_number(next).value_or(1);
    epoch_ = *claimed;
    call_ = 0;
    lost_why_.reset();
    expiry_hint = 0;  // not known: look
    surrounds_.log.forget(partition_);
    finish_claim(store::ClaimAnswer{true, {claim_.node, *claimed}});
}

void CallQueue::finish_claim(Result<store::ClaimAnswer> answer) {
    auto done = std::move(std::get<Claim>(jobs_.front()).done);
    jobs_.pop_front();
    done(std::move(answer));
    go_on();
}

void CallQueue::redo(const Stored& stored) {
    if (!is_redoing_ || stored.epoch < epoch_ || stored.call + 1 < call_) {
        log::warning("Redis has lost writes of a partition; they are made again",
                     {{"partition", partition_},
                      {"stored_epoch", stored.epoch},
                      {"epoch", epoch_},
                      {"stored_call", stored.call},
                      {"call", call_}});
    }
    is_redoing_ = true;
    ++generation_;
    ++surrounds_.counters.redos;
    if (stored.epoch < epoch_) {
        redo_claim();
    } else {
        redo_from(stored.call + 1);
    }
}

void CallQueue::redo_claim() {
    const auto make = [this] {
        redis::Command command(restore_script(), {surrounds_.keys.key(partition_, "owner")});
        command.add(epoch_).add(claim_.node).add(claim_.token).add(claim_next_);
        command.add(surrounds_.lifetimes.record.count());
        return command;
    };
    send(make, redis::Request::Kind::kWrite,
         [this](const Result<redis::Reply>& reply) { on_redo_answer(0, reply); });
}

void CallQueue::redo_from(std::uint64_t number) {
    if (number > call_) {
        // Nothing is missing: what was refused is sent again. A stored call beyond ours is no
        // history of ours.
        if (number > call_ + 1) {
            lose(Error(ErrorCode::kUnavailable, "partition " + std::to_string(partition_) +
                                                    " has a call in Redis that was never made"));
        }
        go_on();
        return;
    }
    const LoggedCall* const logged = surrounds_.log.find(partition_, number);
    if (logged == nullptr) {
        lose_history(number);
        return;
    }
    // A copy: the log may drop it before the client has room.
    send([this, call = *logged] { return numbered(call.command, epoch_, call.number, call.first); },
         redis::Request::Kind::kWrite,
         [this, number](const Result<redis::Reply>& reply) { on_redo_answer(number, reply); });
}

void CallQueue::lose_history(std::uint64_t missing) {
    ++surrounds_.counters.partitions_lost;
    log::error(
        "Redis has lost writes of a partition that are older than redis-replay-window or did not "
        "fit into redis-replay-bytes; its sessions go on from what Redis has",
        {{"partition", partition_}, {"stored_call", missing - 1}, {"call", call_}});
    lose(Error(ErrorCode::kUnavailable, "Redis has lost writes of partition " +
                                            std::to_string(partition_) +
                                            " that are not kept here any more"));
    go_on();
}

// number 0: the claim.
void CallQueue::on_redo_answer(std::uint64_t number, const Result<redis::Reply>& reply) {
    const auto [status, rest] =
        reply ? first_word(reply->view().text()) : std::pair<std::string_view, std::string_view>();
    if (status == "OK") {
        surrounds_.counters.calls_redone += number == 0 ? 0 : 1;
        redo_from(number + 1);
    } else if (status == "BEHIND") {  // it went back once more
        const auto [epoch, call] = first_word(rest);
        redo({parse_number(epoch).value_or(0), parse_number(call).value_or(0), store::kNobody});
    } else if (status == "FENCED") {
        lose(Error(ErrorCode::kFenced, "partition " + std::to_string(partition_) + " is at epoch " +
                                           std::string(rest)));
        go_on();
    } else {
        lose(reply ? strange_answer(reply->view().text()) : reply.error());
        go_on();
    }
}

void CallQueue::lose(const Error& why) {
    lost_epoch_ = epoch_;
    lost_why_ = why;
    epoch_ = 0;
    call_ = 0;
    is_suspect_ = false;
    surrounds_.log.forget(partition_);
}

void CallQueue::send(Make make, redis::Request::Kind kind, Then then) {
    is_busy_ = true;
    sent_ = {std::move(make), kind, std::move(then)};
    hand_over();
}

void CallQueue::hand_over() {
    redis::Request request{surrounds_.keys.slot(partition_), sent_.make(), sent_.kind, std::nullopt,
                           std::nullopt};
    surrounds_.client.send(std::move(request),
                           [this](const Result<redis::Reply>& reply) { on_reply(reply); });
}

void CallQueue::on_reply(const Result<redis::Reply>& reply) {
    if (!reply && reply.error().code() == ErrorCode::kOverloaded) {
        surrounds_.client.after(kOverloadedPause, [this] { hand_over(); });
        return;
    }
    is_busy_ = false;
    const Then then = std::move(sent_.then);  // which may send something else
    then(reply);
}

void CallQueue::release_reads() {
    auto held = std::exchange(held_, {});
    for (HeldRead& read : held) {
        this->read(std::move(read.command), std::move(read.done), read.deadline);
    }
}

}  // namespace fermata::redis_store

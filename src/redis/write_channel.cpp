#include "redis/write_channel.h"

#include <utility>

#include "redis/script.h"

namespace fermata::redis {

WriteChannel::WriteChannel(Surroundings& surroundings, const Node& node, WriteChannelOwner& owner)
    : surroundings_(surroundings), owner_(owner), link_(surroundings, node, *this) {}

void WriteChannel::send(OutstandingQueue batch) {
    ++surroundings_.counters.batches;
    surroundings_.counters.batched_requests += batch.size();
    sent_at_ = std::chrono::steady_clock::now();
    progressed_at_ = sent_at_;
    outgoing_.clear();
    for (OutstandingPtr& request : batch) {
        append(std::move(request));
    }
    if (surroundings_.options.wait_replicas > 0) {
        append_wait();
    }
    link_.connection().send(outgoing_);
}

void WriteChannel::append(OutstandingPtr request) {
    const std::size_t index = sent_.size();
    if (request->needs_script) {
        outgoing_.copy(
            Command("SCRIPT").add("LOAD").add(request->request.command.script()->text()).encoded());
        expected_.push_back({Expected::Kind::kScriptLoad, index});
    }
    if (request->asked_at) {
        outgoing_.copy(Command("ASKING").encoded());
        expected_.push_back({Expected::Kind::kIgnored, index});
    }
    const Command& command = request->request.command;
    head_.clear();
    command.append_head(head_);
    outgoing_.copy(head_);
    outgoing_.borrow(command.shared_part());
    outgoing_.borrow(command.own_part());
    expected_.push_back({Expected::Kind::kReply, index});
    request->is_sent = true;
    sent_.push_back({std::move(request), {}, {}});
}

// WAIT 0 answers at once how many replicas hold everything.
void WriteChannel::append_wait() {
    outgoing_.copy(Command("WAIT")
                       .add(owner_.replicas_required())
                       .add(surroundings_.options.wait_slice.count())
                       .encoded());
    expected_.push_back({Expected::Kind::kWait, 0});
}

void WriteChannel::received(Reply reply) {
    if (next_expected_ == expected_.size()) {
        link_.drop(Error(ErrorCode::kUnavailable,
                         link_.node().address.to_string() + ": an answer that nobody asked for"));
        return;
    }
    progressed_at_ = std::chrono::steady_clock::now();
    const Expected expected = expected_[next_expected_++];
    switch (expected.kind) {
        case Expected::Kind::kReply:
            take_reply(sent_[expected.index], std::move(reply));
            break;
        case Expected::Kind::kScriptLoad:
            if (reply.view().is_error()) {
                sent_[expected.index].load_error = reply.view().text();
            }
            break;
        case Expected::Kind::kIgnored:
            break;
        case Expected::Kind::kWait:
            take_wait(reply);
            return;
    }
    if (next_expected_ == expected_.size()) {
        finish(0);
    } else if (unanswered() == 0) {
        owner_.batch_applied();
    }
}

std::size_t WriteChannel::unanswered() const {
    const bool ends_with_wait =
        !expected_.empty() && expected_.back().kind == Expected::Kind::kWait;
    const std::size_t left = expected_.size() - next_expected_;
    return left - (ends_with_wait && left > 0 ? 1 : 0);
}

void WriteChannel::take_reply(Sent& sent, Reply reply) {
    sent.request->is_sent = false;
    const ReplyView view = reply.view();
    if (view.is_error()) {
        // What kept the script from being loaded says more than that it is missing.
        const std::string load_error = std::move(sent.load_error);
        owner_.write_refused(std::move(sent.request),
                             load_error.empty() ? view.text() : std::string_view(load_error));
    } else {
        sent.request->is_sent = true;  // until replicas hold it
        sent.reply = std::move(reply);
    }
}

void WriteChannel::take_wait(const Reply& reply) {
    if (reply.view().is_error()) {
        refuse_all(reply.view().text());
        return;
    }
    const auto replicas = static_cast<unsigned>(reply.view().integer().value_or(0));
    const bool is_enough = replicas >= owner_.replicas_required();
    owner_.replicas_reported(is_enough);
    if (is_enough) {
        finish(replicas);
        return;
    }
    outgoing_.clear();
    append_wait();
    link_.connection().send(outgoing_);
}

void WriteChannel::refuse_all(std::string_view text) {
    expected_.clear();
    next_expected_ = 0;
    for (Sent& sent : std::exchange(sent_, {})) {
        if (sent.request != nullptr) {
            sent.request->is_sent = false;
            owner_.write_refused(std::move(sent.request), text);
        }
    }
    owner_.batch_done(0, sent_at_);
}

void WriteChannel::finish(unsigned replicas) {
    expected_.clear();
    next_expected_ = 0;
    std::size_t answered = 0;
    // A callback never sends at once, so sent_ stays as it is meanwhile.
    for (Sent& sent : sent_) {
        if (sent.request != nullptr) {
            ++answered;
            sent.request->is_sent = false;
            sent.reply.set_replicas(replicas);
            owner_.write_answered(std::move(sent.request), std::move(sent.reply));
        }
    }
    sent_.clear();
    owner_.batch_done(answered, sent_at_);
}

void WriteChannel::unlinked(const Error& error) {
    OutstandingQueue lost;
    take_requests(lost);
    owner_.write_channel_closed(error);
    owner_.writes_lost(std::move(lost));
}

void WriteChannel::watch(Time now) {
    const auto patience = surroundings_.options.socket_timeout + surroundings_.options.wait_slice;
    if (!sent_.empty() && now - progressed_at_ > patience) {
        link_.drop(
            Error(ErrorCode::kUnavailable,
                  link_.node().address.to_string() +
                      ": no answer within redis-socket-timeout; the connection is given up"));
    }
}

void WriteChannel::take_requests(OutstandingQueue& into) {
    expected_.clear();
    next_expected_ = 0;
    for (Sent& sent : std::exchange(sent_, {})) {
        if (sent.request != nullptr) {
            sent.request->is_sent = false;
            into.push_back(std::move(sent.request));
        }
    }
}

std::optional<WriteChannel::Time> WriteChannel::oldest() const {
    std::optional<Time> oldest;
    for (const Sent& sent : sent_) {
        if (sent.request != nullptr && (!oldest || sent.request->accepted_at < *oldest)) {
            oldest = sent.request->accepted_at;
        }
    }
    return oldest;
}

}  // namespace fermata::redis

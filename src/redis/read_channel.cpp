#include "redis/read_channel.h"

#include <utility>

#include "redis/reply_error.h"
#include "redis/script.h"

namespace fermata::redis {
namespace {

Error error_of(std::string_view text) {
    const ErrorCode code =
        classify_error(text) == ErrorKind::kDenied ? ErrorCode::kForbidden : ErrorCode::kInternal;
    return {code, std::string(text)};
}

}  // namespace

ReadChannel::ReadChannel(Surroundings& surroundings, const Node& node, ReadChannelOwner& owner)
    : surroundings_(surroundings), owner_(owner), link_(surroundings, node, *this) {}

void ReadChannel::send(OutstandingPtr request) {
    const Time now = std::chrono::steady_clock::now();
    Connection& connection = link_.connection();
    if (request->needs_script) {
        connection.append(
            Command("SCRIPT").add("LOAD").add(request->request.command.script()->text()));
        expected_.push_back({nullptr, {}, now, true});
    }
    if (request->asked_at) {
        connection.append(Command("ASKING"));
        expected_.push_back({nullptr, {}, now, false});
    }
    connection.append(request->request.command);
    request->is_sent = true;
    expected_.push_back({std::move(request), {}, now, false});
}

void ReadChannel::ask(const Command& command, Answer answer) {
    link_.connection().append(command);
    expected_.push_back({nullptr, std::move(answer), std::chrono::steady_clock::now(), false});
}

void ReadChannel::flush() {
    if (link_.is_open()) {
        link_.connection().flush();
    }
}

void ReadChannel::received(Reply reply) {
    if (expected_.empty()) {
        link_.drop(Error(ErrorCode::kUnavailable,
                         link_.node().address.to_string() + ": an answer that nobody asked for"));
        return;
    }
    Expected expected = std::move(expected_.front());
    expected_.pop_front();
    take(std::move(expected), std::move(reply));
    owner_.read_progressed();
}

void ReadChannel::take(Expected expected, Reply reply) {
    const ReplyView view = reply.view();
    if (expected.is_script_load) {
        load_error_ = view.is_error() ? view.text() : std::string_view();
    } else if (expected.answer) {
        expected.answer(view.is_error() ? Result<Reply>(error_of(view.text()))
                                        : Result<Reply>(std::move(reply)));
    } else if (expected.request != nullptr) {
        expected.request->is_sent = false;
        const std::string load_error = std::exchange(load_error_, {});
        if (!view.is_error()) {
            owner_.read_answered(std::move(expected.request), std::move(reply));
        } else {
            // What kept the script from being loaded says more than that it is missing.
            owner_.read_refused(std::move(expected.request),
                                load_error.empty() ? view.text() : std::string_view(load_error));
        }
    }
}

void ReadChannel::unlinked(const Error& error) {
    std::deque<Expected> lost = std::exchange(expected_, {});
    load_error_.clear();
    owner_.read_channel_closed(error);
    for (Expected& expected : lost) {
        if (expected.answer) {
            expected.answer(error);
        } else if (expected.request != nullptr) {
            expected.request->is_sent = false;
            owner_.read_refused(std::move(expected.request), {});
        }
    }
}

void ReadChannel::watch(Time now) {
    if (!expected_.empty() &&
        now - expected_.front().sent_at > surroundings_.options.socket_timeout) {
        link_.drop(
            Error(ErrorCode::kUnavailable,
                  link_.node().address.to_string() +
                      ": no answer within redis-socket-timeout; the connection is given up"));
    }
}

// Their places stay: their answers are still to come, and those to questions behind them.
void ReadChannel::take_requests(OutstandingQueue& into) {
    for (Expected& expected : expected_) {
        if (expected.request != nullptr) {
            expected.request->is_sent = false;
            into.push_back(std::move(expected.request));
        }
    }
}

void ReadChannel::give_up_questions(const Error& reason) {
    for (Expected& expected : std::exchange(expected_, {})) {
        if (expected.answer) {
            expected.answer(reason);
        }
    }
}

std::optional<ReadChannel::Time> ReadChannel::oldest() const {
    std::optional<Time> oldest;
    for (const Expected& expected : expected_) {
        if (expected.request != nullptr && (!oldest || expected.request->accepted_at < *oldest)) {
            oldest = expected.request->accepted_at;
        }
    }
    return oldest;
}

}  // namespace fermata::redis

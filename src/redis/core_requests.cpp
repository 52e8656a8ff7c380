// A request's way through the client: to a primary, to a pause, to its answer.
#include <utility>

#include "redis/backoff.h"
#include "redis/core.h"

namespace fermata::redis {
namespace {

// Redirections and missing scripts are followed at once so often, then with pauses.
constexpr unsigned kPromptRetries = 2;

}  // namespace

void Client::Core::accept(OutstandingPtr request) {
    if (request->request.deadline) {
        deadlines_.emplace(*request->request.deadline, request.get());
    }
    dispatch(std::move(request));
}

void Client::Core::dispatch(OutstandingPtr request) {
    if (request->is_abandoned()) {
        return;
    }
    if (is_of_doubtful_slot(*request)) {
        slot_watch_.want(*request->request.slot);
        waiting_room_.enter(std::move(request), options_.retry_pause_max,
                            WaitingRoom::Until::kTopology);
    } else if (Primary* primary = destination(*request)) {
        primary->enqueue(std::move(request));
    } else if (request->request.primary && is_known_) {
        finish(*request, Error(ErrorCode::kNotFound,
                               "no primary at " + request->request.primary->to_string()));
    } else {
        survey_.want();
        waiting_room_.enter(std::move(request), options_.retry_pause_max,
                            WaitingRoom::Until::kTopology);
    }
}

// What was meant for a node, or sent behind ASKING, is not about the slot's present server.
bool Client::Core::is_of_doubtful_slot(const Outstanding& request) const {
    return request.request.slot && !request.request.primary && !request.asked_at &&
           !slot_watch_.is_whole(*request.request.slot);
}

Primary* Client::Core::destination(const Outstanding& request) {
    if (request.asked_at) {
        return &find_or_add(known_node(*request.asked_at));
    }
    if (request.request.primary) {
        const auto found = primaries_.find(*request.request.primary);
        return found == primaries_.end() ? nullptr : found->second.get();
    }
    return request.request.slot ? slots_.find(*request.request.slot) : any_primary();
}

Primary* Client::Core::any_primary() {
    for (const bool is_healthy : {true, false}) {
        const std::vector<Primary*> open = open_primaries(nullptr, is_healthy);
        if (!open.empty()) {
            return open[surroundings_.random.below(open.size())];
        }
    }
    return primaries_.empty() ? nullptr : primaries_.begin()->second.get();
}

void Client::Core::answer(OutstandingPtr request, Result<Reply> reply) {
    if (!request->is_abandoned()) {
        finish(*request, std::move(reply));
    }
}

// The answer is given once: afterwards the request is a shell without callback.
void Client::Core::finish(Outstanding& request, Result<Reply> reply) {
    if (request.request.deadline) {
        const auto [first, last] = deadlines_.equal_range(*request.request.deadline);
        for (auto place = first; place != last; ++place) {
            if (place->second == &request) {
                deadlines_.erase(place);
                break;
            }
        }
    }
    bytes_.fetch_sub(request.bytes, std::memory_order_relaxed);
    requests_waiting_.fetch_sub(1, std::memory_order_relaxed);
    ++surroundings_.counters.answers;
    const Callback callback = std::exchange(request.callback, nullptr);
    callback(std::move(reply));
}

void Client::Core::expire_deadlines(Time now) {
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
        expire(*deadlines_.begin()->second);
    }
}

void Client::Core::expire(Outstanding& request) {
    const Primary* primary = destination(request);
    std::string why = request.last_refusal.empty() ? "" : explain_error(request.last_refusal);
    bool is_denied = classify_error(request.last_refusal) == ErrorKind::kDenied;
    if (why.empty() && request.request.slot && slot_watch_.is_torn(*request.request.slot)) {
        why = torn_text(*request.request.slot);
    }
    if (why.empty() && primary != nullptr && !request.is_sent) {
        why = primary->last_error();
        is_denied = primary->is_denied();
    }
    if (why.empty() && primary == nullptr && survey_error_) {
        why = survey_error_->message();
        is_denied = survey_error_->code() == ErrorCode::kForbidden;
    }
    if (why.empty()) {
        why = request.is_sent ? "the answer did not come in time" : "no server took it in time";
    }
    const ErrorCode code = request.is_sent ? ErrorCode::kTimeout
                           : is_denied     ? ErrorCode::kForbidden
                                           : ErrorCode::kUnavailable;
    finish(request, Error(code, why));
}

void Client::Core::pause(OutstandingPtr request, WaitingRoom::Until until) {
    const std::chrono::milliseconds pause =
        pause_after(request->attempts, options_.retry_pause_min, options_.retry_pause_max,
                    surroundings_.random);
    waiting_room_.enter(std::move(request), pause, until);
}

void Client::Core::refused(OutstandingPtr request, std::string_view text, Primary& primary) {
    if (request->is_abandoned()) {
        return;
    }
    const ErrorKind kind = classify_error(text);
    if (kind == ErrorKind::kFailed) {
        finish(*request, Error(ErrorCode::kInternal, std::string(text)));
        return;
    }
    ++request->attempts;
    ++surroundings_.counters.retries;
    request->last_refusal = text;
    request->asked_at.reset();
    switch (kind) {
        case ErrorKind::kMoved:
            survey_.want(primary.node().address);
            follow(std::move(request), text, primary);
            break;
        case ErrorKind::kAsk:
            redirect(std::move(request), text, primary);
            break;
        case ErrorKind::kTryAgain:
            pause(std::move(request), WaitingRoom::Until::kPauseIsOver);
            break;
        case ErrorKind::kRefresh:
            primary.note_trouble(text, kind);
            survey_.want();
            pause(std::move(request), WaitingRoom::Until::kTopology);
            break;
        case ErrorKind::kLater:
            primary.note_trouble(text, kind);
            pause(std::move(request), WaitingRoom::Until::kPauseIsOver);
            break;
        case ErrorKind::kFull:
            primary.note_full(text, request->from_reserve);
            if (request->request.command.switch_when_full()) {
                request->from_reserve = true;
                dispatch(std::move(request));
            } else {
                pause(std::move(request), WaitingRoom::Until::kPauseIsOver);
            }
            break;
        case ErrorKind::kNoScript:
            heal_script(std::move(request));
            break;
        case ErrorKind::kDenied:
            primary.note_trouble(text, kind);
            waiting_room_.enter(std::move(request), options_.denied_pause,
                                WaitingRoom::Until::kPauseIsOver);
            break;
        case ErrorKind::kFailed:
            break;
    }
}

// MOVED: believed for this slot at once, so that a slot that moves costs one more round trip; the
// survey finds out about the others.
void Client::Core::follow(OutstandingPtr request, std::string_view text, Primary& primary) {
    const std::optional<Address> target = redirection_target(text, primary.node().address.host);
    if (!target || !request->request.slot || request->request.primary ||
        request->attempts > kPromptRetries) {
        pause(std::move(request), WaitingRoom::Until::kTopology);
        return;
    }
    const Slot slot = *request->request.slot;
    Primary& there = find_or_add(known_node(*target));
    const std::vector<SlotRange> changed = slots_.assign({{{slot, slot}, &there}});
    if (!changed.empty()) {
        doubt(changed);
        count_slots();
        tell_changed(changed);
    }
    dispatch(std::move(request));
    watch_slots();
}

// ASK: the slot is on its way and this key has arrived there already, or is new. A script waits
// until the whole slot has: behind ASKING, the new server takes keys that a script does not declare
// and that are still at their old place for absent, and would even make them anew.
void Client::Core::redirect(OutstandingPtr request, std::string_view text, const Primary& primary) {
    if (request->request.command.script() == nullptr) {
        request->asked_at = redirection_target(text, primary.node().address.host);
    }
    if (request->asked_at && request->attempts <= kPromptRetries) {
        dispatch(std::move(request));
    } else {
        request->asked_at.reset();
        pause(std::move(request), WaitingRoom::Until::kPauseIsOver);
    }
}

void Client::Core::heal_script(OutstandingPtr request) {
    request->needs_script = request->request.command.script() != nullptr;
    if (request->attempts <= kPromptRetries) {
        dispatch(std::move(request));
    } else {
        pause(std::move(request), WaitingRoom::Until::kPauseIsOver);
    }
}

}  // namespace fermata::redis

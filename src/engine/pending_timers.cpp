#include "engine/pending_timers.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace fermata::engine {
namespace {

std::uint32_t hash_of(std::string_view sendid) {
    return sendid.empty() ? 0
                          : static_cast<std::uint32_t>(std::hash<std::string_view>{}(sendid)) | 1U;
}

}  // namespace

PendingTimer::PendingTimer(std::uint64_t number, UnixMillis due_ms, std::string_view sendid,
                           std::string_view payload)
    : due_ms_(due_ms),
      payload_(new char[payload.size()]),
      payload_bytes_(static_cast<std::uint32_t>(payload.size())),
      number_(static_cast<std::uint32_t>(number)),
      sendid_hash_(hash_of(sendid)) {
    std::copy(payload.begin(), payload.end(), payload_.get());
}

bool PendingTimer::is_sent_as(std::string_view sendid) const {
    return !sendid.empty() && sendid_hash_ == hash_of(sendid) && sendid_of(payload()) == sendid;
}

void PendingTimers::add(PendingTimer timer) {
    if (timers_ == nullptr) {
        timers_ = std::make_unique<std::vector<PendingTimer>>();
    }
    timers_->push_back(std::move(timer));
}

std::optional<PendingTimer> PendingTimers::take(std::uint64_t number) {
    std::optional<PendingTimer> taken;
    for (std::size_t at = 0; at < size() && !taken; ++at) {
        PendingTimer& timer = (*timers_)[at];
        if (timer.number() == number) {
            taken.emplace(std::move(timer));
            timer = std::move(timers_->back());
            timers_->pop_back();
        }
    }
    if (size() == 0) {
        clear();
    }
    return taken;
}

std::vector<PendingTimer> PendingTimers::take_sent_as(std::string_view sendid) {
    std::vector<PendingTimer> taken;
    if (size() == 0) {
        return taken;
    }
    const auto kept =
        std::stable_partition(timers_->begin(), timers_->end(),
                              [&](const PendingTimer& timer) { return !timer.is_sent_as(sendid); });
    std::move(kept, timers_->end(), std::back_inserter(taken));
    timers_->erase(kept, timers_->end());
    if (timers_->empty()) {
        clear();
    }
    return taken;
}

std::string sendid_of(std::string_view payload) {
    const auto timer = decode_timer(payload);
    const auto* const send = timer ? std::get_if<SendTimer>(&*timer) : nullptr;
    return send == nullptr ? std::string() : send->send.sendid;
}

}  // namespace fermata::engine

#include "redis_store/replay_log.h"

#include <utility>

namespace fermata::redis_store {

void ReplayLog::add(Partition partition, LoggedCall call, Moment now) {
    Calls& calls = calls_[partition];
    const std::size_t bytes = sizeof(LoggedCall) + sizeof(Age) + call.command.size();
    ages_.push_back({partition, calls.generation, bytes, now});
    calls.calls.push_back(std::move(call));
    bytes_ += bytes;
    trim(now);
    while (bytes_ > bytes_max_ && !ages_.empty()) {
        dropped_early_ += ages_.front().generation == calls_[ages_.front().partition].generation;
        drop_oldest();
    }
}

const LoggedCall* ReplayLog::find(Partition partition, std::uint64_t number) const {
    const std::deque<LoggedCall>& calls = calls_[partition].calls;
    if (calls.empty() || number < calls.front().number || number > calls.back().number) {
        return nullptr;
    }
    return &calls[number - calls.front().number];
}

void ReplayLog::forget(Partition partition) {
    // Their ages stay, and are skipped when their turn comes.
    Calls& calls = calls_[partition];
    for (const LoggedCall& call : calls.calls) {
        bytes_ -= sizeof(LoggedCall) + call.command.size();
    }
    calls.calls.clear();
    ++calls.generation;
}

void ReplayLog::trim(Moment now) {
    while (!ages_.empty() && ages_.front().at + window_ < now) {
        drop_oldest();
    }
}

void ReplayLog::drop_oldest() {
    const Age age = ages_.front();
    ages_.pop_front();
    Calls& calls = calls_[age.partition];
    if (age.generation == calls.generation) {
        calls.calls.pop_front();
        bytes_ -= age.bytes;
    } else {
        bytes_ -= sizeof(Age);
    }
}

}  // namespace fermata::redis_store

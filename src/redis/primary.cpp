#include "redis/primary.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "redis/script.h"

namespace fermata::redis {
namespace {

// A refusal that was not repeated for so long is over: nothing may be waiting any more that could
// find out.
constexpr std::chrono::seconds kTroubleLasts{3};
// A request that waits for longer makes one look at the topology again.
constexpr std::chrono::milliseconds kSlowAfter{500};
// A connection that was silent for so long may be broken: the other one goes on without it.
constexpr std::chrono::milliseconds kSilentAfter{100};

std::size_t bytes_of(const OutstandingQueue& queue) {
    std::size_t bytes = 0;
    for (const OutstandingPtr& request : queue) {
        bytes += request->bytes;
    }
    return bytes;
}

}  // namespace

Primary::Primary(Surroundings& surroundings, const Node& node, PrimaryHost& host)
    : surroundings_(surroundings),
      node_(node),
      host_(host),
      read_channel_(surroundings, node, *this),
      write_channels_{WriteChannel(surroundings, node, *this),
                      WriteChannel(surroundings, node, *this)},
      replica_watch_(surroundings.options) {}

void Primary::start() {
    read_channel_.start();
    for (WriteChannel& channel : write_channels_) {
        channel.start();
    }
}

bool Primary::is_ready() const {
    return read_channel_.is_open() &&
           std::any_of(write_channels_.begin(), write_channels_.end(),
                       [](const WriteChannel& channel) { return channel.is_open(); });
}

bool Primary::is_healthy(Time now) const {
    const std::optional<Time> waiting_since = oldest();
    return is_ready() && !is_troubled(now) && (!waiting_since || now - *waiting_since < kSlowAfter);
}

bool Primary::is_idle() const {
    return reads_.empty() && writes_.empty() && read_channel_.in_flight() == 0 &&
           std::all_of(write_channels_.begin(), write_channels_.end(),
                       [](const WriteChannel& channel) { return channel.in_flight() == 0; });
}

void Primary::enqueue(OutstandingPtr request) {
    (request->is_write() ? writes_ : reads_).push_back(std::move(request));
    host_.flush_wanted(*this);
}

void Primary::flush() {
    flush_reads();
    flush_writes();
}

void Primary::flush_reads() {
    bool is_any = false;
    while (read_channel_.is_open() && !reads_.empty() &&
           read_channel_.in_flight() < surroundings_.options.reads_in_flight_max) {
        OutstandingPtr request = std::move(reads_.front());
        reads_.pop_front();
        if (!request->is_abandoned()) {
            read_channel_.send(std::move(request));
            is_any = true;
        }
    }
    if (is_any) {
        read_channel_.flush();
    }
}

void Primary::flush_writes() {
    const Time now = std::chrono::steady_clock::now();
    for (WriteChannel& channel : write_channels_) {
        if (channel.is_idle() && !writes_.empty() && is_worth_a_batch(now)) {
            gathering_.end(writes_.size());
            OutstandingQueue batch = next_batch();
            if (!batch.empty()) {
                channel.send(std::move(batch));
            }
        }
    }
}

// The server carries out one batch after the other: while it has more to do than what waits here, a
// second batch would not be answered earlier, only cost more.
bool Primary::is_worth_a_batch(Time now) const {
    if (gathering_.is_on(writes_.size(), now)) {
        return false;
    }
    return std::all_of(write_channels_.begin(), write_channels_.end(),
                       [&](const WriteChannel& channel) {
                           return channel.unanswered() <= writes_.size() ||
                                  now - channel.progressed_at() > kSilentAfter;
                       });
}

std::optional<Primary::Awaited> Primary::awaited(Time now) const {
    if (!gathering_.is_on(writes_.size(), now)) {
        return std::nullopt;
    }
    return Awaited{gathering_.missing(writes_.size()), gathering_.until()};
}

OutstandingQueue Primary::next_batch() {
    OutstandingQueue batch;
    std::size_t bytes = 0;
    while (!writes_.empty() && batch.size() < surroundings_.options.batch_requests_max &&
           (batch.empty() || bytes < surroundings_.options.batch_bytes_max)) {
        OutstandingPtr request = std::move(writes_.front());
        writes_.pop_front();
        if (!request->is_abandoned()) {
            bytes += request->bytes;
            batch.push_back(std::move(request));
        }
    }
    return batch;
}

void Primary::tick(Time now) {
    if (!writes_.empty()) {
        host_.flush_wanted(*this);
    }
    read_channel_.watch(now);
    for (WriteChannel& channel : write_channels_) {
        channel.watch(now);
    }
    check_replicas(now);
    if (!is_ready() || (!is_idle() && !is_healthy(now))) {
        host_.doubtful(*this);
    }
}

void Primary::poll() {
    if (!read_channel_.is_open()) {
        return;
    }
    read_channel_.ask(Command("INFO").add("server").add("replication"),
                      [this](const Result<Reply>& reply) {
                          if (reply) {
                              note_facts(parse_info(reply->view().text()));
                          }
                      });
    read_channel_.flush();
}

void Primary::note_facts(const ServerFacts& facts) {
    const bool is_other = facts_ && !facts_->is_same_history(facts);
    facts_ = facts;
    if (is_other) {
        host_.history_changed(*this);
    }
    if (!facts.is_primary) {
        host_.doubtful(*this);
    }
}

void Primary::note_trouble(std::string_view text, ErrorKind kind) {
    last_error_ = explain_error(text);
    is_denied_ = kind == ErrorKind::kDenied;
    memory_ = Memory::kEnough;
    troubled_at_ = std::chrono::steady_clock::now();
}

void Primary::note_full(std::string_view text, bool is_reserve_used_up) {
    note_trouble(text, ErrorKind::kFull);
    memory_ = is_reserve_used_up ? Memory::kUsedUp : Memory::kReserve;
}

void Primary::note_lost(const Error& error) {
    if (last_error_ != error.message()) {
        log::warning("redis: no connection to a primary",
                     {{"primary", node_.address.to_string()}, {"error", error.message()}});
    }
    last_error_ = error.message();
    is_denied_ = error.code() == ErrorCode::kForbidden;
    host_.doubtful(*this);
}

bool Primary::is_troubled(Time now) const {
    const auto lasting = std::max<std::chrono::steady_clock::duration>(
        kTroubleLasts, 2 * surroundings_.options.denied_pause);
    return troubled_at_ && now - *troubled_at_ < (is_denied_ ? lasting : kTroubleLasts);
}

// First the news, then what waits: the listener must know of another history before it is written.
void Primary::note_opened(const ServerFacts& facts) {
    note_facts(facts);
    if (is_ready() && !troubled_at_) {
        last_error_.clear();
        is_denied_ = false;
    }
    host_.flush_wanted(*this);
}

void Primary::write_channel_opened(const ServerFacts& facts) {
    note_opened(facts);
}

void Primary::write_channel_closed(const Error& error) {
    note_lost(error);
}

void Primary::write_answered(OutstandingPtr request, Reply reply) {
    if (reply.replicas() < surroundings_.options.wait_replicas) {
        ++surroundings_.counters.degraded_requests;
    }
    // That there is room again is proved only by what a full server would have been sent otherwise:
    // plain PEXPIRE and scripts that read run in a full one too. From the reserve comes that it is
    // not used up.
    const Script* const script = request->request.command.script();
    const bool needs_room = script != nullptr && script->when_full() != nullptr;
    if (memory_ == Memory::kEnough || needs_room) {
        troubled_at_.reset();
    } else if (request->from_reserve) {
        memory_ = Memory::kReserve;
    }
    host_.answer(std::move(request), std::move(reply));
}

void Primary::write_refused(OutstandingPtr request, std::string_view text) {
    host_.refused(std::move(request), text, *this);
}

// They were first, so they go first again, over the other channel if that one is open.
void Primary::writes_lost(OutstandingQueue requests) {
    surroundings_.counters.retries += requests.size();
    writes_.insert(writes_.begin(), std::make_move_iterator(requests.begin()),
                   std::make_move_iterator(requests.end()));
    host_.flush_wanted(*this);
}

void Primary::batch_applied() {
    if (!writes_.empty()) {
        host_.flush_wanted(*this);
    }
}

void Primary::batch_done(std::size_t requests, Time sent_at) {
    gathering_.begin(requests, sent_at, std::chrono::steady_clock::now());
    host_.flush_wanted(*this);
}

void Primary::replicas_reported(bool is_enough) {
    replica_watch_.reported(is_enough, std::chrono::steady_clock::now());
}

void Primary::read_channel_opened(const ServerFacts& facts) {
    note_opened(facts);
}

void Primary::read_channel_closed(const Error& error) {
    note_lost(error);
}

void Primary::read_answered(OutstandingPtr request, Reply reply) {
    host_.answer(std::move(request), std::move(reply));
}

void Primary::read_refused(OutstandingPtr request, std::string_view text) {
    if (!text.empty()) {
        host_.refused(std::move(request), text, *this);
        return;
    }
    ++surroundings_.counters.retries;
    reads_.push_back(std::move(request));
}

void Primary::read_progressed() {
    if (!reads_.empty()) {
        host_.flush_wanted(*this);
    }
}

// First the primary's own count, then the word of another: both must agree.
void Primary::check_replicas(Time now) {
    if (!replica_watch_.wants_check(now)) {
        return;
    }
    replica_watch_.check_started(now);
    if (!read_channel_.is_open()) {
        replicas_changed(replica_watch_.not_found(now));
        return;
    }
    read_channel_.ask(
        Command("INFO").add("server").add("replication"), [this](const Result<Reply>& reply) {
            if (reply) {
                replicas_counted(parse_info(reply->view().text()));
            } else {
                replicas_changed(replica_watch_.not_found(std::chrono::steady_clock::now()));
            }
        });
    read_channel_.flush();
}

void Primary::replicas_counted(const ServerFacts& facts) {
    note_facts(facts);
    const unsigned live = facts.live_replicas(replica_watch_.lag_max());
    host_.confirm(*this, replica_watch_.trouble_began(),
                  [this, token = std::weak_ptr<char>(token_), live,
                   is_primary = facts.is_primary](bool is_confirmed) {
                      if (!token.expired()) {
                          replicas_changed(replica_watch_.found(live, is_confirmed && is_primary,
                                                                std::chrono::steady_clock::now()));
                      }
                  });
}

void Primary::replicas_changed(ReplicaWatch::Change change) {
    const std::string address = node_.address.to_string();
    switch (change) {
        case ReplicaWatch::Change::kNone:
            break;
        case ReplicaWatch::Change::kDegraded:
            log::error("redis: a primary has too few replicas left; writes are answered without",
                       {{"primary", address},
                        {"wanted", surroundings_.options.wait_replicas},
                        {"left", replica_watch_.required()}});
            break;
        case ReplicaWatch::Change::kRecovered:
            log::info("redis: a primary has its replicas again", {{"primary", address}});
            break;
        case ReplicaWatch::Change::kUnconfirmed:
            log::warning("redis: nobody confirms a primary without replicas; writes wait",
                         {{"primary", address}});
            break;
    }
}

void Primary::take_all(OutstandingQueue& into) {
    for (WriteChannel& channel : write_channels_) {
        channel.take_requests(into);
    }
    read_channel_.take_requests(into);
    for (OutstandingQueue* queue : {&writes_, &reads_}) {
        for (OutstandingPtr& request : std::exchange(*queue, {})) {
            into.push_back(std::move(request));
        }
    }
}

void Primary::give_up_questions() {
    read_channel_.give_up_questions(
        Error(ErrorCode::kUnavailable, node().address.to_string() + " is no primary any more"));
}

std::optional<Primary::Time> Primary::oldest() const {
    std::optional<Time> oldest = read_channel_.oldest();
    const auto take = [&oldest](std::optional<Time> other) {
        if (other && (!oldest || *other < *oldest)) {
            oldest = other;
        }
    };
    for (const WriteChannel& channel : write_channels_) {
        take(channel.oldest());
    }
    for (const OutstandingQueue* queue : {&writes_, &reads_}) {
        for (const OutstandingPtr& request : *queue) {
            take(request->accepted_at);
        }
    }
    return oldest;
}

PrimaryState Primary::state_in_trouble() const {
    switch (memory_) {
        case Memory::kReserve:
            return PrimaryState::kFull;
        case Memory::kUsedUp:
            return PrimaryState::kOverfull;
        case Memory::kEnough:
            break;
    }
    return is_denied_ ? PrimaryState::kDenied : PrimaryState::kTroubled;
}

PrimaryStatus Primary::status(Time now) const {
    PrimaryStatus status;
    status.address = node_.address;
    status.slot_ranges = slot_ranges;
    for (const auto& [first, last] : slot_ranges) {
        status.slots += last - first + 1U;
    }
    if (facts_) {
        status.server_version = facts_->version;
        status.replicas = facts_->live_replicas(replica_watch_.lag_max());
    }
    status.degraded = replica_watch_.is_degraded();
    status.requests_waiting = reads_.size() + writes_.size() + read_channel_.in_flight();
    status.bytes_waiting = bytes_of(reads_) + bytes_of(writes_);
    for (const WriteChannel& channel : write_channels_) {
        status.requests_waiting += channel.in_flight();
    }
    const std::optional<Time> waiting_since = oldest();
    if (waiting_since) {
        status.oldest_unanswered =
            std::chrono::duration_cast<std::chrono::milliseconds>(now - *waiting_since);
    }
    if (!is_ready()) {
        status.state = is_denied_ ? PrimaryState::kDenied : PrimaryState::kConnecting;
    } else if (is_troubled(now)) {
        status.state = state_in_trouble();
    } else if (status.oldest_unanswered >= kSlowAfter) {
        status.state = PrimaryState::kTroubled;
    } else {
        status.state = PrimaryState::kReady;
    }
    if (status.state != PrimaryState::kReady) {
        status.last_error = last_error_;
    }
    return status;
}

}  // namespace fermata::redis

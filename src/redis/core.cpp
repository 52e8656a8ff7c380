#include "redis/core.h"

#include <csignal>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/log.h"

namespace fermata::redis {
namespace {

namespace asio = boost::asio;

// Watchdogs, deadlines and the status are this exact.
constexpr std::chrono::milliseconds kTick{100};
// Handlers of the event loop in one turn.
constexpr int kHandlersPerTurn = 64;

// hiredis writes without MSG_NOSIGNAL: a peer that is gone must be an error, not the end.
void block_broken_pipe_signal() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Error closed_error() {
    return {ErrorCode::kUnavailable, "the Redis client is closed"};
}

}  // namespace

Client::Core::Core(Options options, std::optional<TlsContext> tls)
    : options_(std::move(options)),
      tls_(std::move(tls)),
      work_(asio::make_work_guard(loop_)),
      surroundings_{loop_, options_, tls_ ? &*tls_ : nullptr, Random::from_entropy(), {}, {}},
      doorbell_(loop_, [this] { deliver_mail(); }),
      survey_(surroundings_, *this),
      waiting_room_(loop_, [this](OutstandingPtr request) { dispatch(std::move(request)); }),
      ticker_(loop_) {}

// NOLINTNEXTLINE(bugprone-exception-escape): a loop that cannot be stopped must not outlive us
Client::Core::~Core() {
    close();
}

void Client::Core::start() {
    doorbell_.listen();
    asio::post(loop_, [this] {
        survey_.start();
        tick();
    });
    thread_ = std::thread([this] { run(); });
}

void Client::Core::run() {
    own_thread_ = std::this_thread::get_id();
    block_broken_pipe_signal();
    while (!loop_.stopped()) {
        run_handlers();
        if (!loop_.stopped() && !end_turn()) {
            // Whoever sends next, or answers, may be waiting for this very core.
            std::this_thread::yield();
            loop_.run_one();
        }
    }
    own_thread_ = std::thread::id();
}

// Those that are due, but no more than are good for what waits for the end of the turn.
void Client::Core::run_handlers() {
    int handlers = 0;
    while (handlers < kHandlersPerTurn && loop_.poll_one() > 0) {
        ++handlers;
    }
}

// What handlers leave for later is done here, for all of a turn at once, and not by the event loop:
// there each thing costs a look at the sockets.
bool Client::Core::end_turn() {
    if (std::exchange(is_mail_due_, false)) {
        deliver_mail();
    }
    std::swap(own_mails_, own_mails_taken_);
    deliver(own_mails_taken_);
    if (is_flush_wanted_) {
        flush_primaries();
    }
    return !own_mails_.empty() || is_flush_wanted_ || is_mail_due_;
}

bool Client::Core::on_own_thread() const {
    return own_thread_ == std::this_thread::get_id();
}

void Client::Core::send(Request request, Callback callback) {
    auto outstanding = std::make_unique<Outstanding>(std::move(request), std::move(callback));
    outstanding->bytes = sizeof(Outstanding) + outstanding->request.command.size();
    requests_.fetch_add(1, std::memory_order_relaxed);
    const std::size_t bytes =
        bytes_.fetch_add(outstanding->bytes, std::memory_order_relaxed) + outstanding->bytes;
    requests_waiting_.fetch_add(1, std::memory_order_relaxed);
    if (bytes <= options_.in_flight_bytes_max) {
        put(Mail{std::move(outstanding), {}});
        return;
    }
    put(Mail{nullptr, [this, refused = std::make_shared<OutstandingPtr>(std::move(outstanding))] {
                 finish(**refused, Error(ErrorCode::kOverloaded,
                                         "too many bytes wait for Redis (in_flight_bytes_max)"));
             }});
}

bool Client::Core::post(std::function<void()> task) {
    return put(Mail{nullptr, std::move(task)});
}

void Client::Core::after(std::chrono::milliseconds pause, std::function<void()> task) {
    post([this, pause, task = std::move(task)]() mutable {
        auto timer = std::make_shared<asio::steady_timer>(loop_, pause);
        timer->async_wait([timer, task = std::move(task)](const boost::system::error_code& error) {
            if (!error) {
                task();
            }
        });
    });
}

bool Client::Core::put(Mail mail) {
    if (on_own_thread() && !is_shut_down_) {
        own_mails_.push_back(std::move(mail));
        return true;
    }
    switch (mailbox_.put(std::move(mail))) {
        case Mailbox::Put::kFirst:
            doorbell_.ring();
            break;
        case Mailbox::Put::kBehind:
            break;
        case Mailbox::Put::kClosed:
            // NOLINTNEXTLINE(bugprone-use-after-move): put() leaves it alone then
            if (mail.request != nullptr) {
                mail.request->callback(closed_error());
            }
            return false;
    }
    return true;
}

void Client::Core::deliver_mail() {
    mailbox_.take(mails_);
    deliver(mails_);
    is_flush_wanted_ = true;  // also of writes that have waited long enough for others
}

void Client::Core::deliver(std::vector<Mail>& mails) {
    is_flush_wanted_ = is_flush_wanted_ || !mails.empty();
    for (Mail& mail : mails) {
        if (mail.request != nullptr) {
            accept(std::move(mail.request));
        } else {
            mail.task();
        }
    }
    mails.clear();
}

void Client::Core::on_primary_changed(PrimaryChanged listener) {
    post([this, listener = std::move(listener)]() mutable { listener_ = std::move(listener); });
}

void Client::Core::tick() {
    const Time now = std::chrono::steady_clock::now();
    expire_deadlines(now);
    const bool is_poll_due = now - polled_at_ >= options_.refresh_interval;
    for (auto& [address, primary] : primaries_) {
        primary->tick(now);
        if (is_poll_due) {
            primary->poll();
        }
    }
    if (is_poll_due) {
        polled_at_ = now;
    }
    survey_.tick(now);
    watch_slots();
    if (!std::exchange(is_doubtful_, false) && waiting_room_.size() == 0) {
        survey_.calm();
    }
    flush_primaries();
    publish_status();
    ticker_.start(kTick, [this] { tick(); });
}

Status Client::Core::make_status(Time now) const {
    Status status;
    status.is_known = is_known_;
    status.is_cluster = topology_.is_cluster;
    std::size_t slots_ready = 0;
    Time oldest = now;
    for (const auto& [address, primary] : primaries_) {
        if (primary->slot_count == 0 && primary->is_idle()) {
            continue;  // nothing depends on it
        }
        PrimaryStatus one = primary->status(now);
        if (one.state != PrimaryState::kConnecting && one.state != PrimaryState::kDenied) {
            slots_ready += one.slots;
        }
        if (one.state != PrimaryState::kReady && status.last_error.empty()) {
            status.last_error = one.last_error;
            status.is_denied = one.state == PrimaryState::kDenied;
        }
        oldest = std::min(oldest, now - one.oldest_unanswered);
        status.primaries.push_back(std::move(one));
    }
    if (slot_watch_.is_any_torn() && status.last_error.empty()) {
        status.last_error = torn_text(slot_watch_.first_torn());
    }
    oldest = std::min(oldest, waiting_room_.oldest().value_or(now));
    status.oldest_unanswered = std::chrono::duration_cast<std::chrono::milliseconds>(now - oldest);
    status.slots_missing = kSlotCount - slots_ready;
    status.requests_waiting = requests_waiting_;
    status.bytes_waiting = bytes_;
    if (survey_error_ && (!is_known_ || status.last_error.empty())) {
        status.last_error = survey_error_->message();
        status.is_denied = survey_error_->code() == ErrorCode::kForbidden;
    }
    status.counters = surroundings_.counters;
    status.counters.requests = requests_;
    return status;
}

void Client::Core::publish_status() {
    Status status = make_status(std::chrono::steady_clock::now());
    {
        const std::lock_guard lock(status_mutex_);
        status_ = std::move(status);
    }
    status_published_.notify_all();
}

Status Client::Core::status() const {
    const std::lock_guard lock(status_mutex_);
    return status_;
}

Result<void> Client::Core::wait_until_ready(std::chrono::milliseconds timeout) const {
    std::unique_lock lock(status_mutex_);
    if (status_published_.wait_for(lock, timeout, [this] { return status_.is_ready(); })) {
        return {};
    }
    return why_not_ready();
}

// With status_mutex_ held.
Error Client::Core::why_not_ready() const {
    const std::string why =
        status_.last_error.empty() ? "no answer from redis-nodes" : status_.last_error;
    return {status_.is_denied ? ErrorCode::kForbidden : ErrorCode::kUnavailable,
            "Redis is not ready: " + why};
}

void Client::Core::close() {
    std::call_once(closed_, [this] {
        mailbox_.close();
        if (thread_.joinable()) {
            asio::post(loop_, [this] { shut_down(); });
            thread_.join();
        }
    });
}

void Client::Core::shut_down() {
    is_shut_down_ = true;
    ticker_.cancel();
    doorbell_.stop();
    OutstandingQueue left;
    mailbox_.take(mails_);
    for (std::vector<Mail>* const mails : {&own_mails_, &mails_}) {
        for (Mail& mail : *mails) {
            if (mail.request != nullptr) {
                left.push_back(std::move(mail.request));
            } else {
                mail.task();
            }
        }
        mails->clear();
    }
    waiting_room_.take_all(left);
    for (auto& [address, primary] : primaries_) {
        primary->take_all(left);
    }
    close_all(std::move(left));
    primaries_.clear();
    retired_.clear();
    loop_.stop();
}

void Client::Core::close_all(OutstandingQueue requests) {
    for (OutstandingPtr& request : requests) {
        if (!request->is_abandoned()) {
            finish(*request, closed_error());
        }
        request.reset();
    }
}

}  // namespace fermata::redis

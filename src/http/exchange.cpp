#include "http/exchange.h"

#include <utility>

#include "http/problem.h"

namespace fermata::http {
namespace {

thread_local const Mailbox* working_mailbox = nullptr;
thread_local ConnectionId working_connection = 0;

}  // namespace

void Mailbox::post(ConnectionId connection) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            return;
        }
        waiting_.push_back(connection);
        if (waiting_.size() > 1) {
            return;
        }
    }
    WakeupHold::wake(shared_from_this());
}

void Mailbox::wake() {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
        wake_();
    }
}

std::vector<ConnectionId> Mailbox::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(waiting_, {});
}

void Mailbox::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waiting_.clear();
}

WorkingOnConnection::WorkingOnConnection(const Mailbox* mailbox, ConnectionId connection)
    : mailbox_before_(std::exchange(working_mailbox, mailbox)),
      connection_before_(std::exchange(working_connection, connection)) {}

WorkingOnConnection::~WorkingOnConnection() {
    working_mailbox = mailbox_before_;
    working_connection = connection_before_;
}

bool WorkingOnConnection::is(const Mailbox* mailbox, ConnectionId connection) {
    return working_mailbox == mailbox && working_connection == connection;
}

Exchange::Exchange(ExchangeTraits traits) : traits_(std::move(traits)) {
    traits_.in_flight->fetch_add(1, std::memory_order_relaxed);
}

void Exchange::leave_waiting(Phase phase) {
    phase_ = phase;
    traits_.in_flight->fetch_sub(1, std::memory_order_relaxed);
}

// Called with the lock held, which orders it before take(): what take() misses wakes again.
void Exchange::wake() {
    if (woken_ || gone_ || WorkingOnConnection::is(traits_.mailbox.get(), traits_.connection)) {
        return;
    }
    woken_ = true;
    traits_.mailbox->post(traits_.connection);
}

bool Exchange::answer(Response response) {
    std::function<void()> dropped;  // destroyed after the lock: it may hold the last of anything
    const std::lock_guard lock(mutex_);
    if (phase_ != Phase::kWaiting) {
        return false;
    }
    leave_waiting(Phase::kAnswered);
    dropped.swap(on_close_);
    response_ = std::move(response);
    head_ready_ = true;
    wake();
    return true;
}

bool Exchange::start_stream(int status, Headers headers) {
    if (traits_.is_head) {
        answer({status, std::move(headers), {}});
        return false;
    }
    std::function<void()> dropped;
    const std::lock_guard lock(mutex_);
    if (phase_ != Phase::kWaiting) {
        return false;
    }
    leave_waiting(Phase::kStreaming);
    dropped.swap(on_close_);
    response_ = {status, std::move(headers), {}};
    head_ready_ = true;
    stream_open_ = !cut_;
    wake();
    return stream_open_;
}

bool Exchange::write(std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (!stream_open_ ||
        text_.size() + text_in_flight_ + text.size() > traits_.stream_buffer_bytes_max) {
        return false;
    }
    text_ += text;
    wake();
    return true;
}

void Exchange::close_stream() {
    end_by_handle(false);
}

void Exchange::break_off_stream() {
    end_by_handle(true);
}

void Exchange::end_by_handle(bool broken_off) {
    std::function<void()> dropped;
    std::function<void()> dropped_too;
    const std::lock_guard lock(mutex_);
    if (!stream_open_) {
        return;
    }
    stream_open_ = false;
    broken_off_ = broken_off;
    dropped.swap(on_close_);
    dropped_too.swap(on_room_);
    wake();
}

void Exchange::on_room(std::function<void()> callback) {
    {
        const std::lock_guard lock(mutex_);
        if (!stream_open_) {
            return;
        }
        if (text_.size() + text_in_flight_ > 0) {
            on_room_.swap(callback);
            return;
        }
    }
    callback();
}

void Exchange::on_close(std::function<void()> callback) {
    {
        const std::lock_guard lock(mutex_);
        if (!cut_) {
            if (phase_ == Phase::kWaiting || stream_open_) {
                on_close_.swap(callback);
            }
            return;
        }
    }
    if (callback) {
        callback();
    }
}

bool Exchange::is_answered() const {
    const std::lock_guard lock(mutex_);
    return phase_ != Phase::kWaiting;
}

bool Exchange::is_streaming() const {
    const std::lock_guard lock(mutex_);
    return stream_open_;
}

std::size_t Exchange::buffered_bytes() const {
    const std::lock_guard lock(mutex_);
    return text_.size() + text_in_flight_;
}

Exchange::Output Exchange::take() {
    const std::lock_guard lock(mutex_);
    woken_ = false;
    Output output;
    output.phase = phase_;
    if (phase_ == Phase::kWaiting || phase_ == Phase::kDone) {
        return output;
    }
    output.has_head = std::exchange(head_ready_, false);
    if (output.has_head) {
        output.response = std::move(response_);
    }
    if (phase_ == Phase::kAnswered) {
        phase_ = Phase::kDone;
    } else {
        output.text = std::exchange(text_, {});
        text_in_flight_ = output.text.size();
        if (!stream_open_) {
            output.stream_end = true;
            output.broken_off = broken_off_;
            phase_ = Phase::kDone;
        }
    }
    return output;
}

void Exchange::text_written() {
    std::function<void()> callback;
    {
        const std::lock_guard lock(mutex_);
        text_in_flight_ = 0;
        callback.swap(on_room_);
    }
    if (callback) {
        callback();
    }
}

void Exchange::client_left(Departure departure) {
    std::function<void()> callback;
    std::function<void()> dropped;
    {
        const std::lock_guard lock(mutex_);
        gone_ = departure == Departure::kGone;
        cut_ = phase_ == Phase::kWaiting || stream_open_ || cut_;
        stream_open_ = false;
        callback.swap(on_close_);
        dropped.swap(on_room_);
    }
    if (callback) {
        callback();
    }
}

void Exchange::end_stream() {
    std::function<void()> callback;
    std::function<void()> dropped;
    {
        const std::lock_guard lock(mutex_);
        if (!stream_open_) {
            return;
        }
        cut_ = true;
        stream_open_ = false;
        callback.swap(on_close_);
        dropped.swap(on_room_);
    }
    if (callback) {
        callback();
    }
}

Responder::State::~State() {
    if (!taken && !exchange->is_answered()) {
        exchange->answer(to_response({500, {}, "the request was dropped without an answer", {}}));
    }
}

Stream::State::~State() {
    exchange->close_stream();
}

}  // namespace fermata::http

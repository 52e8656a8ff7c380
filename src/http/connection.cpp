#include "http/connection.h"

#include <algorithm>
#include <utility>

#include "http/problem.h"

namespace fermata::http {
namespace {

using std::chrono::steady_clock;

// How long a closed connection still swallows input. Closing with unread input would send a reset,
// which can overtake the answer.
constexpr std::chrono::seconds kLingerTime{1};

// How much of it. Enough for a client that sends a body of the usual maximum before it reads.
constexpr std::size_t kSwallowedBytesMax = 16U << 20U;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Connection::Connection(ConnectionHost& host, ConnectionId id, Peer peer)
    : host_(host),
      id_(id),
      peer_(std::move(peer)),
      parser_(host.options.header_bytes_max),
      phase_began_(steady_clock::now()),
      write_progress_(phase_began_) {}

Connection::~Connection() = default;

void Connection::start(std::shared_ptr<Transport> transport) {
    transport_ = std::move(transport);
    transport_->open();
}

void Connection::enter(ReadPhase phase) {
    phase_ = phase;
    phase_began_ = steady_clock::now();
}

void Connection::opened(bool success) {
    if (!success) {
        count_refusal(Refusal::kTlsHandshake);
        cut();
        return;
    }
    phase_ = ReadPhase::kHeader;  // the time for the first header runs since accept
    if (host_.is_draining) {
        drain();
        return;
    }
    read_more();
}

// ---- reading

void Connection::received(std::string_view bytes) {
    is_reading_ = false;
    if (host_.options.observer != nullptr) {
        host_.options.observer->bytes_received(bytes.size());
    }
    if (phase_ == ReadPhase::kEnded || phase_ == ReadPhase::kLingering) {
        swallow(bytes.size());
        return;
    }
    if (unread_.empty()) {
        consume(bytes);
    } else {
        unread_ += bytes;
    }
    work();
}

void Connection::swallow(std::size_t bytes) {
    swallowed_bytes_ += bytes;
    if (swallowed_bytes_ > kSwallowedBytesMax && phase_ == ReadPhase::kLingering) {
        cut();
        return;
    }
    read_more();
}

void Connection::received_end() {
    is_reading_ = false;
    input_ended_ = true;
    if (phase_ == ReadPhase::kLingering || (owed_.empty() && !is_writing_) || owes_only_streams()) {
        cut();
        return;
    }
    // Half-closed: what was asked is still answered, in case the client reads on.
    closes_ = true;
    enter(ReadPhase::kEnded);
    const std::deque<std::shared_ptr<Exchange>> owed = owed_;
    for (const std::shared_ptr<Exchange>& exchange : owed) {
        exchange->client_left(Exchange::Departure::kHalfClosed);
    }
    work();
}

void Connection::work() {
    while (phase_ != ReadPhase::kClosed) {
        if (!unread_.empty()) {
            const std::string bytes = std::exchange(unread_, {});
            consume(bytes);
        }
        write_answers();
        if (phase_ != ReadPhase::kPaused || owed_.size() >= host_.options.pipelined_max) {
            break;
        }
        resume();
    }
    read_more();
}

void Connection::consume(std::string_view bytes) {
    const WorkingOnConnection working(host_.mailbox.get(), id_);
    bool goes_on = true;
    while (goes_on) {
        std::size_t consumed = 0;
        goes_on = parse(bytes, consumed);
        bytes.remove_prefix(consumed);
    }
    if (phase_ != ReadPhase::kEnded) {
        unread_ = bytes;
    }
}

bool Connection::parse(std::string_view bytes, std::size_t& consumed) {
    if (phase_ != ReadPhase::kIdle && phase_ != ReadPhase::kHeader && phase_ != ReadPhase::kBody) {
        return false;
    }
    switch (parser_.feed(bytes, consumed)) {
        case RequestParser::Step::kNeedMore:
            if (phase_ == ReadPhase::kIdle && !bytes.empty()) {
                enter(ReadPhase::kHeader);
            }
            return false;
        case RequestParser::Step::kHeader:
            return begin_body();
        case RequestParser::Step::kComplete:
            dispatch();
            return true;
        case RequestParser::Step::kFailed:
            break;
    }
    const RequestParser::Failure failure = parser_.failure();
    refuse(failure.status, failure.reason, failure.refusal);
    return false;
}

bool Connection::begin_body() {
    std::size_t body_bytes_max = host_.options.body_bytes_max;
    if (host_.handler.body_bytes_max) {
        body_bytes_max = host_.handler.body_bytes_max(parser_.request(), body_bytes_max);
    }
    if (!parser_.set_body_limit(body_bytes_max)) {
        const RequestParser::Failure failure = parser_.failure();
        refuse(failure.status, failure.reason, failure.refusal);
        return false;
    }
    enter(ReadPhase::kBody);
    continue_due_ = parser_.expects_continue();
    return true;
}

void Connection::dispatch() {
    const bool keep_alive = parser_.keep_alive() && !host_.is_draining;
    Request request = parser_.take_request();
    request.remote_address = peer_.address;
    request.remote_port = peer_.port;
    request.is_tls = peer_.is_tls;
    continue_due_ = false;
    std::shared_ptr<Exchange> exchange = owe(request, keep_alive);
    if (!keep_alive) {
        closes_ = true;
        enter(ReadPhase::kEnded);
    } else {
        enter(owed_.size() < host_.options.pipelined_max ? ReadPhase::kIdle : ReadPhase::kPaused);
    }
    if (host_.in_flight->load(std::memory_order_relaxed) > host_.options.requests_in_flight_max) {
        count_refusal(Refusal::kInFlightMax);
        Response response = to_response({503, {}, "too many requests in flight", {}});
        response.headers.add("Retry-After", std::to_string(host_.options.retry_after.count()));
        exchange->answer(std::move(response));
        return;
    }
    host_.handler.serve(std::move(request),
                        Responder(std::make_shared<Responder::State>(std::move(exchange))));
}

std::shared_ptr<Exchange> Connection::owe(const Request& request, bool keep_alive) {
    auto exchange = std::make_shared<Exchange>(ExchangeTraits{host_.mailbox, host_.in_flight, id_,
                                                              host_.options.stream_buffer_bytes_max,
                                                              request.method == "HEAD"});
    exchange->closes_connection = !keep_alive;
    exchange->is_http_1_0 = request.version_minor == 0;
    if (host_.options.observer != nullptr) {
        exchange->log = {request.method, request.target,
                         std::string(request.headers.get("User-Agent")), request.body.size(),
                         steady_clock::now()};
    }
    owed_.push_back(exchange);
    return exchange;
}

void Connection::refuse(int status, std::string detail, Refusal refusal) {
    count_refusal(refusal);
    closes_ = true;
    has_unread_input_ = true;
    continue_due_ = false;
    unread_.clear();
    const std::shared_ptr<Exchange> exchange = owe(parser_.request(), false);
    enter(ReadPhase::kEnded);
    exchange->answer(to_response({status, {}, std::move(detail), {}}));
}

void Connection::resume() {
    if (!host_.is_draining) {
        enter(ReadPhase::kIdle);
        return;
    }
    closes_ = true;
    has_unread_input_ = true;
    unread_.clear();
    enter(ReadPhase::kEnded);
    after_write();
}

void Connection::read_more() {
    if (is_reading_ || input_ended_ || phase_ == ReadPhase::kPaused ||
        phase_ == ReadPhase::kClosed || phase_ == ReadPhase::kOpening ||
        swallowed_bytes_ > kSwallowedBytesMax) {
        return;
    }
    is_reading_ = true;
    transport_->read();
}

// ---- writing

void Connection::look() {
    if (phase_ != ReadPhase::kClosed) {
        work();
    }
}

void Connection::write_answers() {
    if (is_writing_ || phase_ == ReadPhase::kClosed || phase_ == ReadPhase::kLingering) {
        return;
    }
    while (!owed_.empty()) {
        const std::shared_ptr<Exchange> exchange = owed_.front();
        if (!append_output(*exchange)) {
            break;
        }
        owed_.pop_front();
    }
    if (phase_ == ReadPhase::kClosed) {
        return;  // a stream broke off
    }
    if (continue_due_ && owed_.empty()) {
        continue_due_ = false;
        // A client that sent its body without waiting needs no permission.
        if (parser_.body_bytes() == 0) {
            out_ += kContinue;
            enter(ReadPhase::kBody);
        }
    }
    if (!out_.empty()) {
        send();
    } else if (owed_.empty() && closes_) {
        finish();  // a stream that ends without a last chunk, to an HTTP/1.0 client
    }
}

bool Connection::append_output(Exchange& exchange) {
    if (host_.is_draining) {
        exchange.end_stream();
    }
    const Exchange::Output output = exchange.take();
    if (output.phase == Exchange::Phase::kWaiting) {
        return false;
    }
    if (output.broken_off) {
        cut();
        return false;
    }
    if (output.has_head) {
        append_head(exchange, output);
    }
    if (output.phase == Exchange::Phase::kAnswered) {
        return true;
    }
    if (!output.text.empty()) {
        if (exchange.is_http_1_0) {
            out_ += output.text;
        } else {
            ResponseWriter::append_chunk(out_, output.text);
        }
    }
    if (output.stream_end && !exchange.is_http_1_0) {
        ResponseWriter::append_last_chunk(out_);
    }
    return output.stream_end;
}

void Connection::append_head(Exchange& exchange, const Exchange::Output& output) {
    ResponseFraming framing;
    framing.is_head = exchange.is_head();
    framing.is_http_1_0 = exchange.is_http_1_0;
    framing.is_stream = output.phase == Exchange::Phase::kStreaming;
    if (framing.is_stream && framing.is_http_1_0) {
        closes_ = true;
        enter(ReadPhase::kEnded);
    }
    framing.closes_connection = exchange.closes_connection || (closes_ && owed_.size() == 1);
    host_.writer.append(out_, output.response, framing);
    if (host_.options.observer != nullptr) {
        record(exchange, output.response);
    }
}

void Connection::send() {
    is_writing_ = true;
    write_progress_ = steady_clock::now();
    if (host_.options.observer != nullptr) {
        host_.options.observer->bytes_sent(out_.size());
    }
    if (transport_->write(out_)) {
        is_writing_ = false;
        after_write();
    }
}

void Connection::progressed() {
    write_progress_ = steady_clock::now();
}

void Connection::written() {
    is_writing_ = false;
    after_write();
    look();
}

void Connection::after_write() {
    if (!owed_.empty()) {
        owed_.front()->text_written();
        return;
    }
    if (closes_) {
        finish();
    } else if (phase_ == ReadPhase::kIdle) {
        phase_began_ = write_progress_;
    }
}

// ---- ending

void Connection::finish() {
    if (phase_ == ReadPhase::kLingering || phase_ == ReadPhase::kClosed || is_writing_) {
        return;
    }
    enter(ReadPhase::kLingering);
    transport_->end();
}

void Connection::ended() {
    if (!has_unread_input_ || input_ended_) {
        cut();
    }
}

void Connection::failed() {
    cut();
}

void Connection::cut() {
    if (phase_ == ReadPhase::kClosed) {
        return;
    }
    phase_ = ReadPhase::kClosed;
    transport_->close();
    const std::deque<std::shared_ptr<Exchange>> owed = std::exchange(owed_, {});
    for (const std::shared_ptr<Exchange>& exchange : owed) {
        exchange->client_left(Exchange::Departure::kGone);
    }
    host_.drop(id_);
}

void Connection::drain() {
    if (phase_ == ReadPhase::kOpening) {
        cut();
        return;
    }
    if (phase_ == ReadPhase::kIdle || phase_ == ReadPhase::kHeader) {
        closes_ = true;
        has_unread_input_ = phase_ == ReadPhase::kHeader;
        unread_.clear();
        enter(ReadPhase::kEnded);
    }
    if (owed_.empty() && !is_writing_ && closes_) {
        finish();
        return;
    }
    work();
}

void Connection::tick(Instant now) {
    const Instant::duration elapsed = now - phase_began_;
    if (is_writing_ && now - write_progress_ > host_.options.write_timeout) {
        count_refusal(Refusal::kWriteTimeout);
        cut();
        return;
    }
    switch (phase_) {
        case ReadPhase::kOpening:
        case ReadPhase::kHeader:
            if (elapsed <= host_.options.header_timeout) {
                return;
            }
            if (unread_.empty() && parser_.is_fresh()) {
                count_refusal(Refusal::kHeaderTimeout);
                cut();
                return;
            }
            refuse(408, "the header did not arrive in time", Refusal::kHeaderTimeout);
            break;
        case ReadPhase::kBody:
            if (!is_body_too_slow(now)) {
                return;
            }
            refuse(408, "the body did not arrive in time", Refusal::kBodyTimeout);
            break;
        case ReadPhase::kIdle:
            if (owed_.empty() && !is_writing_ && elapsed > host_.options.idle_timeout) {
                closes_ = true;
                finish();
            }
            return;
        case ReadPhase::kLingering:
            if (elapsed > kLingerTime) {
                cut();
            }
            return;
        case ReadPhase::kPaused:
        case ReadPhase::kEnded:
        case ReadPhase::kClosed:
            return;
    }
    work();
}

bool Connection::is_body_too_slow(Instant now) const {
    const Instant::duration elapsed = now - phase_began_;
    if (elapsed > host_.options.body_timeout) {
        return true;
    }
    const double seconds = std::chrono::duration<double>(elapsed).count();
    return elapsed > host_.options.body_rate_grace &&
           static_cast<double>(parser_.body_bytes()) <
               seconds * static_cast<double>(host_.options.body_bytes_per_second_min);
}

bool Connection::owes_only_streams() const {
    return std::all_of(owed_.begin(), owed_.end(), [](const std::shared_ptr<Exchange>& exchange) {
        return exchange->is_streaming();
    });
}

// ---- telling

void Connection::record(const Exchange& exchange, const Response& response) const {
    AccessRecord record;
    record.method = exchange.log.method;
    record.target = exchange.log.target;
    record.remote_address = peer_.address;
    record.user_agent = exchange.log.user_agent;
    record.status = response.status;
    record.request_body_bytes = exchange.log.request_body_bytes;
    record.response_body_bytes = response.body.size();
    record.duration = steady_clock::now() - exchange.log.started;
    record.is_tls = peer_.is_tls;
    host_.options.observer->request_answered(record);
}

void Connection::count_refusal(Refusal refusal) const {
    if (host_.options.observer != nullptr) {
        host_.options.observer->refused(refusal);
    }
}

}  // namespace fermata::http

#include "redis/connection.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

#include <boost/asio/connect.hpp>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

namespace fermata::redis {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// What redisBufferRead takes at a time.
constexpr std::size_t kReadBytes = 16U << 10U;
// Reads in one turn of the event loop: a long answer must not keep the others waiting.
constexpr int kReadsPerTurn = 16;
// hiredis gives an empty read buffer back beyond this size; its own 16 KB would be given back and
// asked for again with every page of a recovery.
constexpr std::size_t kIdleReadBufferBytes = 256U << 10U;
// A silent peer is probed after this many seconds, then every second.
constexpr int kKeepAliveSeconds = 5;

template <typename Value>
void set_socket_option(int socket, int level, int name, Value value) {
    // A kernel that does not know the option goes without it: the watchdog notices later.
    static_cast<void>(setsockopt(socket, level, name, &value, sizeof(value)));
}

void prepare_socket(int socket, std::chrono::milliseconds timeout) {
    set_socket_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_socket_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_socket_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveSeconds);
    set_socket_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 1);
    set_socket_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT,
                      static_cast<unsigned>(timeout.count()));
}

redisContext* make_hiredis(int socket, const Options& options) {
    redisOptions wanted{};
    wanted.type = REDIS_CONN_USERFD;
    wanted.endpoint.fd = socket;
    wanted.options = REDIS_OPT_NONBLOCK;
    redisContext* made = redisConnectWithOptions(&wanted);
    FERMATA_CHECK(made != nullptr && made->err == 0);
    made->reader->maxbuf = kIdleReadBufferBytes;
    made->reader->maxelements = static_cast<long long>(options.reply_elements_max);
    return made;
}

std::span<iovec> without_front(std::span<iovec> pieces, std::size_t bytes) {
    while (!pieces.empty() && bytes >= pieces.front().iov_len) {
        bytes -= pieces.front().iov_len;
        pieces = pieces.subspan(1);
    }
    if (bytes > 0) {
        iovec& cut = pieces.front();
        cut = {static_cast<char*>(cut.iov_base) + bytes, cut.iov_len - bytes};
    }
    return pieces;
}

}  // namespace

std::shared_ptr<Connection> Connection::create(const ConnectionSettings& settings, Node node,
                                               ConnectionListener& listener) {
    return std::shared_ptr<Connection>(new Connection(settings, std::move(node), listener));
}

Connection::Connection(const ConnectionSettings& settings, Node node, ConnectionListener& listener)
    : settings_(settings),
      node_(std::move(node)),
      listener_(&listener),
      resolver_(settings.loop),
      socket_(settings.loop),
      timer_(settings.loop),
      greeting_(settings.options) {}

// Its handlers hold it, so nothing is waited for any more.
Connection::~Connection() {
    free_hiredis();
}

void Connection::open() {
    timer_.expires_after(settings_.options.connect_timeout);
    timer_.async_wait([self = shared_from_this()](const ErrorValue& error) {
        if (!error && self->stage_ != Stage::kOpen && self->stage_ != Stage::kClosed) {
            self->fail(ErrorCode::kUnavailable,
                       "no connection within redis-connect-timeout (stopped while " +
                           std::string(self->stage_ == Stage::kConnecting ? "connecting)"
                                       : self->stage_ == Stage::kHandshake
                                           // A plain server takes the handshake for half a command.
                                           ? "in the TLS handshake); does the port speak TLS "
                                             "(tls-enabled)?"
                                           : "logging in)"));
        }
    });
    resolve(node_.address.host);
}

void Connection::resolve(const std::string& host) {
    ErrorValue not_numeric;
    const auto address = asio::ip::make_address(host, not_numeric);
    if (!not_numeric) {
        connect({tcp::endpoint(address, node_.address.port)});
        return;
    }
    resolver_.async_resolve(
        host, std::to_string(node_.address.port),
        [self = shared_from_this(), host](const ErrorValue& error,
                                          const tcp::resolver::results_type& results) {
            self->resolved(host, error, {results.begin(), results.end()});
        });
}

void Connection::resolved(const std::string& host, const ErrorValue& error,
                          const Endpoints& endpoints) {
    if (stage_ == Stage::kClosed) {
        return;
    }
    if (!error) {
        connect(endpoints);
    } else if (!node_.ip.empty() && node_.ip != host) {
        resolve(node_.ip);
    } else {
        fail(ErrorCode::kUnavailable, "the name cannot be resolved: " + error.message());
    }
}

void Connection::connect(const Endpoints& endpoints) {
    asio::async_connect(
        socket_, endpoints,
        [self = shared_from_this()](const ErrorValue& error, const tcp::endpoint& /*endpoint*/) {
            if (self->stage_ == Stage::kClosed) {
                return;
            }
            if (error) {
                self->fail(ErrorCode::kUnavailable, "cannot connect: " + error.message());
            } else {
                self->connected();
            }
        });
}

void Connection::connected() {
    prepare_socket(socket_.native_handle(), settings_.options.socket_timeout);
    if (const ErrorValue error = watch_anew()) {
        fail(ErrorCode::kUnavailable, "the connection cannot be watched: " + error.message());
        return;
    }
    ErrorValue ignored;
    socket_.non_blocking(true, ignored);
    hiredis_ = make_hiredis(socket_.native_handle(), settings_.options);
    if (settings_.tls != nullptr) {
        begin_handshake();
    } else {
        greet();
    }
}

// Since it waited for the connection the event loop has looked for room to write too, and would
// report it each time that an answer is waited for.
Connection::ErrorValue Connection::watch_anew() {
    ErrorValue error;
    const tcp protocol = socket_.local_endpoint(error).protocol();
    if (error) {
        return error;
    }
    const int handle = socket_.release(error);
    if (error) {
        return error;
    }
    socket_.assign(protocol, handle, error);
    if (error) {
        ::close(handle);
    }
    return error;
}

void Connection::begin_handshake() {
    stage_ = Stage::kHandshake;
    Result<SslHandle> made = settings_.tls->make(node_.address.host);
    if (!made) {
        fail(ErrorCode::kUnavailable, made.error().message());
        return;
    }
    ERR_clear_error();
    if (redisInitiateSSL(hiredis_, made->get()) != REDIS_OK) {
        fail(ErrorCode::kUnavailable, explain_tls_failure(made->get()));
        return;
    }
    ssl_ = made->release();
    shake_hands();
}

void Connection::shake_hands() {
    if (stage_ == Stage::kClosed) {
        return;
    }
    ERR_clear_error();
    const int outcome = SSL_do_handshake(ssl_);
    if (outcome == 1) {
        greet();
        return;
    }
    const int wanted = SSL_get_error(ssl_, outcome);
    if (wanted == SSL_ERROR_WANT_READ || wanted == SSL_ERROR_WANT_WRITE) {
        socket_.async_wait(
            wanted == SSL_ERROR_WANT_READ ? tcp::socket::wait_read : tcp::socket::wait_write,
            [self = shared_from_this()](const ErrorValue& error) {
                if (!error) {
                    self->shake_hands();
                }
            });
        return;
    }
    fail(ErrorCode::kUnavailable, explain_tls_failure(ssl_));
}

void Connection::greet() {
    stage_ = Stage::kGreeting;
    append(greeting_.begin());
    wait_readable();
    flush();
}

void Connection::take_greeting(const Reply& reply) {
    const Result<std::string> answer = greeting_.next(reply.view());
    if (!answer) {
        fail(answer.error().code(), answer.error().message());
        return;
    }
    if (!answer->empty()) {
        append(*answer);
        flush();
    } else if (greeting_.is_done()) {
        stage_ = Stage::kOpen;
        timer_.cancel();
        listener_->opened(greeting_.facts());
    }
}

void Connection::append(const Command& command) {
    head_.clear();
    command.append_head(head_);
    append(head_);
    append(command.shared_part());
    append(command.own_part());
}

void Connection::append(std::string_view encoded) {
    FERMATA_CHECK(redisAppendFormattedCommand(hiredis_, encoded.data(), encoded.size()) ==
                  REDIS_OK);
}

void Connection::flush() {
    int is_done = 0;
    while (stage_ != Stage::kClosed && is_done == 0) {
        const std::size_t before = sdslen(hiredis_->obuf);
        ERR_clear_error();
        if (redisBufferWrite(hiredis_, &is_done) != REDIS_OK) {
            // The reason may wait to be read: an alert, or the server's last words.
            hiredis_->err = 0;
            if (read_available()) {
                fail(ErrorCode::kUnavailable, "the connection broke while sending");
            }
            return;
        }
        if (is_done == 0 && sdslen(hiredis_->obuf) == before) {
            wait_writable();
            return;
        }
    }
}

void Connection::send(Outgoing& outgoing) {
    std::span<iovec> left = outgoing.pieces();
    if (ssl_ == nullptr && sdslen(hiredis_->obuf) == 0) {
        left = write_now(left);
    }
    for (const iovec& piece : left) {
        append({static_cast<const char*>(piece.iov_base), piece.iov_len});
    }
    if (!left.empty()) {
        flush();  // finds out why, or waits
    }
}

std::span<iovec> Connection::write_now(std::span<iovec> pieces) {
    while (!pieces.empty()) {
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = std::min<std::size_t>(pieces.size(), IOV_MAX);
        const ssize_t taken =
            sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (taken < 0 && errno != EINTR) {
            break;
        }
        pieces = without_front(pieces, taken < 0 ? 0 : static_cast<std::size_t>(taken));
    }
    return pieces;
}

void Connection::wait_readable() {
    socket_.async_wait(tcp::socket::wait_read,
                       [self = shared_from_this()](const ErrorValue& error) {
                           if (!error) {
                               self->on_readable();
                           }
                       });
}

void Connection::wait_writable() {
    if (is_waiting_writable_) {
        return;
    }
    is_waiting_writable_ = true;
    socket_.async_wait(tcp::socket::wait_write,
                       [self = shared_from_this()](const ErrorValue& error) {
                           self->is_waiting_writable_ = false;
                           if (!error) {
                               self->flush();
                           }
                       });
}

void Connection::on_readable() {
    // Handlers of this turn may let go of the last owner but this operation.
    const std::shared_ptr<Connection> self = shared_from_this();
    if (stage_ == Stage::kClosed || !read_available()) {
        return;
    }
    if (ssl_ != nullptr && sdslen(hiredis_->obuf) > 0) {
        // TLS may have waited for these bytes before it could write.
        flush();
    }
    if (stage_ != Stage::kClosed) {
        wait_readable();
    }
}

bool Connection::read_available() {
    const bool is_tls = ssl_ != nullptr;
    for (int turn = 0;; ++turn) {
        const std::size_t before = hiredis_->reader->len;
        ERR_clear_error();
        errno = 0;
        if (redisBufferRead(hiredis_) != REDIS_OK) {
            fail(ErrorCode::kUnavailable, transport_failure());
            return false;
        }
        const std::size_t taken = hiredis_->reader->len - before;
        if (taken > 0 && !deliver_replies()) {
            return false;
        }
        // TLS hands out one record at a time and may hold decoded bytes that no poll will report.
        const bool is_more = is_tls ? SSL_pending(ssl_) > 0 || taken > 0 : taken == kReadBytes;
        const bool is_turn_over = turn >= kReadsPerTurn && !(is_tls && SSL_pending(ssl_) > 0);
        if (!is_more || is_turn_over) {
            return true;
        }
    }
}

bool Connection::deliver_replies() {
    while (stage_ != Stage::kClosed) {
        void* raw = nullptr;
        if (redisReaderGetReply(hiredis_->reader, &raw) != REDIS_OK) {
            fail(ErrorCode::kUnavailable, std::string("the answer is no Redis protocol: ") +
                                              hiredis_->reader->errstr +
                                              "; does the port want TLS (tls-enabled)?");
            return false;
        }
        if (raw == nullptr) {
            return true;
        }
        Reply reply(static_cast<redisReply*>(raw));
        if (static_cast<redisReply*>(raw)->type == REDIS_REPLY_PUSH) {
            continue;  // nothing is subscribed to
        }
        if (stage_ == Stage::kGreeting) {
            take_greeting(reply);
        } else {
            listener_->received(std::move(reply));
        }
    }
    return false;
}

std::string Connection::transport_failure() const {
    if (ssl_ != nullptr && ERR_peek_last_error() != 0) {
        return explain_tls_failure(ssl_);
    }
    std::string what = hiredis_->err == REDIS_ERR_EOF ? "the server closed the connection"
                                                      : std::string(hiredis_->errstr);
    if (what.empty()) {
        what = "the connection broke";
    }
    if (stage_ == Stage::kGreeting) {
        what += " before its first answer; does the port want ";
        what +=
            ssl_ == nullptr ? "TLS (tls-enabled)?" : "a client certificate (tls-cert, tls-key)?";
    }
    return what;
}

void Connection::fail(ErrorCode code, std::string_view what) {
    ConnectionListener* listener = listener_;
    const std::shared_ptr<Connection> self = shared_from_this();
    const Error error(code, node_.address.to_string() + ": " + std::string(what));
    close();
    if (listener != nullptr) {
        listener->closed(error);
    }
}

void Connection::close() {
    if (stage_ == Stage::kClosed) {
        return;
    }
    stage_ = Stage::kClosed;
    listener_ = nullptr;
    ErrorValue ignored;
    resolver_.cancel();
    timer_.cancel(ignored);
    free_hiredis();
    socket_.close(ignored);
}

void Connection::free_hiredis() {
    if (hiredis_ != nullptr) {
        redisFreeKeepFd(hiredis_);
        hiredis_ = nullptr;
        ssl_ = nullptr;
    }
}

}  // namespace fermata::redis

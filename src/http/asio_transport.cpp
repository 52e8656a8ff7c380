#include "http/asio_transport.h"

#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace fermata::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorValue = boost::system::error_code;
using TlsSocket = asio::ssl::stream<tcp::socket>;

// A read buffer starts small, so that ten thousand idle connections are cheap, and doubles while
// reads fill it.
constexpr std::size_t kReadBufferBytesMin = 4U << 10U;
constexpr std::size_t kReadBufferBytesMax = 64U << 10U;

// Every pending operation holds the transport alive; listener_ is null once nobody listens.
template <typename Socket>
class AsioTransport final : public Transport,
                            public std::enable_shared_from_this<AsioTransport<Socket>> {
    static constexpr bool kIsTls = std::is_same_v<Socket, TlsSocket>;

  public:
    AsioTransport(Socket socket, TransportListener& listener)
        : socket_(std::move(socket)), listener_(&listener), in_(kReadBufferBytesMin) {
        ErrorValue ignored;
        socket_.lowest_layer().set_option(tcp::no_delay(true), ignored);
        socket_.lowest_layer().non_blocking(true, ignored);
    }

    void open() override {
        if constexpr (kIsTls) {
            socket_.async_handshake(asio::ssl::stream_base::server,
                                    [self = this->shared_from_this()](const ErrorValue& error) {
                                        self->tell_opened(!error);
                                    });
        } else {
            asio::post(socket_.get_executor(),
                       [self = this->shared_from_this()] { self->tell_opened(true); });
        }
    }

    void read() override {
        if (bytes_read_ == in_.size() && in_.size() < kReadBufferBytesMax) {
            in_.resize(in_.size() * 2);
        }
        socket_.async_read_some(asio::buffer(in_), [self = this->shared_from_this()](
                                                       const ErrorValue& error, std::size_t bytes) {
            self->on_read(error, bytes);
        });
    }

    bool write(std::string& bytes) override {
        out_.swap(bytes);
        bytes.clear();
        out_begin_ = 0;
        if constexpr (!kIsTls) {
            // Most answers fit the socket's buffer: one system call and no detour.
            ErrorValue error;
            out_begin_ = socket_.write_some(asio::buffer(out_), error);
            if (!error && out_begin_ == out_.size()) {
                return true;
            }
        }
        write_rest();
        return false;
    }

    void end() override {
        if constexpr (kIsTls) {
            socket_.async_shutdown([self = this->shared_from_this()](const ErrorValue& /*error*/) {
                self->shut_down_and_tell();
            });
        } else {
            asio::post(socket_.get_executor(),
                       [self = this->shared_from_this()] { self->shut_down_and_tell(); });
        }
    }

    void close() override {
        listener_ = nullptr;
        ErrorValue ignored;
        socket_.lowest_layer().close(ignored);
    }

  private:
    void tell_opened(bool success) {
        if (listener_ != nullptr) {
            listener_->opened(success);
        }
    }

    void on_read(const ErrorValue& error, std::size_t bytes) {
        if (listener_ == nullptr) {
            return;
        }
        bytes_read_ = bytes;
        if (!error) {
            listener_->received({in_.data(), bytes});
        } else if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
            // A TLS peer that just closes has ended too: messages carry their own length.
            listener_->received_end();
        } else {
            listener_->failed();
        }
    }

    void write_rest() {
        socket_.async_write_some(
            asio::buffer(out_) + out_begin_,
            [self = this->shared_from_this()](const ErrorValue& error, std::size_t bytes) {
                self->on_written(error, bytes);
            });
    }

    void on_written(const ErrorValue& error, std::size_t bytes) {
        if (listener_ == nullptr) {
            return;
        }
        if (error) {
            listener_->failed();
            return;
        }
        out_begin_ += bytes;
        if (out_begin_ < out_.size()) {
            listener_->progressed();
            write_rest();
        } else {
            listener_->written();
        }
    }

    void shut_down_and_tell() {
        if (listener_ == nullptr) {
            return;
        }
        ErrorValue ignored;
        socket_.lowest_layer().shutdown(tcp::socket::shutdown_send, ignored);
        listener_->ended();
    }

    Socket socket_;
    TransportListener* listener_;
    std::vector<char> in_;
    std::size_t bytes_read_ = 0;
    std::string out_;
    std::size_t out_begin_ = 0;
};

}  // namespace

std::shared_ptr<Transport> make_transport(tcp::socket socket, asio::ssl::context* context,
                                          TransportListener& listener) {
    if (context == nullptr) {
        return std::make_shared<AsioTransport<tcp::socket>>(std::move(socket), listener);
    }
    return std::make_shared<AsioTransport<TlsSocket>>(TlsSocket(std::move(socket), *context),
                                                      listener);
}

}  // namespace fermata::http

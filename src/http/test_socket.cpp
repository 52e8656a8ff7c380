#include "http/test_socket.h"

#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fermata::http {
namespace {

constexpr std::chrono::seconds kTimeMax{10};

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + part.size())) {
        ++count;
    }
    return count;
}

}  // namespace

TestSocket::TestSocket(std::uint16_t port, int receive_buffer_bytes)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      deadline_(std::chrono::steady_clock::now() + kTimeMax) {
    if (receive_buffer_bytes > 0) {
        setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr generic{};
    std::memcpy(&generic, &address, sizeof address);
    is_closed_ = connect(fd_, &generic, sizeof address) != 0;
}

TestSocket::~TestSocket() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

bool TestSocket::send(std::string_view bytes) const {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool TestSocket::receive_some(std::string& out) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline_ - std::chrono::steady_clock::now());
    pollfd waiting{fd_, POLLIN, 0};
    if (is_closed_ || left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) {
        return false;
    }
    std::array<char, 16384> buffer{};
    const ssize_t received = recv(fd_, buffer.data(), buffer.size(), 0);
    if (received <= 0) {
        is_closed_ = true;
        return false;
    }
    out.append(buffer.data(), static_cast<std::size_t>(received));
    return true;
}

std::string TestSocket::receive_until(std::string_view text, std::size_t count) {
    std::string out;
    while (count_of(out, text) < count && receive_some(out)) {
    }
    return out;
}

std::string TestSocket::receive_all() {
    std::string out;
    while (receive_some(out)) {
    }
    return out;
}

std::string TestSocket::exchange(std::string_view bytes) {
    send(bytes);
    return receive_all();
}

void TestSocket::close_sending() const {
    shutdown(fd_, SHUT_WR);
}

void TestSocket::reset() {
    const linger at_once{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd_);
    fd_ = -1;
}

}  // namespace fermata::http

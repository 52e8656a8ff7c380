#include "http_connection.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace fermata::durability {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

// Field names are compared in lower case, as this server's answers may be in any.
std::string lower(std::string_view text) {
    std::string lowered(text);
    for (char& letter : lowered) {
        letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
    return lowered;
}

std::string_view field(std::string_view head, std::string_view name) {
    const std::string wanted = std::string(kLineEnd) + std::string(name) + ":";
    const std::size_t at = lower(head).find(wanted);
    if (at == std::string::npos) {
        return {};
    }
    const std::size_t begin = head.find_first_not_of(' ', at + wanted.size());
    return head.substr(begin, head.find(kLineEnd, begin) - begin);
}

}  // namespace

HttpConnection::~HttpConnection() {
    disconnect();
}

std::optional<Answer> HttpConnection::post(const std::string& path, const std::string& json,
                                           const std::string& idempotency_key) {
    std::string request = "POST " + path + " HTTP/1.1\r\n" + common_fields();
    request += "Content-Type: application/json\r\nContent-Length: " + std::to_string(json.size());
    if (!idempotency_key.empty()) {
        request += "\r\nIdempotency-Key: " + idempotency_key;
    }
    return exchange(request + "\r\n\r\n" + json);
}

std::optional<Answer> HttpConnection::get(const std::string& path) {
    return exchange("GET " + path + " HTTP/1.1\r\n" + common_fields() + "\r\n");
}

std::string HttpConnection::common_fields() const {
    const std::string host = "Host: " + address_.host + "\r\n";
    return address_.token.empty() ? host
                                  : host + "Authorization: Bearer " + address_.token + "\r\n";
}

std::optional<Answer> HttpConnection::exchange(const std::string& request) {
    timed_out_ = false;
    std::optional<Answer> answer;
    if ((socket_ >= 0 || connect()) && write_all(request)) {
        answer = read_answer();
    }
    if (!answer) {
        disconnect();
    }
    return answer;
}

bool HttpConnection::connect() {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(address_.port);
    if (::inet_pton(AF_INET, address_.host.c_str(), &address.sin_addr) != 1) {
        return false;
    }
    const timeval timeout{kTimeoutSeconds, 0};
    const int on = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    received_.clear();
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket interface asks for it
    return ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

void HttpConnection::disconnect() {
    if (socket_ >= 0) {
        ::close(socket_);
        socket_ = -1;
    }
}

bool HttpConnection::write_all(std::string_view bytes) const {
    while (!bytes.empty()) {
        const ssize_t written = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (written <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

bool HttpConnection::read_more() {
    char buffer[16384];
    const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
    if (count <= 0) {
        timed_out_ = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        return false;
    }
    received_.append(buffer, static_cast<std::size_t>(count));
    return true;
}

std::optional<Answer> HttpConnection::read_answer() {
    std::size_t head_end = received_.find("\r\n\r\n");
    while (head_end == std::string::npos) {
        if (!read_more()) {
            return std::nullopt;
        }
        head_end = received_.find("\r\n\r\n");
    }
    const std::string head = received_.substr(0, head_end + 2);
    const std::size_t body_begin = head_end + 4;
    const std::size_t length =
        std::strtoull(std::string(field(head, "content-length")).c_str(), nullptr, 10);
    while (received_.size() < body_begin + length) {
        if (!read_more()) {
            return std::nullopt;
        }
    }
    Answer answer;
    answer.status = std::atoi(head.substr(head.find(' ') + 1, 3).c_str());
    answer.body = received_.substr(body_begin, length);
    answer.replayed = field(head, "idempotent-replay") == "true";
    received_.erase(0, body_begin + length);
    if (field(head, "connection") == "close") {
        disconnect();
    }
    return answer;
}

}  // namespace fermata::durability

// Requests per second of the HTTP server over loopback, by a load client of its own.
//
//   http_bench [connections] [seconds] [pipelined]      default: 64 connections, 3 seconds, 1
//
// The client is one thread that keeps every connection busy; on a machine with two free cores the
// figure is that of one server thread. Everything stays on 127.0.0.1 and ends by itself.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/server.h"

namespace {

using Instant = std::chrono::steady_clock::time_point;

constexpr std::string_view kRequest =
    "GET /api/v1/sessions/00112233 HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n"
    "User-Agent: http_bench\r\n\r\n";
constexpr std::string_view kBody = "{\"status\":\"ok\"}";

struct LoadOptions {
    std::size_t connections = 64;
    std::chrono::seconds duration{3};
    std::size_t pipelined = 1;
};

int connect_to(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr generic{};
    std::memcpy(&generic, &address, sizeof address);
    if (connect(fd, &generic, sizeof address) != 0) {
        fmt::print(stderr, "cannot connect to port {}\n", port);
        std::exit(1);
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

// One connection: sends a batch, counts the bodies that come back, sends the next.
struct LoadConnection {
    int fd = -1;
    std::size_t answers_due = 0;
    std::string tail;  // of the last read: a body may be cut in two
    Instant sent;
};

struct LoadResult {
    std::size_t answers = 0;
    std::vector<double> latencies_us;  // of batches
};

class Load {
  public:
    Load(std::uint16_t port, const LoadOptions& options) : options_(options) {
        for (std::size_t i = 0; i < options.pipelined; ++i) {
            batch_ += kRequest;
        }
        connections_.resize(options.connections);
        for (LoadConnection& connection : connections_) {
            connection.fd = connect_to(port);
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.ptr = &connection;
            epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
        }
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load() {
        for (const LoadConnection& connection : connections_) {
            close(connection.fd);
        }
        close(epoll_);
    }

    LoadResult run() {
        LoadResult result;
        const Instant end = std::chrono::steady_clock::now() + options_.duration;
        for (LoadConnection& connection : connections_) {
            send_batch(connection);
        }
        std::array<epoll_event, 256> events{};
        while (std::chrono::steady_clock::now() < end) {
            const int ready = epoll_wait(epoll_, events.data(), 256, 100);
            for (int i = 0; i < ready; ++i) {
                void* pointer = events[static_cast<std::size_t>(i)].data.ptr;
                receive(*static_cast<LoadConnection*>(pointer), result);
            }
        }
        return result;
    }

  private:
    void send_batch(LoadConnection& connection) const {
        connection.answers_due = options_.pipelined;
        connection.sent = std::chrono::steady_clock::now();
        if (send(connection.fd, batch_.data(), batch_.size(), MSG_NOSIGNAL) < 0) {
            fmt::print(stderr, "the server closed a connection\n");
            std::exit(1);
        }
    }

    void receive(LoadConnection& connection, LoadResult& result) {
        const ssize_t bytes = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
        if (bytes <= 0) {
            fmt::print(stderr, "the server closed a connection\n");
            std::exit(1);
        }
        connection.tail.append(buffer_.data(), static_cast<std::size_t>(bytes));
        std::size_t at = connection.tail.find(kBody);
        std::size_t done = 0;
        while (at != std::string::npos) {
            ++result.answers;
            --connection.answers_due;
            done = at + kBody.size();
            at = connection.tail.find(kBody, done);
        }
        connection.tail.erase(0, done);
        if (connection.answers_due == 0) {
            result.latencies_us.push_back(std::chrono::duration<double, std::micro>(
                                              std::chrono::steady_clock::now() - connection.sent)
                                              .count());
            send_batch(connection);
        }
    }

    const LoadOptions options_;
    int epoll_ = epoll_create1(EPOLL_CLOEXEC);
    std::string batch_;
    std::vector<LoadConnection> connections_;
    std::array<char, 65536> buffer_{};
};

double percentile(std::vector<double>& values, double part) {
    if (values.empty()) {
        return 0;
    }
    const auto index = static_cast<std::size_t>(part * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index),
                     values.end());
    return values[index];
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::size_t argument(int argc, char** argv, int index, std::size_t otherwise) {
    return argc > index ? std::strtoul(argv[index], nullptr, 10) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
    LoadOptions load_options;
    load_options.connections = argument(argc, argv, 1, load_options.connections);
    load_options.duration = std::chrono::seconds(argument(argc, argv, 2, 3));
    load_options.pipelined = argument(argc, argv, 3, load_options.pipelined);

    fermata::http::Handler handler;
    handler.serve = [](const fermata::http::Request& /*request*/,
                       const fermata::http::Responder& responder) {
        responder.send(fermata::http::Response::json(200, std::string(kBody)));
    };
    auto server = fermata::http::Server::create({}, std::move(handler));
    if (!server) {
        fmt::print(stderr, "{}\n", server.error().to_string());
        return 1;
    }
    Load load((*server)->port(), load_options);
    const double cpu_before = cpu_seconds();
    LoadResult result = load.run();
    const double cpu = cpu_seconds() - cpu_before;
    const double seconds = std::chrono::duration<double>(load_options.duration).count();
    fmt::print("connections {}  pipelined {}  requests/s {:.0f}\n", load_options.connections,
               load_options.pipelined, static_cast<double>(result.answers) / seconds);
    fmt::print("batch latency us: p50 {:.0f}  p99 {:.0f}\n", percentile(result.latencies_us, 0.5),
               percentile(result.latencies_us, 0.99));
    fmt::print("cpu us per request, client and server together: {:.2f}\n",
               cpu * 1e6 / static_cast<double>(std::max<std::size_t>(1, result.answers)));
    return 0;
}

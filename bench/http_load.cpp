// A bounded load on a loopback server: posts events to sessions over keep-alive connections and
// prints one JSON object with the rate and the latency. One thread, epoll, one request in flight a
// connection.
//
//   http_load PORT CONNECTIONS SECONDS [SPREAD]
//
// It starts one session of a counting chart per connection first; every 200 answer is an
// acknowledged, durable event; a 503 is counted as refused and sent again. In a cluster the
// sessions are the asked node's own, or, with SPREAD 1, anybody's.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::string_view kChart =
    R"(<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" version=\"1.0\" datamodel=\"ecmascript\" name=\"load\">)"
    R"(<datamodel><data id=\"n\" expr=\"0\"/><data id=\"note\" expr=\"'x'.repeat(200)\"/></datamodel>)"
    R"(<state id=\"a\"><transition event=\"e\" cond=\"n &gt;= 0\"><assign location=\"n\" expr=\"n + 1\"/></transition></state></scxml>)";

constexpr int kUnavailable = 503;

[[noreturn]] void give_up(const char* why) {
    std::perror(why);
    std::exit(1);
}

int connect_to(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (socket < 0 ||
        ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        give_up("connect");
    }
    const int yes = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return socket;
}

std::string post(const std::string& path, const std::string& body) {
    return "POST " + path +
           " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

void send_all(int socket, const std::string& bytes) {
    if (::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(bytes.size())) {
        give_up("send");
    }
}

// One connection: sends its request again as soon as it was answered.
struct Client {
    int socket = -1;
    std::string request;
    std::string received;
    Steady::time_point sent;

    void send_request() {
        received.clear();
        sent = Steady::now();
        send_all(socket, request);
    }

    // Status of a whole answer, 0 while it is not there yet.
    int take_answer() {
        char buffer[4096];
        const ssize_t count = ::recv(socket, buffer, sizeof buffer, 0);
        if (count <= 0) {
            give_up("recv");
        }
        received.append(buffer, static_cast<std::size_t>(count));
        const std::size_t head_end = received.find("\r\n\r\n");
        if (head_end == std::string::npos) {
            return 0;
        }
        std::string head = received.substr(0, head_end);
        std::transform(head.begin(), head.end(), head.begin(),
                       [](unsigned char c) { return std::tolower(c); });
        const std::size_t length_at = head.find("content-length: ");
        const std::size_t length = length_at == std::string::npos
                                       ? 0
                                       : std::strtoul(head.c_str() + length_at + 16, nullptr, 10);
        return received.size() < head_end + 4 + length ? 0 : std::atoi(received.c_str() + 9);
    }
};

// Of the answer to a start.
std::string id_in(const std::string& answer) {
    constexpr std::string_view kBegin = "\"id\":\"";
    const std::size_t begin = answer.find(kBegin) + kBegin.size();
    return answer.substr(begin, answer.find('"', begin) - begin);
}

std::vector<Client> make_clients(std::uint16_t port, int connections, bool is_spread) {
    std::vector<Client> clients(static_cast<std::size_t>(connections));
    const std::string run = std::to_string(::getpid());
    for (std::size_t at = 0; at < clients.size(); ++at) {
        Client& client = clients[at];
        client.socket = connect_to(port);
        // A name decides where its session lives; without one it lives where it is started.
        const std::string name =
            is_spread ? R"(, "id": "load-)" + run + "-" + std::to_string(at) + "\"" : "";
        client.request =
            post("/api/v1/sessions", "{\"document\": \"" + std::string(kChart) + "\"" + name + "}");
        client.send_request();
        int status = 0;
        while ((status = client.take_answer()) == 0 || status == kUnavailable) {
            if (status == kUnavailable) {
                client.send_request();
            }
        }
        if (status != 201) {
            std::fprintf(stderr, "the session was not started: %s\n", client.received.c_str());
            std::exit(1);
        }
        client.request = post("/api/v1/sessions/" + id_in(client.received) + "/events",
                              R"({"name": "e", "data": {"amount": 12}})");
    }
    return clients;
}

double percentile(const std::vector<double>& sorted, double share) {
    return sorted.empty()
               ? 0
               : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

struct Measured {
    std::vector<double> latencies_ms;
    std::size_t refused = 0;
};

Measured load(std::vector<Client>& clients, double seconds) {
    const int poll = ::epoll_create1(0);
    for (std::size_t at = 0; at < clients.size(); ++at) {
        epoll_event interest{};
        interest.events = EPOLLIN;
        interest.data.u64 = at;
        ::epoll_ctl(poll, EPOLL_CTL_ADD, clients[at].socket, &interest);
        clients[at].send_request();
    }
    Measured measured;
    const auto end = Steady::now() + std::chrono::duration<double>(seconds);
    epoll_event ready[256];
    while (Steady::now() < end) {
        const int count = ::epoll_wait(poll, ready, 256, 1000);
        for (int at = 0; at < count; ++at) {
            Client& client = clients[ready[at].data.u64];
            const int status = client.take_answer();
            if (status == 200) {
                measured.latencies_ms.push_back(
                    std::chrono::duration<double, std::milli>(Steady::now() - client.sent).count());
                client.send_request();
            } else if (status == kUnavailable) {
                ++measured.refused;
                client.send_request();
            } else if (status != 0) {
                std::fprintf(stderr, "an event was not taken: %s\n", client.received.c_str());
                std::exit(1);
            }
        }
    }
    ::close(poll);
    return measured;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4 && argc != 5) {
        std::fprintf(stderr, "usage: http_load PORT CONNECTIONS SECONDS [SPREAD]\n");
        return 2;
    }
    const int connections = std::clamp(std::atoi(argv[2]), 1, 1024);
    const double seconds = std::clamp(std::atof(argv[3]), 0.1, 60.0);
    std::vector<Client> clients =
        make_clients(static_cast<std::uint16_t>(std::atoi(argv[1])), connections,
                     argc == 5 && std::string_view(argv[4]) == "1");
    Measured measured = load(clients, seconds);
    std::vector<double>& latencies = measured.latencies_ms;
    std::sort(latencies.begin(), latencies.end());
    std::printf("{\"per_second\": %.0f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"refused\": %zu}\n",
                static_cast<double>(latencies.size()) / seconds, percentile(latencies, 0.5),
                percentile(latencies, 0.99), measured.refused);
    return 0;
}

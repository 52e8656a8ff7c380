// HttpConnection: a small blocking HTTP/1.1 client over one kept-alive connection.
//
// On purpose not Fermata's own client: the test must not share its mistakes. Threads: one owner at
// a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fermata::durability {

// Of one server.
struct Address {
    std::string host = "127.0.0.1";  // numeric
    std::uint16_t port = 0;
    std::string token;  // shown as bearer; empty: none
};

struct Answer {
    int status = 0;
    std::string body;
    bool replayed = false;  // Idempotent-Replay: true
};

class HttpConnection {
  public:
    // Longer than any bound of the server: whoever waits this long has found a request that is
    // never answered.
    static constexpr int kTimeoutSeconds = 60;

    explicit HttpConnection(Address address) : address_(std::move(address)) {}
    HttpConnection(const HttpConnection&) = delete;
    HttpConnection& operator=(const HttpConnection&) = delete;
    ~HttpConnection();

    // Nothing when the connection broke before the whole answer was there: what was asked for may
    // have happened or not. Connects when there is no connection.
    std::optional<Answer> post(const std::string& path, const std::string& json,
                               const std::string& idempotency_key);
    std::optional<Answer> get(const std::string& path);

    // The last request was broken off by kTimeoutSeconds.
    [[nodiscard]] bool timed_out() const { return timed_out_; }

  private:
    std::optional<Answer> exchange(const std::string& request);
    bool connect();
    void disconnect();
    [[nodiscard]] bool write_all(std::string_view bytes) const;
    bool read_more();
    std::optional<Answer> read_answer();

    [[nodiscard]] std::string common_fields() const;

    const Address address_;
    int socket_ = -1;
    std::string received_;
    bool timed_out_ = false;
};

}  // namespace fermata::durability

// TestSocket: a blocking client socket on loopback, to say to the server exactly what a test wants.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fermata::http {

class TestSocket {
  public:
    // Connected to 127.0.0.1; receive_buffer_bytes 0: the system's default.
    explicit TestSocket(std::uint16_t port, int receive_buffer_bytes = 0);
    TestSocket(const TestSocket&) = delete;
    TestSocket& operator=(const TestSocket&) = delete;
    ~TestSocket();

    // False when the peer has closed.
    bool send(std::string_view bytes) const;
    // Until the text has come count times, the peer closed, or the time is over.
    std::string receive_until(std::string_view text, std::size_t count = 1);
    // Until the peer closes or the time is over; is_closed() tells which.
    std::string receive_all();
    // Sends, and receives until the peer closes.
    std::string exchange(std::string_view bytes);
    [[nodiscard]] bool is_closed() const { return is_closed_; }
    void close_sending() const;
    // Closes with a reset.
    void reset();

  private:
    bool receive_some(std::string& out);

    int fd_ = -1;
    bool is_closed_ = false;
    std::chrono::steady_clock::time_point deadline_;
};

}  // namespace fermata::http

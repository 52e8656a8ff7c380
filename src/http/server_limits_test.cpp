// What the server refuses: each bound of ServerOptions, each with its answer and its count.
#include <array>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/server.h"
#include "http/test_server.h"
#include "http/test_socket.h"

namespace fermata::http {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Counter final : public Observer {
  public:
    void connection_opened() override { ++opened; }
    void connection_closed() override { ++closed; }
    void request_answered(const AccessRecord& record) override {
        const std::lock_guard lock(mutex_);
        lines_.push_back(std::string(record.method) + " " + std::string(record.target) + " " +
                         std::to_string(record.status));
    }
    void refused(Refusal refusal) override { ++refusals[static_cast<std::size_t>(refusal)]; }
    void bytes_received(std::size_t bytes) override { received += bytes; }
    void bytes_sent(std::size_t bytes) override { sent += bytes; }

    [[nodiscard]] int count(Refusal refusal) const {
        return refusals[static_cast<std::size_t>(refusal)].load();
    }
    std::vector<std::string> lines() {
        const std::lock_guard lock(mutex_);
        return lines_;
    }

    std::atomic<int> opened = 0;
    std::atomic<int> closed = 0;
    std::atomic<std::size_t> received = 0;
    std::atomic<std::size_t> sent = 0;
    std::array<std::atomic<int>, 16> refusals{};

  private:
    std::mutex mutex_;
    std::vector<std::string> lines_;
};

class ServerLimitsTest : public testing::Test {
  protected:
    ServerLimitsTest() { options_.observer = &counter_; }

    std::string answer_to(std::string_view bytes) {
        const auto server = serve_echo(options_);
        TestSocket socket(server->port());
        std::string answer = socket.exchange(bytes);
        EXPECT_TRUE(socket.is_closed());
        return answer;
    }

    Counter counter_;
    ServerOptions options_;
};

struct BadRequest {
    const char* name;
    const char* bytes;
    int status;
};

class BadRequestTest : public ServerLimitsTest, public testing::WithParamInterface<BadRequest> {};

TEST_P(BadRequestTest, is_answered_with_its_status_and_the_connection_closes) {
    const std::string answer = answer_to(GetParam().bytes);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(GetParam().status) + " "));
    EXPECT_THAT(answer, HasSubstr("application/problem+json"));
    EXPECT_THAT(answer, HasSubstr("\"detail\":"));
    EXPECT_THAT(answer, HasSubstr("Connection: close"));
    EXPECT_EQ(counter_.count(Refusal::kBadRequest), 1);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadRequestTest,
    testing::Values(
        BadRequest{"garbage", "\x16\x03\x01 hello\r\n\r\n", 400},
        BadRequest{"no_host", "GET / HTTP/1.1\r\n\r\n", 400},
        BadRequest{"two_hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        BadRequest{"blank_in_name", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        BadRequest{"bad_escape", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        BadRequest{"nul_in_path", "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        BadRequest{"dot_segment", "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        BadRequest{"hidden_dot_segment", "GET /a/%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        BadRequest{"authority_form", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        BadRequest{"two_lengths",
                   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                   400},
        BadRequest{"negative_length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                   400},
        BadRequest{"length_and_chunks",
                   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                   400},
        BadRequest{"bad_chunk_size",
                   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
        BadRequest{"other_coding",
                   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
        BadRequest{"chunked_is_not_last",
                   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, x\r\n\r\n", 501},
        BadRequest{"unknown_expectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417},
        BadRequest{"http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505}),
    [](const testing::TestParamInfo<BadRequest>& test) { return test.param.name; });

TEST_F(ServerLimitsTest, refuses_a_gigabyte_before_any_of_it_is_read) {
    const std::string answer =
        answer_to("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
    EXPECT_EQ(counter_.count(Refusal::kBodyTooLarge), 1);
}

TEST_F(ServerLimitsTest, refuses_an_expected_body_with_413_instead_of_100) {
    const std::string answer = answer_to(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(answer, Not(HasSubstr("100 Continue")));
}

TEST_F(ServerLimitsTest, asks_for_an_expected_body_that_fits) {
    const auto server = serve_echo(options_);
    TestSocket socket(server->port());
    socket.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(socket.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    socket.send("hi");
    EXPECT_THAT(socket.receive_until("POST /a hi"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(ServerLimitsTest, refuses_chunks_that_add_up_to_too_much) {
    options_.body_bytes_max = 10;
    const std::string answer = answer_to(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
}

TEST_F(ServerLimitsTest, lets_a_client_that_sends_on_read_the_refusal) {
    options_.body_bytes_max = 10;
    const auto server = serve_echo(options_);
    TestSocket socket(server->port());
    socket.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n");
    socket.send(std::string(500000, 'x'));
    EXPECT_THAT(socket.receive_until("\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
}

TEST_F(ServerLimitsTest, cuts_a_client_that_never_stops_sending) {
    options_.body_bytes_max = 10;
    const auto server = serve_echo(options_);
    TestSocket socket(server->port());
    ASSERT_TRUE(socket.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n"));
    const std::string mebibyte(1U << 20U, 'x');
    int sent = 0;
    while (sent < 200 && socket.send(mebibyte)) {
        ++sent;
    }
    EXPECT_LT(sent, 200);
}

TEST_F(ServerLimitsTest, bounds_the_header_sent_at_once) {
    options_.header_bytes_max = 1000;
    EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(2000, 'x') + "\r\n\r\n"),
                StartsWith("HTTP/1.1 431 "));
    EXPECT_EQ(counter_.count(Refusal::kHeaderTooLarge), 1);
}

TEST_F(ServerLimitsTest, bounds_the_header_sent_in_pieces) {
    options_.header_bytes_max = 1000;
    const auto server = serve_echo(options_);
    TestSocket socket(server->port());
    socket.send("GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 100 && socket.send("X-Field: twenty bytes more\r\n"); ++i) {
        std::this_thread::sleep_for(milliseconds(1));  // pause: a slow client
    }
    EXPECT_THAT(socket.receive_until("\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
}

TEST_F(ServerLimitsTest, ends_a_header_that_drips) {
    options_.header_timeout = milliseconds(100);
    const auto server = serve_echo(options_);
    TestSocket socket(server->port());
    for (int i = 0; i < 100 && socket.send(i == 0 ? "GET / HTTP/1.1\r\n" : "X: y\r\n"); ++i) {
        std::this_thread::sleep_for(milliseconds(10));  // pause: a slow client
    }
    EXPECT_EQ(counter_.count(Refusal::kHeaderTimeout), 1);
    EXPECT_TRUE(becomes([&] { return server->connections() == 0; }));
}

TEST_F(ServerLimitsTest, answers_408_to_half_a_header) {
    options_.header_timeout = milliseconds(60);
    EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nHost:"), StartsWith("HTTP/1.1 408 "));
}

TEST_F(ServerLimitsTest, closes_a_connection_that_says_nothing) {
    options_.header_timeout = milliseconds(60);
    EXPECT_EQ(answer_to(""), "");
}

TEST_F(ServerLimitsTest, answers_408_to_a_body_that_stops) {
    options_.body_timeout = milliseconds(60);
    EXPECT_THAT(answer_to("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"),
                StartsWith("HTTP/1.1 408 "));
    EXPECT_EQ(counter_.count(Refusal::kBodyTimeout), 1);
}

TEST_F(ServerLimitsTest, answers_408_to_a_body_below_the_minimum_rate) {
    options_.body_rate_grace = milliseconds(60);
    options_.body_bytes_per_second_min = 100'000;
    EXPECT_THAT(answer_to("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nab"),
                StartsWith("HTTP/1.1 408 "));
    EXPECT_EQ(counter_.count(Refusal::kBodyTimeout), 1);
}

TEST_F(ServerLimitsTest, closes_an_idle_connection_silently) {
    options_.idle_timeout = milliseconds(60);
    const std::string answer = answer_to("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(count_of(answer, "HTTP/1.1"), 1U);
}

TEST_F(ServerLimitsTest, drops_a_client_that_never_reads) {
    options_.write_timeout = milliseconds(100);
    const auto server = serve_with(
        [](const Request&, const Responder& responder) {
            responder.send(Response::text(200, std::string(32U << 20U, 'x')));
        },
        options_);
    TestSocket socket(server->port(), 4096);
    socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(becomes([&] { return counter_.count(Refusal::kWriteTimeout) == 1; }));
    EXPECT_TRUE(becomes([&] { return server->connections() == 0; }));
}

TEST_F(ServerLimitsTest, turns_away_connections_beyond_the_maximum) {
    options_.connections_max = 1;
    const auto server = serve_echo(options_);
    TestSocket first(server->port());
    ASSERT_TRUE(becomes([&] { return server->connections() == 1; }));
    TestSocket second(server->port());
    const std::string answer = second.receive_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(answer, HasSubstr("Retry-After: 1"));
    EXPECT_EQ(counter_.count(Refusal::kConnectionsMax), 1);
    EXPECT_EQ(server->connections(), 1U);
}

TEST_F(ServerLimitsTest, answers_503_beyond_the_requests_in_flight) {
    options_.requests_in_flight_max = 1;
    std::mutex mutex;
    std::vector<Responder> parked;
    const auto server = serve_with(
        [&](const Request&, const Responder& responder) {
            const std::lock_guard lock(mutex);
            parked.push_back(responder);
        },
        options_);
    TestSocket first(server->port());
    first.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(becomes([&] { return server->requests_in_flight() == 1; }));
    TestSocket second(server->port());
    second.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string answer = second.receive_until("}");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(answer, HasSubstr("Retry-After: 1"));
    EXPECT_THAT(answer, Not(HasSubstr("Connection: close")));
    EXPECT_EQ(counter_.count(Refusal::kInFlightMax), 1);
    const std::lock_guard lock(mutex);
    parked.clear();
}

TEST_F(ServerLimitsTest, tells_the_observer_about_traffic) {
    const std::string request = "GET /a?b=c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const std::string answer = answer_to(request);
    EXPECT_THAT(counter_.lines(), testing::ElementsAre("GET /a?b=c 200"));
    EXPECT_EQ(counter_.opened.load(), 1);
    EXPECT_EQ(counter_.closed.load(), 1);
    EXPECT_EQ(counter_.received.load(), request.size());
    EXPECT_EQ(counter_.sent.load(), answer.size());
}

}  // namespace
}  // namespace fermata::http

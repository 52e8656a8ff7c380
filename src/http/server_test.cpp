// Requests and answers over real sockets: framing, order, keep-alive, graceful stop.
#include "http/server.h"

#include <atomic>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/test_server.h"
#include "http/test_socket.h"

namespace fermata::http {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Keeps the responders, for the test to answer when it likes.
class Parking {
  public:
    void park(Responder responder) {
        const std::lock_guard lock(mutex_);
        parked_.push_back(std::move(responder));
    }
    bool has(std::size_t count) {
        return becomes([&] { return size() >= count; });
    }
    std::size_t size() {
        const std::lock_guard lock(mutex_);
        return parked_.size();
    }
    Responder take(std::size_t index) {
        const std::lock_guard lock(mutex_);
        return std::exchange(parked_.at(index), Responder());
    }

  private:
    std::mutex mutex_;
    std::vector<Responder> parked_;
};

TEST(ServerTest, answers_a_request_and_closes_when_asked) {
    const auto server = serve_echo();
    TestSocket socket(server->port());
    const std::string answer =
        socket.exchange("GET /a/b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
    EXPECT_THAT(answer, HasSubstr("Content-Length: 9\r\n"));
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\n\r\nGET /a/b "));
    EXPECT_TRUE(socket.is_closed());
}

TEST(ServerTest, keeps_the_connection_for_further_requests) {
    const auto server = serve_echo();
    TestSocket socket(server->port());
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(socket.send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n"));
        EXPECT_THAT(socket.receive_until("GET /" + std::to_string(i) + " "), HasSubstr("200 OK"));
    }
    EXPECT_EQ(server->connections(), 1U);
}

TEST(ServerTest, keeps_an_http_1_0_connection_only_when_asked) {
    const auto server = serve_echo();
    TestSocket closing(server->port());
    EXPECT_THAT(closing.exchange("GET /a HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close"));
    TestSocket keeping(server->port());
    keeping.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_THAT(keeping.receive_until("GET /a "), HasSubstr("Connection: keep-alive"));
}

TEST(ServerTest, reads_a_body_that_comes_byte_by_byte) {
    const auto server = serve_echo();
    TestSocket socket(server->port());
    for (const char byte :
         std::string("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")) {
        ASSERT_TRUE(socket.send({&byte, 1}));
    }
    EXPECT_THAT(socket.receive_until("hello"), HasSubstr("POST /a hello"));
}

TEST(ServerTest, reads_chunked_bodies_and_drops_trailers) {
    const auto server = serve_echo();
    TestSocket socket(server->port());
    socket.send(
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nhel\r\n2;name=value\r\nlo\r\n0\r\nTrailer-Field: x\r\n\r\n"
        "GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string answers = socket.receive_until("GET /next ");
    EXPECT_THAT(answers, HasSubstr("POST /a hello"));
    EXPECT_THAT(answers, HasSubstr("GET /next "));
}

TEST(ServerTest, answers_pipelined_requests_in_order_whatever_the_handlers_order) {
    Parking parking;
    const auto server = serve_with([&](const Request& /*request*/, Responder responder) {
        parking.park(std::move(responder));
    });
    TestSocket socket(server->port());
    socket.send(
        "GET /0 HTTP/1.1\r\nHost: x\r\n\r\nGET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
        "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(parking.has(3));
    for (const std::size_t index : {2U, 0U, 1U}) {
        EXPECT_TRUE(
            parking.take(index).send(Response::text(200, "answer" + std::to_string(index))));
    }
    const std::string answers = socket.receive_until("answer2");
    EXPECT_LT(answers.find("answer0"), answers.find("answer1"));
    EXPECT_LT(answers.find("answer1"), answers.find("answer2"));
}

TEST(ServerTest, stops_reading_a_pipeline_that_is_owed_too_many_answers) {
    Parking parking;
    ServerOptions options;
    options.pipelined_max = 4;
    const auto server = serve_with([&](const Request& /*request*/,
                                       Responder responder) { parking.park(std::move(responder)); },
                                   options);
    TestSocket socket(server->port());
    std::string requests;
    for (int i = 0; i < 10; ++i) {
        requests += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    }
    socket.send(requests);
    ASSERT_TRUE(parking.has(4));
    std::this_thread::sleep_for(milliseconds(50));  // pause: a fifth would come now
    EXPECT_EQ(parking.size(), 4U);
    for (std::size_t i = 0; i < 10; ++i) {
        ASSERT_TRUE(parking.has(i + 1));
        parking.take(i).send(Response::text(200, "x"));
    }
    EXPECT_EQ(count_of(socket.receive_until("\r\n\r\nx", 10), "200 OK"), 10U);
}

TEST(ServerTest, answers_a_thousand_pipelined_requests_sent_at_once) {
    const auto server = serve_echo();
    TestSocket socket(server->port());
    std::string requests;
    for (int i = 0; i < 1000; ++i) {
        requests += "GET /p HTTP/1.1\r\nHost: x\r\n\r\n";
    }
    std::thread sender([&] { socket.send(requests); });
    EXPECT_EQ(count_of(socket.receive_until("GET /p ", 1000), "200 OK"), 1000U);
    sender.join();
}

TEST(ServerTest, sends_no_body_for_head_and_204) {
    const auto server = serve_with([](const Request& request, const Responder& responder) {
        responder.send(request.path == "/none" ? Response::empty(204)
                                               : Response::text(200, "hello"));
    });
    TestSocket head(server->port());
    const std::string answer =
        head.exchange("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("hello")));
    TestSocket none(server->port());
    EXPECT_THAT(none.exchange("GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
                Not(HasSubstr("Content-Length")));
}

TEST(ServerTest, cannot_be_made_to_split_a_response) {
    const auto server = serve_with([](const Request& /*request*/, const Responder& responder) {
        responder.send({200, {{"X-Name", "a\r\nSet-Cookie: evil=1"}}, ""});
    });
    TestSocket socket(server->port());
    EXPECT_THAT(socket.exchange("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
                HasSubstr("X-Name: a  Set-Cookie: evil=1\r\n"));
}

TEST(ServerTest, a_filtered_answer_can_be_taken_back_and_given_by_another) {
    const auto server = serve_with([](const Request&, const Responder& responder) {
        {
            const Responder first =
                responder.filtered([](const Response& response) { return response.status == 503; });
            EXPECT_TRUE(first.send(Response::empty(503)));
            EXPECT_FALSE(first.send(Response::text(200, "third")));
        }
        EXPECT_TRUE(responder.send(Response::text(200, "second")));
    });
    TestSocket socket(server->port());

    EXPECT_THAT(socket.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                HasSubstr("\r\n\r\nsecond"));
}

TEST(ServerTest, a_filtered_answer_that_is_not_taken_is_sent) {
    const auto server = serve_with([](const Request&, const Responder& responder) {
        responder.filtered([](const Response&) { return false; })
            .send(Response::text(200, "first"));
    });
    TestSocket socket(server->port());

    EXPECT_THAT(socket.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                HasSubstr("\r\n\r\nfirst"));
}

TEST(ServerTest, answers_500_for_a_request_that_was_dropped) {
    const auto server = serve_with([](const Request&, const Responder&) {});
    TestSocket socket(server->port());
    EXPECT_THAT(socket.exchange("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
                StartsWith("HTTP/1.1 500 "));
}

TEST(ServerTest, takes_only_the_first_answer) {
    std::promise<bool> second;
    const auto server = serve_with([&](const Request&, const Responder& responder) {
        responder.send(Response::text(200, "first"));
        second.set_value(responder.send(Response::text(200, "second")));
    });
    TestSocket socket(server->port());
    EXPECT_THAT(socket.exchange("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
                HasSubstr("first"));
    EXPECT_FALSE(second.get_future().get());
}

TEST(ServerTest, tells_the_handler_when_the_client_resets_the_connection) {
    std::promise<void> closed;
    Parking parking;
    const auto server = serve_with([&](const Request&, Responder responder) {
        responder.on_close([&] { closed.set_value(); });
        parking.park(std::move(responder));
    });
    TestSocket socket(server->port());
    socket.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(parking.has(1));
    socket.reset();
    EXPECT_EQ(closed.get_future().wait_for(std::chrono::seconds(5)), std::future_status::ready);
    EXPECT_TRUE(parking.take(0).send(Response::text(200, "late")));
    EXPECT_TRUE(becomes([&] { return server->connections() == 0; }));
    EXPECT_EQ(server->requests_in_flight(), 0U);
}

TEST(ServerTest, still_answers_a_client_that_closed_its_sending_side) {
    Parking parking;
    const auto server = serve_with(
        [&](const Request&, Responder responder) { parking.park(std::move(responder)); });
    TestSocket socket(server->port());
    socket.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    socket.close_sending();
    ASSERT_TRUE(parking.has(1));
    std::this_thread::sleep_for(milliseconds(30));  // pause: the end is seen first
    parking.take(0).send(Response::text(200, "late"));
    EXPECT_THAT(socket.receive_all(), HasSubstr("late"));
    EXPECT_TRUE(socket.is_closed());
}

TEST(ServerTest, serves_on_several_threads) {
    ServerOptions options;
    options.threads = 3;
    const auto server = serve_echo(options);
    std::vector<std::unique_ptr<TestSocket>> sockets;
    for (int i = 0; i < 9; ++i) {
        sockets.push_back(std::make_unique<TestSocket>(server->port()));
        sockets.back()->send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    for (const auto& socket : sockets) {
        EXPECT_THAT(socket->receive_until("GET /a "), HasSubstr("200 OK"));
    }
}

TEST(ServerTest, finishes_requests_in_flight_when_it_stops) {
    Parking parking;
    const auto server = serve_with(
        [&](const Request&, Responder responder) { parking.park(std::move(responder)); });
    TestSocket busy(server->port());
    TestSocket idle(server->port());
    busy.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(parking.has(1));
    ASSERT_TRUE(becomes([&] { return server->connections() == 2; }));
    auto stopped =
        std::async(std::launch::async, [&] { return server->stop(std::chrono::seconds(5)); });
    EXPECT_EQ(idle.receive_all(), "");
    EXPECT_TRUE(idle.is_closed());
    EXPECT_EQ(stopped.wait_for(milliseconds(20)), std::future_status::timeout);
    parking.take(0).send(Response::text(200, "finished"));
    const std::string answer = busy.receive_all();
    EXPECT_THAT(answer, HasSubstr("finished"));
    EXPECT_THAT(answer, HasSubstr("Connection: close"));
    EXPECT_TRUE(stopped.get());
    EXPECT_TRUE(TestSocket(server->port()).is_closed());
}

TEST(ServerTest, cuts_off_what_does_not_finish_in_time) {
    Parking parking;
    const auto server = serve_with(
        [&](const Request&, Responder responder) { parking.park(std::move(responder)); });
    TestSocket socket(server->port());
    socket.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(parking.has(1));
    EXPECT_FALSE(server->stop(milliseconds(50)));
    EXPECT_EQ(socket.receive_all(), "");
    EXPECT_TRUE(parking.take(0).send(Response::text(200, "nobody")));
}

TEST(ServerTest, says_why_it_cannot_be_created) {
    ServerOptions taken;
    const auto server = serve_echo();
    taken.port = server->port();
    Handler handler;
    handler.serve = [](const Request&, const Responder&) {};
    const auto second = Server::create(taken, handler);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);

    ServerOptions nowhere;
    nowhere.address = "localhost";
    const auto third = Server::create(nowhere, handler);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace fermata::http

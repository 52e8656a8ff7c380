// Streaming answers: framing, back-pressure, and who hears of the end.
#include <atomic>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/server.h"
#include "http/sse.h"
#include "http/test_server.h"
#include "http/test_socket.h"

namespace fermata::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kGet = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n";

class ServerStreamTest : public testing::Test {
  protected:
    void start(ServerOptions options = {}) {
        server_ = serve_with(
            [this](const Request&, const Responder& responder) {
                stream_.set_value(
                    responder.start_stream(200, {{"Content-Type", std::string(kEventStreamType)}}));
            },
            std::move(options));
    }
    Stream stream() { return stream_.get_future().get(); }

    std::promise<Stream> stream_;
    std::unique_ptr<Server> server_;
};

TEST_F(ServerStreamTest, sends_what_is_written_and_ends_in_order) {
    start();
    TestSocket socket(server_->port());
    socket.send(kGet);
    Stream events = stream();
    EXPECT_TRUE(events.write(format_event("1", "", "one")));
    const std::string first = socket.receive_until("one\n\n");
    EXPECT_THAT(first, HasSubstr("Transfer-Encoding: chunked\r\n"));
    EXPECT_THAT(first, HasSubstr("Content-Type: text/event-stream\r\n"));
    EXPECT_TRUE(events.write("two"));
    events.close();
    EXPECT_FALSE(events.is_open());
    EXPECT_FALSE(events.write("three"));
    const std::string rest = socket.receive_until("0\r\n\r\n");
    EXPECT_THAT(rest, HasSubstr("3\r\ntwo\r\n"));
    EXPECT_FALSE(socket.is_closed());
}

TEST_F(ServerStreamTest, ends_when_the_last_handle_is_dropped) {
    start();
    TestSocket socket(server_->port());
    socket.send(kGet);
    {
        Stream events = stream();
        events.write("text");
    }
    EXPECT_THAT(socket.receive_until("0\r\n\r\n"), HasSubstr("4\r\ntext\r\n"));
}

TEST_F(ServerStreamTest, refuses_text_for_a_client_that_does_not_read) {
    ServerOptions options;
    options.stream_buffer_bytes_max = 64U << 10U;
    start(options);
    TestSocket socket(server_->port(), 4096);
    socket.send(kGet);
    Stream events = stream();
    const std::string text(1024, '#');
    std::size_t written = 0;
    int refusals_in_a_row = 0;
    // The sockets' buffers take some; refused for good is what stays refused for a while.
    for (int i = 0; i < 100'000 && refusals_in_a_row < 50; ++i) {
        if (events.write(text)) {
            written += text.size();
            refusals_in_a_row = 0;
        } else {
            ++refusals_in_a_row;
            std::this_thread::sleep_for(milliseconds(1));  // poll, fifty times in a row
        }
        EXPECT_LE(events.buffered_bytes(), options.stream_buffer_bytes_max);
    }
    ASSERT_EQ(refusals_in_a_row, 50);
    EXPECT_GT(written, options.stream_buffer_bytes_max);
    EXPECT_TRUE(events.is_open());
    // Once the client reads on, there is room again, and nothing accepted was lost.
    std::size_t received = 0;
    std::thread reader([&] { received = count_of(socket.receive_until("end"), "#"); });
    EXPECT_TRUE(becomes([&] { return events.write("end"); }));
    reader.join();
    EXPECT_EQ(received, written);
}

TEST_F(ServerStreamTest, tells_the_writer_when_the_client_leaves) {
    start();
    auto socket = std::make_unique<TestSocket>(server_->port());
    socket->send(kGet);
    Stream events = stream();
    std::promise<void> closed;
    events.on_close([&] { closed.set_value(); });
    socket.reset();
    EXPECT_EQ(closed.get_future().wait_for(seconds(5)), std::future_status::ready);
    EXPECT_FALSE(events.write("text"));
    EXPECT_TRUE(becomes([&] { return server_->connections() == 0; }));
}

TEST_F(ServerStreamTest, tells_at_once_when_the_client_has_left_already) {
    start();
    auto socket = std::make_unique<TestSocket>(server_->port());
    socket->send(kGet);
    Stream events = stream();
    socket.reset();
    ASSERT_TRUE(becomes([&] { return !events.is_open(); }));
    bool told = false;
    events.on_close([&] { told = true; });
    EXPECT_TRUE(told);
}

TEST_F(ServerStreamTest, is_ended_in_order_when_the_server_stops) {
    start();
    TestSocket socket(server_->port());
    socket.send(kGet);
    Stream events = stream();
    std::atomic<bool> told = false;
    events.on_close([&] { told = true; });
    events.write("last");
    EXPECT_TRUE(server_->stop(seconds(5)));
    EXPECT_TRUE(told.load());
    EXPECT_THAT(socket.receive_all(), HasSubstr("last\r\n0\r\n\r\n"));
    EXPECT_FALSE(events.write("late"));
}

TEST_F(ServerStreamTest, is_ended_by_closing_for_an_http_1_0_client) {
    start();
    TestSocket socket(server_->port());
    socket.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    Stream events = stream();
    events.write("text");
    events.close();
    const std::string answer = socket.receive_all();
    EXPECT_TRUE(socket.is_closed());
    EXPECT_THAT(answer, HasSubstr("\r\n\r\ntext"));
    EXPECT_THAT(answer, Not(HasSubstr("chunked")));
}

TEST_F(ServerStreamTest, tells_when_there_is_room_again) {
    ServerOptions options;
    options.stream_buffer_bytes_max = 64U << 10U;
    start(options);
    TestSocket socket(server_->port(), 4096);
    socket.send(kGet);
    Stream events = stream();
    const std::string text(1024, '#');
    // Refused for good is what stays refused for a while: the sockets' buffers take some, too.
    int refusals_in_a_row = 0;
    while (refusals_in_a_row < 50) {
        refusals_in_a_row = events.write(text) ? 0 : refusals_in_a_row + 1;
        std::this_thread::sleep_for(milliseconds(refusals_in_a_row > 0 ? 1 : 0));  // poll
    }
    std::atomic<int> told = 0;

    events.on_room([&] { ++told; });
    EXPECT_EQ(told.load(), 0);
    std::thread reader([&] { socket.receive_until("end"); });

    EXPECT_TRUE(becomes([&] { return told == 1; }));
    EXPECT_TRUE(becomes([&] { return events.write("end"); }));
    reader.join();
}

TEST_F(ServerStreamTest, has_room_at_once_when_nothing_is_queued) {
    start();
    TestSocket socket(server_->port());
    socket.send(kGet);
    Stream events = stream();
    ASSERT_TRUE(becomes([&] { return events.buffered_bytes() == 0; }));
    bool told = false;

    events.on_room([&] { told = true; });

    EXPECT_TRUE(told);
}

TEST_F(ServerStreamTest, breaks_off_without_the_end_of_a_whole_body) {
    start();
    TestSocket socket(server_->port());
    socket.send(kGet);
    Stream events = stream();
    events.write("part");
    socket.receive_until("part\r\n");

    events.break_off();

    EXPECT_EQ(socket.receive_all(), "");
    EXPECT_TRUE(socket.is_closed());
    EXPECT_FALSE(events.is_open());
    EXPECT_TRUE(becomes([&] { return server_->connections() == 0; }));
}

TEST_F(ServerStreamTest, has_no_body_for_head) {
    start();
    TestSocket socket(server_->port());
    socket.send("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_FALSE(stream().is_open());
    EXPECT_THAT(socket.receive_all(), HasSubstr("text/event-stream"));
}

TEST_F(ServerStreamTest, takes_text_from_many_threads) {
    ServerOptions options;
    options.stream_buffer_bytes_max = 8U << 20U;
    start(options);
    TestSocket socket(server_->port());
    socket.send(kGet);
    Stream events = stream();
    std::vector<std::thread> writers;
    writers.reserve(4);
    for (int i = 0; i < 4; ++i) {
        writers.emplace_back([events]() mutable {
            for (int j = 0; j < 500; ++j) {
                events.write("x");
            }
        });
    }
    for (std::thread& writer : writers) {
        writer.join();
    }
    events.close();
    const std::string answer = socket.receive_until("0\r\n\r\n");
    const std::string body = answer.substr(answer.find("\r\n\r\n"));
    EXPECT_EQ(count_of(body, "x"), 2000U);
}

}  // namespace
}  // namespace fermata::http

// Streamed answers of the client, against our own server: pieces, back-pressure, time bounds, ends.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/client.h"
#include "http/router.h"
#include "http/test_server.h"

namespace fermata::http {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kPatience{10};

// Keeps what it is told; takes no more than `room` bytes at a time.
class Recorder final : public FetchListener {
  public:
    explicit Recorder(std::size_t room = SIZE_MAX) : room_(room) {}

    void started(FetchId /*id*/, int status, Headers headers) override {
        const std::lock_guard lock(mutex_);
        status_ = status;
        headers_ = std::move(headers);
        changed_.notify_all();
    }
    bool received(FetchId /*id*/, std::string_view bytes) override {
        const std::lock_guard lock(mutex_);
        changed_.notify_all();
        if (bytes.size() > room_) {
            ++refusals_;
            return false;
        }
        room_ -= bytes.size();
        body_ += bytes;
        return true;
    }
    void ended(FetchId /*id*/, FetchResponse response) override {
        const std::lock_guard lock(mutex_);
        response_ = std::move(response);
        changed_.notify_all();
    }

    void make_room(std::size_t room) {
        const std::lock_guard lock(mutex_);
        room_ = room;
    }
    [[nodiscard]] std::string body() {
        const std::lock_guard lock(mutex_);
        return body_;
    }
    [[nodiscard]] int status() {
        const std::lock_guard lock(mutex_);
        return status_;
    }
    [[nodiscard]] Headers headers() {
        const std::lock_guard lock(mutex_);
        return headers_;
    }
    [[nodiscard]] int refusals() {
        const std::lock_guard lock(mutex_);
        return refusals_;
    }
    bool await_text(std::string_view text) {
        return await([&] { return body_.find(text) != std::string::npos; });
    }
    // The end; an error of its own when none came.
    FetchResponse await_end() {
        EXPECT_TRUE(await([&] { return response_.has_value(); })) << "no end was told";
        const std::lock_guard lock(mutex_);
        return response_.value_or(FetchResponse{});
    }

  private:
    template <typename Condition>
    bool await(Condition condition) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kPatience, condition);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t room_;
    int status_ = 0;
    int refusals_ = 0;
    Headers headers_;
    std::string body_;
    std::optional<FetchResponse> response_;
};

FetchRequest get(std::string url) {
    FetchRequest request;
    request.url = std::move(url);
    return request;
}

class ClientStreamTest : public testing::Test {
  public:
    ~ClientStreamTest() override {
        const std::lock_guard lock(mutex_);
        parked_.clear();
        open_.clear();
    }

  protected:
    ClientStreamTest() : client_(*Client::create({})) {
        router_.add("GET", "/events", [this](const Request&, const Responder& responder) {
            Stream stream = responder.start_stream(200, {{"Content-Type", "text/event-stream"}});
            stream.write("one\n");
            stream.on_close([this] { ++left_; });
            const std::lock_guard lock(mutex_);
            open_.push_back(std::move(stream));
        });
        router_.add("GET", "/long", [](const Request&, const Responder& responder) {
            responder.send(Response::text(200, std::string(kLong, 'x')));
        });
        router_.add("GET", "/moved", [](const Request&, const Responder& responder) {
            responder.send(Response::redirect(307, "/events"));
        });
        router_.add("POST", "/headers", [](const Request& request, const Responder& responder) {
            std::string text;
            for (const Field& field : request.headers) {
                text += field.name + ": " + field.value + "\n";
            }
            responder.send(Response::text(200, text + request.body));
        });
        router_.add("GET", "/never", [this](const Request&, const Responder& responder) {
            responder.on_close([this] { ++left_; });
            const std::lock_guard lock(mutex_);
            parked_.push_back(responder);
        });
        server_ = serve(router_.handler());
    }

    std::shared_ptr<Recorder> stream(FetchRequest request, std::size_t room = SIZE_MAX) {
        auto recorder = std::make_shared<Recorder>(room);
        const auto id = client_->stream(std::move(request), recorder);
        EXPECT_TRUE(id);
        id_ = id.value_or(0);
        return recorder;
    }
    std::string url(const std::string& path) { return server_->url() + path; }
    Stream open_stream() {
        EXPECT_TRUE(becomes([this] {
            const std::lock_guard lock(mutex_);
            return !open_.empty();
        }));
        const std::lock_guard lock(mutex_);
        return open_.back();
    }

    static constexpr std::size_t kLong = 4U << 20U;

    Router router_;
    std::mutex mutex_;
    std::vector<Responder> parked_;
    std::vector<Stream> open_;
    std::atomic<int> left_ = 0;
    std::unique_ptr<Server> server_;
    std::unique_ptr<Client> client_;
    FetchId id_ = 0;
};

TEST_F(ClientStreamTest, tells_the_header_then_the_pieces_then_the_end) {
    const auto recorder = stream(get(url("/events")));

    ASSERT_TRUE(recorder->await_text("one\n"));
    EXPECT_EQ(recorder->status(), 200);
    EXPECT_EQ(recorder->headers().get("Content-Type"), "text/event-stream");
    Stream events = open_stream();
    events.write("two\n");
    ASSERT_TRUE(recorder->await_text("two\n"));
    events.close();

    const FetchResponse end = recorder->await_end();
    EXPECT_EQ(end.error, FetchError::kNone) << end.message;
    EXPECT_EQ(end.status, 200);
    EXPECT_TRUE(end.was_sent);
    EXPECT_EQ(recorder->body(), "one\ntwo\n");
}

TEST_F(ClientStreamTest, waits_with_reading_until_there_is_room_and_loses_nothing) {
    const auto recorder = stream(get(url("/long")), 100'000);

    ASSERT_TRUE(becomes([&] { return recorder->refusals() == 1; }));
    const std::size_t before = recorder->body().size();
    EXPECT_LE(before, 100'000U);
    recorder->make_room(200'000);
    client_->resume(id_);
    ASSERT_TRUE(becomes([&] { return recorder->refusals() == 2; }));
    EXPECT_GT(recorder->body().size(), before);
    recorder->make_room(SIZE_MAX);
    client_->resume(id_);

    EXPECT_EQ(recorder->await_end().error, FetchError::kNone);
    EXPECT_EQ(recorder->body(), std::string(kLong, 'x'));
}

TEST_F(ClientStreamTest, follows_no_redirect) {
    const auto recorder = stream(get(url("/moved")));

    EXPECT_EQ(recorder->await_end().status, 307);
    EXPECT_EQ(recorder->headers().get("Location"), "/events");
}

TEST_F(ClientStreamTest, adds_nothing_to_the_headers) {
    FetchRequest request = get(url("/headers"));
    request.method = "POST";
    request.body = "text";
    request.headers = {{"Host", "front.example"}, {"X-Mine", "1"}};

    const auto recorder = stream(std::move(request));

    EXPECT_EQ(recorder->await_end().error, FetchError::kNone);
    EXPECT_EQ(recorder->body(), "Host: front.example\nX-Mine: 1\nContent-Length: 4\ntext");
}

TEST_F(ClientStreamTest, cancels_and_the_server_hears_of_it) {
    const auto recorder = stream(get(url("/events")));
    ASSERT_TRUE(recorder->await_text("one\n"));

    client_->cancel(id_);

    EXPECT_EQ(recorder->await_end().error, FetchError::kCancelled);
    EXPECT_TRUE(becomes([&] { return left_ == 1; }));
}

TEST_F(ClientStreamTest, bounds_the_time_to_the_first_byte) {
    FetchRequest request = get(url("/never"));
    request.timeout = milliseconds(50);

    const FetchResponse end = stream(std::move(request))->await_end();

    EXPECT_EQ(end.error, FetchError::kTimeout);
    EXPECT_TRUE(end.was_sent);
    EXPECT_TRUE(becomes([&] { return left_ == 1; }));
}

TEST_F(ClientStreamTest, an_answer_that_has_begun_may_last_longer_than_the_time_out) {
    FetchRequest request = get(url("/events"));
    request.timeout = milliseconds(1'000);
    const auto recorder = stream(std::move(request));
    const auto began = std::chrono::steady_clock::now();
    ASSERT_TRUE(recorder->await_text("one\n"));

    ASSERT_TRUE(
        becomes([&] { return std::chrono::steady_clock::now() - began > milliseconds(1'200); }));
    open_stream().write("two\n");

    EXPECT_TRUE(recorder->await_text("two\n"));
}

TEST_F(ClientStreamTest, bounds_the_silence_of_an_answer) {
    FetchRequest request = get(url("/events"));
    request.idle_timeout = milliseconds(100);

    const auto recorder = stream(std::move(request));

    EXPECT_EQ(recorder->await_end().error, FetchError::kTimeout);
    EXPECT_EQ(recorder->body(), "one\n");
    EXPECT_TRUE(becomes([&] { return left_ == 1; }));
}

TEST_F(ClientStreamTest, does_not_blame_the_server_while_the_receiver_has_no_room) {
    FetchRequest request = get(url("/long"));
    request.idle_timeout = milliseconds(50);
    const auto recorder = stream(std::move(request), 0);
    ASSERT_TRUE(becomes([&] { return recorder->refusals() == 1; }));
    // Another one is given up for silence meanwhile, so this one's time was over, too.
    FetchRequest silent = get(url("/events"));
    silent.idle_timeout = milliseconds(100);
    EXPECT_EQ(stream(std::move(silent))->await_end().error, FetchError::kTimeout);

    recorder->make_room(SIZE_MAX);
    client_->resume(id_ - 1);

    EXPECT_EQ(recorder->await_end().error, FetchError::kNone);
    EXPECT_EQ(recorder->body().size(), kLong);
}

TEST_F(ClientStreamTest, tells_whether_the_request_was_sent) {
    const std::string closed = url("/events");
    server_->stop(milliseconds(0));

    const FetchResponse end = stream(get(closed))->await_end();

    EXPECT_EQ(end.error, FetchError::kConnect);
    EXPECT_FALSE(end.was_sent);
}

TEST_F(ClientStreamTest, an_answer_that_breaks_off_is_no_whole_one) {
    const auto recorder = stream(get(url("/events")));
    ASSERT_TRUE(recorder->await_text("one\n"));

    open_stream().break_off();

    EXPECT_EQ(recorder->await_end().error, FetchError::kProtocol);
}

TEST_F(ClientStreamTest, sends_once_even_when_a_kept_connection_turns_out_to_be_dead) {
    std::atomic<int> asked = 0;
    const auto server = serve_with([&](const Request&, const Responder& responder) {
        // The first answer keeps the connection; at the second request it breaks without one.
        if (++asked == 1) {
            responder.send(Response::text(200, "kept"));
        } else {
            responder.start_stream(200, {}).break_off();
        }
    });
    EXPECT_EQ(stream(get(server->url() + "/"))->await_end().error, FetchError::kNone);

    const FetchResponse end = stream(get(server->url() + "/"))->await_end();

    EXPECT_NE(end.error, FetchError::kNone);
    EXPECT_TRUE(end.was_sent);
    EXPECT_EQ(asked.load(), 2);
}

TEST_F(ClientStreamTest, keeps_the_connection_for_the_next) {
    std::mutex mutex;
    std::set<std::uint16_t> ports;
    const auto server = serve_with([&](const Request& request, const Responder& responder) {
        const std::lock_guard lock(mutex);
        ports.insert(request.remote_port);
        responder.send(Response::text(200, "x"));
    });

    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(stream(get(server->url() + "/"))->await_end().error, FetchError::kNone);
    }

    EXPECT_EQ(ports.size(), 1U);
}

TEST_F(ClientStreamTest, tells_of_the_end_when_the_client_stops) {
    const auto recorder = stream(get(url("/events")));
    ASSERT_TRUE(recorder->await_text("one\n"));

    client_->stop();

    EXPECT_EQ(recorder->await_end().error, FetchError::kCancelled);
}

}  // namespace
}  // namespace fermata::http

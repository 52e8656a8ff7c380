// An instance whose session belongs to another one that fails, stalls or streams: what the client
// sees.
#include <optional>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "api/forwarding_fixture.h"
#include "api/hop.h"
#include "http/test_socket.h"

namespace fermata::api {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

constexpr Partition kTheirs = 5;

// Says the same bytes to whoever connects, and closes.
class RawPeer {
  public:
    explicit RawPeer(std::string bytes)
        : bytes_(std::move(bytes)),
          acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}),
          thread_([this] { serve(); }) {}
    RawPeer(const RawPeer&) = delete;
    RawPeer& operator=(const RawPeer&) = delete;
    ~RawPeer() {
        stopped_ = true;
        http::TestSocket wake(acceptor_.local_endpoint().port());
        thread_.join();
    }

    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    }
    [[nodiscard]] bool has_answered() const { return answered_; }

  private:
    void serve() {
        while (!stopped_) {
            boost::asio::ip::tcp::socket socket = acceptor_.accept();
            if (!stopped_) {
                boost::system::error_code ignored;
                std::string request;
                boost::asio::read_until(socket, boost::asio::dynamic_buffer(request), "\r\n\r\n",
                                        ignored);
                boost::asio::write(socket, boost::asio::buffer(bytes_), ignored);
                answered_ = true;
            }
        }
    }

    const std::string bytes_;
    boost::asio::io_context context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::atomic<bool> stopped_ = false;
    std::atomic<bool> answered_ = false;
    std::thread thread_;
};

// Node 2 is a server that does what the test says.
class RelayTest : public ForwardingFixture {
  public:
    ~RelayTest() override {
        peer_.reset();
        const std::lock_guard lock(mutex_);
        parked_.clear();
    }

  protected:
    using Behaviour = std::function<void(const http::Request&, const http::Responder&)>;

    RelayTest() {
        http::ServerOptions options;
        options.stream_buffer_bytes_max = 8U << 20U;
        peer_ = http::serve_with(
            [this](const http::Request& request, const http::Responder& responder) {
                Behaviour behaviour;
                {
                    const std::lock_guard lock(mutex_);
                    requests_.push_back(request);
                    behaviour = behaviour_;
                }
                behaviour(request, responder);
            },
            options);
        truth_.set_node(2, {Place::Where::kNode, 2, peer_->url(), peer_->url(), ""});
        truth_.set_owner(kTheirs, 2);
    }

    void let_peer(Behaviour behaviour) {
        const std::lock_guard lock(mutex_);
        behaviour_ = std::move(behaviour);
    }
    // It gets the request and dies without a byte of an answer. The session is ours then.
    void let_peer_die() {
        let_peer([this](const http::Request&, const http::Responder& responder) {
            adopt();
            responder.start_stream(200, {}).break_off();
        });
    }
    void adopt() {
        give(*one_, kTheirs);
        EXPECT_EQ(start(one_->url, name_).status, 201);
    }
    void let_peer_keep_silent() {
        let_peer([this](const http::Request&, const http::Responder& responder) {
            responder.on_close([this] { ++left_; });
            const std::lock_guard lock(mutex_);
            parked_.push_back(responder);
        });
    }
    std::vector<http::Request> requests() {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    bool peer_was_asked(std::size_t times) {
        return http::becomes([&] { return requests().size() >= times; });
    }

    const std::string name_ = name_in(kTheirs);
    const std::string path_ = "/api/v1/sessions/" + name_;
    const std::string go_ = R"({"name": "go"})";
    std::mutex mutex_;
    Behaviour behaviour_;                  // under mutex_
    std::vector<http::Request> requests_;  // under mutex_
    std::vector<http::Responder> parked_;  // under mutex_
    std::atomic<int> left_ = 0;
    std::unique_ptr<http::Server> peer_;
    std::unique_ptr<Instance> one_ = make_instance(1);
};

TEST_F(RelayTest, RequestAndAnswerArriveAsTheyWereGiven) {
    let_peer([](const http::Request&, const http::Responder& responder) {
        responder.send({418,
                        {{"Content-Type", "text/odd"},
                         {"Set-Cookie", "a=1"},
                         {"Set-Cookie", "b=2"},
                         {"Retry-After", "3"}},
                        "answer"});
    });

    const auto answer = call("POST", one_->url + path_ + "/events?a=%20&b", go_,
                             {{"X-Mine", "1"},
                              {"Host", "front.example"},
                              {"Connection", "keep-alive, X-Hop"},
                              {"X-Hop", "1"},
                              {"Fermata-Peer", "guess"},
                              {"Accept-Encoding", "br"}});

    EXPECT_EQ(answer.status, 418);
    EXPECT_EQ(answer.body, "answer");
    EXPECT_EQ(answer.headers.get("Content-Type"), "text/odd");
    EXPECT_EQ(answer.headers.joined("Set-Cookie"), "a=1, b=2");
    EXPECT_EQ(answer.headers.get("Retry-After"), "3");
    const std::vector<http::Request> seen = requests();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].method, "POST");
    EXPECT_EQ(seen[0].target, path_ + "/events?a=%20&b");
    EXPECT_EQ(seen[0].body, go_);
    EXPECT_EQ(seen[0].headers.get("X-Mine"), "1");
    EXPECT_EQ(seen[0].headers.get("Host"), "front.example");
    EXPECT_EQ(seen[0].headers.get("Accept-Encoding"), "br");
    EXPECT_EQ(seen[0].headers.get("Content-Type"), "application/json");
    EXPECT_EQ(seen[0].headers.get("Fermata-Forwarded"), "1");
    EXPECT_FALSE(seen[0].headers.contains("X-Hop"));
    EXPECT_FALSE(seen[0].headers.contains("Fermata-Peer"));
}

TEST_F(RelayTest, AnswersWithoutBodyPass) {
    let_peer([](const http::Request&, const http::Responder& responder) {
        responder.send(http::Response::empty(204));
    });

    EXPECT_EQ(call("GET", one_->url + path_ + "/events").status, 204);
}

TEST_F(RelayTest, HeadTellsTheLengthThatGetWouldHave) {
    let_peer([](const http::Request&, const http::Responder& responder) {
        responder.send(http::Response::text(200, "12345"));
    });

    const auto head = call("HEAD", one_->url + path_);

    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.headers.get("Content-Length"), "5");
}

TEST_F(RelayTest, ConnectionsToPeersAreKept) {
    let_peer([](const http::Request&, const http::Responder& responder) {
        responder.send(http::Response::json(200, "{}"));
    });
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(call("GET", one_->url + path_).status, 200);
    }
    const std::vector<http::Request> seen = requests();
    ASSERT_EQ(seen.size(), 4U);
    EXPECT_EQ(seen[0].remote_port, seen[3].remote_port);
}

// ---- the owner dies

TEST_F(RelayTest, AnEventWhoseOwnerDiedMayHaveBeenTakenAndIsNotSentAgain) {
    let_peer_die();

    const auto answer = call("POST", one_->url + path_ + "/events", go_);

    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.headers.get("Retry-After"), "1");
    EXPECT_THAT(answer.body, HasSubstr(R"("code":"unavailable")"));
    EXPECT_THAT(answer.body, HasSubstr("may have been done or not"));
    EXPECT_THAT(call("GET", one_->url + path_).body, HasSubstr(R"("n":0)"));
}

TEST_F(RelayTest, AGetThatChangesSomethingIsNotSentAgainEither) {
    let_peer_die();

    EXPECT_EQ(call("GET", one_->url + "/scxml/session/" + name_ + "/event/go").status, 503);
    EXPECT_THAT(call("GET", one_->url + path_).body, HasSubstr(R"("n":0)"));
}

TEST_F(RelayTest, WithAKeyItIsSentToTheNextOwner) {
    let_peer_die();

    EXPECT_EQ(call("POST", one_->url + path_ + "/events", go_, key("k")).status, 200);
    EXPECT_THAT(call("GET", one_->url + path_).body, HasSubstr(R"("n":1)"));
    EXPECT_EQ(requests().size(), 1U);
}

TEST_F(RelayTest, WhatOnlyLooksAsksTheNextOwner) {
    let_peer_die();

    EXPECT_EQ(call("GET", one_->url + path_).status, 200);
}

TEST_F(RelayTest, AnOwnerThatCannotBeReachedHasTakenNothing) {
    peer_->stop(milliseconds(0));
    auto sent = call_later("POST", one_->url + path_ + "/events", go_);
    auto cluster_moves = std::thread([this] { adopt(); });

    // 404 when it came just before the session was started here: it was asked here all the same.
    const int status = sent.get().status;
    EXPECT_TRUE(status == 200 || status == 404) << status;
    cluster_moves.join();
}

TEST_F(RelayTest, AnAnswerThatBreaksOffInTheMiddleIsAskedForAgain) {
    adopt();
    const RawPeer torn("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"id\":");
    truth_.set_node(3, {Place::Where::kNode, 3, torn.url(), "", ""});
    truth_.set_owner(kTheirs, 3);

    auto shown = call_later("GET", one_->url + path_);
    ASSERT_TRUE(http::becomes([&] { return torn.has_answered(); }));
    truth_.set_owner(kTheirs, 1);

    EXPECT_THAT(shown.get().body, HasSubstr(R"("n":0)"));
}

TEST_F(RelayTest, ALongAnswerThatBreaksOffDoesNotLookWhole) {
    let_peer([](const http::Request&, const http::Responder& responder) {
        http::Stream stream = responder.start_stream(200, {{"Content-Type", "application/json"}});
        stream.write("{\"part\":");
        stream.on_room([stream]() mutable { stream.break_off(); });
    });

    const auto answer = call("GET", one_->url + path_);

    EXPECT_EQ(answer.error, http::FetchError::kProtocol);
}

TEST_F(RelayTest, AHeldRequestWhoseOwnerIsSilentAndReplacedIsAnswered) {
    let_peer_keep_silent();
    auto plain = call_later("POST", one_->url + path_ + "/requests/ask", "{}");
    auto keyed = call_later("POST", one_->url + path_ + "/requests/ask", "{}", key("k"));
    ASSERT_TRUE(peer_was_asked(2));

    adopt();

    const auto lost = plain.get();
    EXPECT_EQ(lost.status, 503);
    EXPECT_EQ(lost.headers.get("Retry-After"), "1");
    EXPECT_THAT(lost.body, HasSubstr("the session has another owner now"));
    EXPECT_EQ(keyed.get().body, R"({"event":"told","data":{"n":0}})");
    EXPECT_TRUE(http::becomes([&] { return left_ == 2; }));
}

TEST_F(RelayTest, AnOwnerThatDoesNotAnswerInTimeIsATimeout) {
    let_peer_keep_silent();
    Options hasty = options();
    hasty.answer_timeout = milliseconds(50);
    hasty.request_timeout = milliseconds(50);
    const auto three = make_instance(3, hasty);

    const auto answer = call("POST", three->url + path_ + "/events", go_);

    EXPECT_EQ(answer.status, 504);
    EXPECT_THAT(answer.body, HasSubstr("may have been done or not"));
}

// ---- clients

TEST_F(RelayTest, AClientThatLeavesIsToldToTheOwner) {
    let_peer_keep_silent();
    http::TestSocket socket(one_->server->port());
    socket.send("GET " + path_ + " HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(peer_was_asked(1));

    socket.reset();

    EXPECT_TRUE(http::becomes([&] { return left_ == 1; }));
}

TEST_F(RelayTest, ASlowClientMakesTheOwnerWaitAndGetsAll) {
    const std::string long_text(4U << 20U, '#');
    let_peer([&](const http::Request&, const http::Responder& responder) {
        responder.send(http::Response::text(200, long_text + "end"));
    });
    http::TestSocket socket(one_->server->port(), 4096);

    socket.send("GET " + path_ + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const std::string answer = socket.receive_all();

    EXPECT_EQ(http::count_of(answer, "#"), long_text.size());
    EXPECT_THAT(answer.substr(answer.size() - 20), HasSubstr("0\r\n\r\n"));
}

TEST_F(RelayTest, MoreThanTheBoundAreRefused) {
    let_peer_keep_silent();
    Options narrow = options();
    narrow.peers.in_flight_max = 1;
    narrow.peers.queued_max = 1;
    const auto three = make_instance(3, narrow);
    const auto first = call_later("GET", three->url + path_);
    ASSERT_TRUE(peer_was_asked(1));
    const auto second = call_later("GET", three->url + path_);
    ASSERT_TRUE(http::becomes([&] {
        const std::string figures = call("GET", three->url + "/metrics").body;
        return figures.find("\nfermata_forwarded_total 2\n") != std::string::npos;
    }));

    const auto third = call("GET", three->url + path_);

    EXPECT_EQ(third.status, 429);
    EXPECT_EQ(third.headers.get("Retry-After"), "1");
}

// ---- event streams

class RelayedStreamTest : public RelayTest {
  protected:
    // The peer's stream begins with `text`; the test gets hold of it.
    void let_peer_stream(const std::string& text) {
        let_peer([this, text](const http::Request&, const http::Responder& responder) {
            http::Stream stream =
                responder.start_stream(200, {{"Content-Type", "text/event-stream"}});
            stream.write(text);
            stream.on_close([this] { ++left_; });
            const std::lock_guard lock(mutex_);
            stream_ = std::move(stream);
        });
    }
    http::Stream stream() {
        const std::lock_guard lock(mutex_);
        return stream_;
    }
    void connect() {
        socket_.emplace(one_->server->port());
        socket_->send("GET " + path_ + "/events HTTP/1.1\r\nHost: a\r\nLast-Event-ID: r-1\r\n\r\n");
    }

    http::Stream stream_;  // under mutex_
    std::optional<http::TestSocket> socket_;
};

TEST_F(RelayedStreamTest, PassesAsItComes) {
    let_peer_stream("data: 1\n\n");
    connect();

    EXPECT_THAT(socket_->receive_until("data: 1\n\n"), HasSubstr("text/event-stream"));
    stream().write("data: 2\n\n");
    EXPECT_THAT(socket_->receive_until("data: 2\n\n"), Not(HasSubstr("retry")));
    EXPECT_EQ(requests()[0].headers.get("Last-Event-ID"), "r-1");
    stream().close();
    EXPECT_THAT(socket_->receive_until("0\r\n\r\n"), Not(HasSubstr("retry")));
}

TEST_F(RelayedStreamTest, HeadDoesNotKeepItOpenAtTheOwner) {
    let_peer_stream("data: 1\n\n");

    EXPECT_EQ(call("HEAD", one_->url + path_ + "/events").status, 200);

    EXPECT_TRUE(http::becomes([&] { return left_ == 1; }));
}

TEST_F(RelayedStreamTest, EndsInOrderWithARetryWhenItsOwnerDies) {
    let_peer_stream("data: 1\n\n");
    connect();
    socket_->receive_until("data: 1\n\n");

    stream().break_off();

    const std::string rest = socket_->receive_until("0\r\n\r\n");
    EXPECT_THAT(rest,
                HasSubstr("retry: 1000\n: the instance that owns the session went away\n\r\n0"));
}

TEST_F(RelayedStreamTest, AnEventThatIsCutShortIsNotHandedOut) {
    let_peer_stream("data: {\"kind\":\"ev");
    connect();
    socket_->receive_until("\"ev");

    stream().break_off();

    EXPECT_THAT(socket_->receive_until("0\r\n\r\n"), HasSubstr("\r\n\nretry: 1000\n: "));
}

TEST_F(RelayedStreamTest, EndsWithARetryWhenTheSessionMoves) {
    let_peer_stream("data: 1\n\n");
    connect();
    socket_->receive_until("data: 1\n\n");

    give(*one_, kTheirs);

    EXPECT_THAT(socket_->receive_until("0\r\n\r\n"),
                HasSubstr("retry: 1000\n: the session has another owner now\n"));
    EXPECT_TRUE(http::becomes([&] { return left_ == 1; }));
}

TEST_F(RelayedStreamTest, EndsWithARetryWhenThisInstanceStops) {
    let_peer_stream("data: 1\n\n");
    connect();
    socket_->receive_until("data: 1\n\n");

    one_->service->stop();

    EXPECT_THAT(socket_->receive_until("0\r\n\r\n"),
                HasSubstr("retry: 1000\n: this instance stops\n"));
}

TEST_F(RelayedStreamTest, SilenceBeyondHeartbeatsEndsIt) {
    Options quick = options();
    quick.heartbeat_interval = milliseconds(50);
    one_.reset();
    one_ = make_instance(1, quick);
    let_peer_stream("data: 1\n\n");
    connect();

    EXPECT_THAT(socket_->receive_until("0\r\n\r\n"),
                HasSubstr("retry: 1000\n: the instance that owns"));
}

TEST_F(RelayedStreamTest, AClientThatLeavesEndsItAtTheOwner) {
    let_peer_stream("data: 1\n\n");
    connect();
    socket_->receive_until("data: 1\n\n");

    socket_->reset();

    EXPECT_TRUE(http::becomes([&] { return left_ == 1; }));
}

TEST_F(RelayedStreamTest, AStreamOfTheOwnSessionEndsWhenThatMoves) {
    adopt();
    connect();
    socket_->receive_until("fermata");

    take(*one_, kTheirs);
    truth_.set_owner(kTheirs, 2);

    EXPECT_THAT(socket_->receive_until("0\r\n\r\n"),
                HasSubstr("retry: 1000\n: the session has another owner now\n"));
}

}  // namespace
}  // namespace fermata::api

// The client against our own server: answers, redirects, bounds, policies, cancellation, TLS.
#include "http/client.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <mutex>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "http/router.h"
#include "http/test_server.h"
#include "http/test_socket.h"

namespace fermata::http {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<Client> make_client(ClientOptions options = {}) {
    Result<std::unique_ptr<Client>> client = Client::create(std::move(options));
    EXPECT_TRUE(client);
    return std::move(*client);
}

FetchResponse fetch(Client& client, FetchRequest request) {
    auto promise = std::make_shared<std::promise<FetchResponse>>();
    const auto id = client.fetch(std::move(request), [promise](FetchResponse response) {
        promise->set_value(std::move(response));
    });
    EXPECT_TRUE(id);
    return promise->get_future().get();
}

FetchRequest get(std::string url) {
    FetchRequest request;
    request.url = std::move(url);
    return request;
}

class ClientTest : public testing::Test {
  public:
    ~ClientTest() override {
        const std::lock_guard lock(mutex_);
        parked_.clear();
    }

  protected:
    ClientTest() {
        router_.add("GET", "/hello", [](const Request&, const Responder& responder) {
            responder.send({200, {{"X-Greeting", "hello"}}, "hello"});
        });
        router_.add("GET", "/loop", [](const Request&, const Responder& responder) {
            responder.send(Response::redirect(302, "/loop"));
        });
        router_.add("POST", "/moved/{status}", [](const Request& request, const Responder& to) {
            to.send(Response::redirect(std::atoi(std::string(request.param("status")).c_str()),
                                       "/echo"));
        });
        for (const char* method : {"GET", "POST", "PUT", "DELETE"}) {
            router_.add(method, "/echo", [](const Request& request, const Responder& responder) {
                responder.send(Response::text(
                    200, request.method + "|" + request.body + "|" + request.content_type() + "|" +
                             std::string(request.headers.get("Authorization"))));
            });
        }
        router_.add("GET", "/large", [](const Request&, const Responder& responder) {
            Stream stream = responder.start_stream(200, {});
            for (int i = 0; i < 20; ++i) {
                stream.write(std::string(10'000, 'x'));
            }
        });
        router_.add("GET", "/never", [this](const Request&, const Responder& responder) {
            const std::lock_guard lock(mutex_);
            parked_.push_back(responder);
        });
        router_.add("GET", "/to-file", [](const Request&, const Responder& responder) {
            responder.send(Response::redirect(302, "file:///etc/passwd"));
        });
        server_ = serve(router_.handler());
    }

    std::string url(const std::string& path) { return server_->url() + path; }

    Router router_;
    std::mutex mutex_;
    std::vector<Responder> parked_;
    std::unique_ptr<Server> server_;
};

TEST_F(ClientTest, gets_an_answer) {
    const auto client = make_client();
    const FetchResponse response = fetch(*client, get(url("/hello")));
    EXPECT_TRUE(response.is_success()) << response.message;
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello");
    EXPECT_EQ(response.headers.get("x-greeting"), "hello");
    EXPECT_EQ(response.effective_url, url("/hello"));
    EXPECT_EQ(client->pending(), 0U);
}

TEST_F(ClientTest, sends_methods_bodies_and_headers_as_given) {
    const auto client = make_client();
    FetchRequest put = get(url("/echo"));
    put.method = "PUT";
    put.body = "data";
    put.headers = {{"Content-Type", "application/json"}, {"Authorization", "Bearer t"}};
    EXPECT_EQ(fetch(*client, put).body, "PUT|data|application/json|Bearer t");
    FetchRequest post = get(url("/echo"));
    post.method = "POST";
    EXPECT_EQ(fetch(*client, post).body, "POST|||");
    FetchRequest remove = get(url("/echo"));
    remove.method = "DELETE";
    EXPECT_EQ(fetch(*client, remove).body, "DELETE|||");
    FetchRequest head = get(url("/hello"));
    head.method = "HEAD";
    EXPECT_EQ(fetch(*client, head).headers.get("Content-Length"), "5");
}

TEST_F(ClientTest, an_error_status_is_an_answer) {
    const auto client = make_client();
    const FetchResponse response = fetch(*client, get(url("/nothing")));
    EXPECT_EQ(response.error, FetchError::kNone);
    EXPECT_EQ(response.status, 404);
    EXPECT_FALSE(response.is_success());
}

TEST_F(ClientTest, follows_redirects_as_browsers_do) {
    const auto client = make_client();
    const auto post_to = [&](const std::string& path) {
        FetchRequest request = get(url(path));
        request.method = "POST";
        request.body = "data";
        return fetch(*client, request);
    };
    EXPECT_EQ(post_to("/moved/303").body, "GET|||");
    EXPECT_EQ(post_to("/moved/302").body, "GET|||");
    const FetchResponse kept = post_to("/moved/307");
    EXPECT_EQ(kept.body, "POST|data||");
    EXPECT_EQ(kept.effective_url, url("/echo"));
    EXPECT_EQ(kept.redirects, 1U);
}

TEST_F(ClientTest, bounds_the_number_of_redirects) {
    const auto client = make_client();
    FetchRequest request = get(url("/loop"));
    request.redirects_max = 3;
    const FetchResponse response = fetch(*client, request);
    EXPECT_EQ(response.error, FetchError::kRedirects);
    EXPECT_EQ(response.redirects, 3U);
    request.redirects_max = 0;
    EXPECT_EQ(fetch(*client, request).status, 302);
}

TEST_F(ClientTest, keeps_credentials_from_another_origin) {
    Router elsewhere;
    elsewhere.add("GET", "/to", [this](const Request&, const Responder& responder) {
        responder.send(Response::redirect(302, url("/echo")));
    });
    const auto other = serve(elsewhere.handler());
    const auto client = make_client();
    FetchRequest request = get(other->url() + "/to");
    request.headers = {{"Authorization", "Bearer secret"}};
    EXPECT_EQ(fetch(*client, request).body, "GET|||");
}

TEST_F(ClientTest, asks_the_policy_for_the_url_and_each_redirect) {
    std::mutex mutex;
    std::vector<std::string> asked;
    ClientOptions options;
    options.may_connect = [&](std::string_view asked_url) {
        const std::lock_guard lock(mutex);
        asked.emplace_back(asked_url);
        return asked.size() < 3;
    };
    const auto client = make_client(options);
    const FetchResponse response = fetch(*client, get(url("/loop")));
    EXPECT_EQ(response.error, FetchError::kRefused);
    EXPECT_EQ(response.redirects, 2U);
    EXPECT_EQ(asked.size(), 3U);
}

TEST_F(ClientTest, asks_the_policy_for_the_address_behind_a_name) {
    ClientOptions options;
    std::string address;
    options.may_connect_address = [&](std::string_view asked, std::uint16_t port) {
        address = asked;
        return port != server_->port();
    };
    const auto client = make_client(options);
    EXPECT_EQ(fetch(*client, get(url("/hello"))).error, FetchError::kRefused);
    EXPECT_EQ(address, "127.0.0.1");
}

TEST_F(ClientTest, speaks_only_http) {
    const auto client = make_client();
    for (const char* bad : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "/a",
                            "", "http://", "http://user:secret@127.0.0.1/"}) {
        EXPECT_EQ(fetch(*client, get(bad)).error, FetchError::kInvalidUrl) << bad;
    }
    EXPECT_EQ(fetch(*client, get(url("/to-file"))).error, FetchError::kInvalidUrl);
}

TEST_F(ClientTest, bounds_the_size_of_an_answer) {
    const auto client = make_client();
    FetchRequest request = get(url("/large"));
    request.body_bytes_max = 100'000;
    const FetchResponse response = fetch(*client, request);
    EXPECT_EQ(response.error, FetchError::kTooLarge);
    EXPECT_TRUE(response.body.empty());
    request.body_bytes_max = 200'000;
    EXPECT_EQ(fetch(*client, request).body.size(), 200'000U);
}

TEST_F(ClientTest, bounds_the_header_of_an_answer) {
    ClientOptions options;
    options.header_bytes_max = 60;
    const auto client = make_client(options);
    EXPECT_EQ(fetch(*client, get(url("/hello"))).error, FetchError::kTooLarge);
}

TEST_F(ClientTest, gives_up_when_the_time_is_over) {
    const auto client = make_client();
    FetchRequest request = get(url("/never"));
    request.timeout = milliseconds(50);
    EXPECT_EQ(fetch(*client, request).error, FetchError::kTimeout);
}

TEST_F(ClientTest, gives_up_in_the_queue_when_the_time_is_over) {
    ClientOptions options;
    options.in_flight_max = 1;
    const auto client = make_client(options);
    std::promise<FetchResponse> first;
    ASSERT_TRUE(client->fetch(
        get(url("/never")), [&](FetchResponse response) { first.set_value(std::move(response)); }));
    FetchRequest second = get(url("/hello"));
    second.timeout = milliseconds(50);
    EXPECT_EQ(fetch(*client, second).error, FetchError::kTimeout);
    client->stop();
    EXPECT_EQ(first.get_future().get().error, FetchError::kCancelled);
}

TEST_F(ClientTest, refuses_more_than_its_queue_holds) {
    ClientOptions options;
    options.in_flight_max = 1;
    options.queued_max = 2;
    const auto client = make_client(options);
    std::atomic<int> cancelled = 0;
    int accepted = 0;
    bool overloaded = false;
    for (int i = 0; i < 10 && !overloaded; ++i) {
        const auto id = client->fetch(get(url("/never")), [&](const FetchResponse& response) {
            cancelled += response.error == FetchError::kCancelled ? 1 : 0;
        });
        accepted += id ? 1 : 0;
        overloaded = !id && id.error().code() == ErrorCode::kOverloaded;
    }
    EXPECT_TRUE(overloaded);
    client->stop();
    EXPECT_EQ(cancelled.load(), accepted);
    EXPECT_FALSE(client->fetch(get(url("/hello")), [](const FetchResponse&) {}));
}

TEST_F(ClientTest, cancels_a_fetch) {
    const auto client = make_client();
    std::promise<FetchResponse> done;
    const auto id = client->fetch(
        get(url("/never")), [&](FetchResponse response) { done.set_value(std::move(response)); });
    ASSERT_TRUE(id);
    client->cancel(*id);
    EXPECT_EQ(done.get_future().get().error, FetchError::kCancelled);
}

TEST_F(ClientTest, lets_callbacks_fetch_again) {
    const auto client = make_client();
    std::promise<std::string> done;
    ASSERT_TRUE(client->fetch(get(url("/hello")), [&](const FetchResponse&) {
        EXPECT_TRUE(client->fetch(get(url("/echo")), [&](FetchResponse response) {
            done.set_value(std::move(response.body));
        }));
    }));
    EXPECT_EQ(done.get_future().get(), "GET|||");
}

TEST_F(ClientTest, runs_many_fetches_at_a_time) {
    const auto client = make_client();
    std::atomic<int> good = 0;
    std::atomic<int> done = 0;
    for (int i = 0; i < 500; ++i) {
        ASSERT_TRUE(client->fetch(get(url("/hello")), [&](const FetchResponse& response) {
            good += response.is_success() ? 1 : 0;
            ++done;
        }));
    }
    EXPECT_TRUE(becomes([&] { return done.load() == 500; }));
    EXPECT_EQ(good.load(), 500);
}

TEST_F(ClientTest, tells_connection_failures_apart) {
    const auto client = make_client();
    const std::string closed_url = url("/hello");
    server_->stop(milliseconds(0));
    EXPECT_EQ(fetch(*client, get(closed_url)).error, FetchError::kConnect);
    EXPECT_EQ(fetch(*client, get("http://nowhere.invalid/")).error, FetchError::kResolve);
}

TEST_F(ClientTest, takes_no_request_that_could_add_header_lines) {
    const auto client = make_client();
    FetchRequest request = get(url("/hello"));
    request.headers = {{"X", "a\r\nY: b"}};
    EXPECT_FALSE(client->fetch(request, [](const FetchResponse&) {}));
    request.headers.clear();
    request.method = "GET / HTTP/1.1\r\nX: y";
    EXPECT_FALSE(client->fetch(request, [](const FetchResponse&) {}));
}

// Certificates of one day for 127.0.0.1, made by the openssl tool in a folder of their own.
class TlsTest : public testing::Test {
  protected:
    void SetUp() override {
        folder_ =
            std::filesystem::temp_directory_path() / ("fermata-tls-" + std::to_string(getpid()));
        std::filesystem::create_directories(folder_);
        const std::string command =
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
            "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout " +
            key() + " -out " + certificate() + " 2>/dev/null";
        ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c): fixed text
        options_.tls_certificate_file = certificate();
        options_.tls_key_file = key();
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::string key() const { return (folder_ / "key.pem").string(); }
    [[nodiscard]] std::string certificate() const { return (folder_ / "cert.pem").string(); }

    std::filesystem::path folder_;
    ServerOptions options_;
};

TEST_F(TlsTest, serves_a_client_that_trusts_the_certificate) {
    const auto server = serve_with(
        [](const Request& request, const Responder& responder) {
            responder.send(Response::text(200, request.is_tls ? request.body : "plain"));
        },
        options_);
    EXPECT_THAT(server->url(), testing::StartsWith("https://"));
    ClientOptions client_options;
    client_options.tls_ca_file = certificate();
    const auto client = make_client(client_options);
    FetchRequest request = get(server->url() + "/");
    request.method = "POST";
    request.body = std::string(700'000, 'x');
    for (int i = 0; i < 3; ++i) {
        const FetchResponse response = fetch(*client, request);
        EXPECT_TRUE(response.is_success()) << response.message;
        EXPECT_EQ(response.body, request.body);
    }
}

TEST_F(TlsTest, is_refused_by_a_client_that_does_not) {
    const auto server = serve_echo(options_);
    const auto client = make_client();
    EXPECT_EQ(fetch(*client, get(server->url() + "/")).error, FetchError::kTls);
}

TEST_F(TlsTest, drops_a_client_that_does_not_speak_it) {
    const auto server = serve_echo(options_);
    TestSocket socket(server->port());
    socket.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(socket.is_closed());
}

TEST_F(TlsTest, ends_a_handshake_that_takes_too_long) {
    options_.header_timeout = milliseconds(60);
    const auto server = serve_echo(options_);
    TestSocket socket(server->port());
    EXPECT_EQ(socket.receive_all(), "");
    EXPECT_TRUE(socket.is_closed());
}

TEST_F(TlsTest, stops_with_clients_connected) {
    const auto server = serve_echo(options_);
    ClientOptions client_options;
    client_options.tls_ca_file = certificate();
    const auto client = make_client(client_options);
    EXPECT_TRUE(fetch(*client, get(server->url() + "/")).is_success());
    EXPECT_TRUE(server->stop(std::chrono::seconds(5)));
}

TEST_F(TlsTest, needs_both_files) {
    options_.tls_key_file.clear();
    Handler handler;
    handler.serve = [](const Request&, const Responder&) {};
    EXPECT_FALSE(Server::create(options_, handler));
    options_.tls_key_file = (folder_ / "missing.pem").string();
    EXPECT_FALSE(Server::create(options_, handler));
}

}  // namespace
}  // namespace fermata::http

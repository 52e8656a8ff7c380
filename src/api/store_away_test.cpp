// What clients see over HTTP while the store is away.
#include <future>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/service.h"
#include "engine/engine.h"
#include "http/client.h"
#include "http/server.h"
#include "store/away_store.h"
#include "store/memory_store.h"

namespace fermata::api {
namespace {

using testing::HasSubstr;

class NoOutside final : public engine::Outside {
  public:
    void fetch(engine::FetchRequest request,
               std::function<void(Result<engine::FetchAnswer>)> done) override {
        done(Error(ErrorCode::kForbidden, request.url));
    }
    void send(engine::HttpSend send, std::function<void(Result<void>)> done) override {
        done(Error(ErrorCode::kForbidden, send.url));
    }
    [[nodiscard]] std::string basic_http_location(const std::string&) const override { return ""; }
};

class StoreAwayTest : public testing::Test {
  protected:
    void SetUp() override {
        engine::Options engine_options;
        engine_options.shards = 1;
        engine_options.answer_timeout = std::chrono::milliseconds(500);
        auto engine = engine::Engine::create(engine_options, store_, outside_, clock_);
        ASSERT_TRUE(engine) << engine.error().to_string();
        engine_ = *std::move(engine);
        service_ =
            std::make_unique<Service>(*engine_, store_, clock_, http_metrics_, nullptr, Options());
        http::ServerOptions server_options;
        server_options.port = 0;
        auto server = http::Server::create(server_options, service_->handler());
        ASSERT_TRUE(server) << server.error().to_string();
        server_ = *std::move(server);
        client_ = *http::Client::create({});
    }
    void TearDown() override {
        store_.come_back();
        service_->stop();
        engine_->stop(std::chrono::seconds(5));
        server_->stop(std::chrono::seconds(5));
        engine_.reset();
    }

    http::FetchResponse call(const std::string& method, const std::string& path,
                             const std::string& body = {}, const std::string& key = {}) {
        http::FetchRequest request;
        request.url = server_->url() + path;
        request.method = method;
        request.body = body;
        request.headers.set("Content-Type", "application/json");
        if (!key.empty()) {
            request.headers.set("Idempotency-Key", key);
        }
        std::promise<http::FetchResponse> promise;
        auto answer = promise.get_future();
        const auto sent = client_->fetch(std::move(request), [&](http::FetchResponse response) {
            promise.set_value(std::move(response));
        });
        EXPECT_TRUE(sent);
        return answer.get();
    }

    static constexpr const char* kStart =
        R"({"id": "s", "document": "<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0' datamodel='null'><state id='a'><transition event='go' target='b'/></state><state id='b'/></scxml>"})";

    store::MemoryStore memory_;
    store::AwayStore store_{memory_};
    NoOutside outside_;
    SystemClock clock_;
    HttpMetrics http_metrics_{false};
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<Service> service_;
    std::unique_ptr<http::Server> server_;
    std::unique_ptr<http::Client> client_;
};

TEST_F(StoreAwayTest, NewWorkIsRefusedWithReasonAndRetryAfterAndReadinessSaysSo) {
    ASSERT_EQ(call("POST", "/api/v1/sessions", kStart).status, 201);
    ASSERT_EQ(call("GET", "/health/ready").status, 200);
    store_.leave("redis1:6379: connection refused");

    for (const auto& [path, body] :
         {std::pair<std::string, std::string>("/api/v1/sessions", kStart),
          {"/api/v1/sessions/s/events", R"({"name": "go"})"},
          {"/api/v1/sessions/s/requests/go", "{}"},
          {"/scxml/session/s/event/go", ""}}) {
        const auto refused = call("POST", path, body);
        EXPECT_EQ(refused.status, 503) << path;
        EXPECT_EQ(refused.headers.get("Retry-After"), "1") << path;
        EXPECT_THAT(refused.body, HasSubstr("redis1:6379: connection refused")) << path;
    }
    EXPECT_THAT(call("POST", "/api/v1/sessions", kStart).body,
                HasSubstr(R"("code":"unavailable")"));
    const auto ready = call("GET", "/health/ready");
    EXPECT_EQ(ready.status, 503);
    EXPECT_THAT(ready.body, HasSubstr("redis1:6379: connection refused"));
    EXPECT_EQ(call("GET", "/health/live").status, 200);
    EXPECT_THAT(call("GET", "/metrics").body, HasSubstr("\nfermata_ready 0\n"));
    EXPECT_THAT(call("GET", "/api/v1/sessions/s").body, HasSubstr(R"("configuration":["a"])"));

    store_.come_back();
    EXPECT_EQ(call("GET", "/health/ready").status, 200);
    EXPECT_EQ(call("POST", "/api/v1/sessions/s/events", R"({"name": "go"})").status, 200);
    EXPECT_THAT(call("GET", "/api/v1/sessions/s").body, HasSubstr(R"("configuration":["b"])"));
}

TEST_F(StoreAwayTest, WhatWaitsWhenTheStoreGoesIsAnsweredInTimeAndNeverAsDone) {
    ASSERT_EQ(call("POST", "/api/v1/sessions", kStart).status, 201);
    store_.hold();  // commits are not answered any more, and nobody knows yet

    const auto waited = call("POST", "/api/v1/sessions/s/events", R"({"name": "go"})", "once");
    EXPECT_EQ(waited.status, 504);
    EXPECT_THAT(waited.body, HasSubstr("Idempotency-Key"));

    store_.come_back();
    const auto repeated = call("POST", "/api/v1/sessions/s/events", R"({"name": "go"})", "once");
    EXPECT_EQ(repeated.status, 200);
    EXPECT_THAT(call("GET", "/api/v1/sessions/s").body, HasSubstr(R"("configuration":["b"])"));
}

}  // namespace
}  // namespace fermata::api

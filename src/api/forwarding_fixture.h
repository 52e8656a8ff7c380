// ForwardingFixture: instances of one cluster in one process, each with its own engine and server
// on one MemoryStore, and a test that decides who owns which partition. For tests.
#pragma once

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/cluster.h"
#include "api/service.h"
#include "engine/engine.h"
#include "engine/ownership.h"
#include "http/client.h"
#include "http/server.h"
#include "http/test_server.h"
#include "store/memory_store.h"

namespace fermata::api {

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

// Who really owns what, and where nodes are.
class Truth {
  public:
    void set_node(std::uint32_t node, const Place& place) {
        const std::lock_guard lock(mutex_);
        nodes_[node] = place;
    }
    void set_owner(Partition partition, std::uint32_t node) {
        const std::lock_guard lock(mutex_);
        owners_[partition] = node;
    }
    [[nodiscard]] std::uint32_t owner(Partition partition) const {
        const std::lock_guard lock(mutex_);
        const auto found = owners_.find(partition);
        return found == owners_.end() ? 0 : found->second;
    }
    [[nodiscard]] Place place(std::uint32_t node) const {
        const std::lock_guard lock(mutex_);
        const auto found = nodes_.find(node);
        return found == nodes_.end() ? Place{Place::Where::kNobody, 0, "", "", ""} : found->second;
    }
    // Any node that owns something.
    [[nodiscard]] std::uint32_t any_owner() const {
        const std::lock_guard lock(mutex_);
        for (const auto& [partition, node] : owners_) {
            if (node != 0) {
                return node;
            }
        }
        return 0;
    }

  private:
    mutable std::mutex mutex_;
    std::map<std::uint32_t, Place> nodes_;       // under mutex_
    std::map<Partition, std::uint32_t> owners_;  // under mutex_
};

// The truth as one node knows it, which may be old.
class ScriptedCluster final : public Cluster {
  public:
    ScriptedCluster(const Truth& truth, std::uint32_t node) : truth_(truth), node_(node) {}

    void believe(Partition partition, std::uint32_t node) {
        const std::lock_guard lock(mutex_);
        beliefs_[partition] = node;
    }
    void set_view(ClusterView view) {
        const std::lock_guard lock(mutex_);
        view_ = std::move(view);
    }
    [[nodiscard]] std::vector<Partition> hints() const {
        const std::lock_guard lock(mutex_);
        return hints_;
    }
    std::atomic<int> doubts = 0;
    std::atomic<int> rebalances = 0;
    std::atomic<int> drains = 0;

    [[nodiscard]] Place place_of(Partition partition) const override {
        std::uint32_t owner = truth_.owner(partition);
        {
            const std::lock_guard lock(mutex_);
            const auto belief = beliefs_.find(partition);
            owner = belief == beliefs_.end() ? owner : belief->second;
        }
        return place_at(owner);
    }
    [[nodiscard]] Place place_for_start() const override {
        for (Partition partition = 0; partition < kPartitionsMax; ++partition) {
            if (truth_.owner(partition) == node_) {
                return {};
            }
        }
        return place_at(truth_.any_owner());
    }
    void doubt_owners() override {
        ++doubts;
        const std::lock_guard lock(mutex_);
        beliefs_.clear();
    }
    [[nodiscard]] ClusterView view() const override {
        const std::lock_guard lock(mutex_);
        return view_;
    }
    void rebalance() override { ++rebalances; }
    void drain() override { ++drains; }
    void read_inbox(Partition partition) override {
        const std::lock_guard lock(mutex_);
        hints_.push_back(partition);
    }
    [[nodiscard]] std::string own_peer_secret() const override {
        return truth_.place(node_).peer_secret;
    }

  private:
    [[nodiscard]] Place place_at(std::uint32_t node) const {
        return node == node_ ? Place{} : truth_.place(node);
    }

    const Truth& truth_;
    const std::uint32_t node_;
    mutable std::mutex mutex_;
    std::map<Partition, std::uint32_t> beliefs_;  // under mutex_
    ClusterView view_;                            // under mutex_
    std::vector<Partition> hints_;                // under mutex_
};

// What the engine of an instance may serve.
class HeldPartitions final : public engine::Ownership {
  public:
    [[nodiscard]] bool serves(Partition partition) const override {
        const std::lock_guard lock(mutex_);
        return held_.contains(partition);
    }
    void on_lost(Partition partition, store::Epoch /*epoch*/) override { let_go(partition); }
    void on_inbox_appended(Partition /*partition*/) override {}
    void answer_elsewhere(store::NodeId /*node*/, engine::Response /*response*/) override {}
    [[nodiscard]] engine::RecordFormat record_format() const override {
        return engine::kRecordFormatOldest;
    }
    void hold(Partition partition) {
        const std::lock_guard lock(mutex_);
        held_.insert(partition);
    }
    void let_go(Partition partition) {
        const std::lock_guard lock(mutex_);
        held_.erase(partition);
    }

  private:
    mutable std::mutex mutex_;
    std::set<Partition> held_;  // under mutex_
};

struct Instance {
    Instance(store::Store& shared, Truth& truth, std::uint32_t id, Options options,
             http::TokenFile* tokens = nullptr)
        : node(id), cluster(truth, id) {
        engine::Options engine_options;
        engine_options.shards = 1;
        engine_options.node = id;
        auto created = engine::Engine::create(engine_options, shared, outside, clock, &held);
        EXPECT_TRUE(created) << created.error().to_string();
        engine = *std::move(created);
        options.node = id;
        options.cluster = &cluster;
        service = std::make_unique<Service>(*engine, shared, clock, http_metrics, tokens, options);
        http::ServerOptions server_options;
        server_options.stream_buffer_bytes_max = 16U << 10U;
        server = http::serve(service->handler(), server_options);
        url = server->url();
        truth.set_node(id, {Place::Where::kNode, id, url, url, "secret-" + std::to_string(id)});
    }
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;
    ~Instance() {
        service->stop();
        engine->stop(std::chrono::seconds(5));
        server->stop(std::chrono::seconds(5));
    }

    const std::uint32_t node;
    SystemClock clock;
    NoOutside outside;
    HttpMetrics http_metrics{false};
    HeldPartitions held;
    ScriptedCluster cluster;
    std::unique_ptr<engine::Engine> engine;
    std::unique_ptr<Service> service;
    std::unique_ptr<http::Server> server;
    std::string url;
};

class ForwardingFixture : public testing::Test {
  protected:
    static constexpr Partition kPartitions = 8;

    // Short enough to be waited for, long enough for a busy machine.
    static Options options() {
        Options options;
        options.answer_timeout = std::chrono::seconds(20);
        options.request_timeout = std::chrono::seconds(20);
        options.heartbeat_interval = std::chrono::seconds(20);
        return options;
    }
    std::unique_ptr<Instance> make_instance(std::uint32_t node, const Options& with = options(),
                                            http::TokenFile* tokens = nullptr) {
        return std::make_unique<Instance>(store_, truth_, node, with, tokens);
    }

    // As cluster/ does it: claim, then open.
    void give(Instance& instance, Partition partition) {
        std::promise<Result<store::Epoch>> claimed;
        store_.claim(partition, instance.node,
                     [&](const Result<store::Epoch>& epoch) { claimed.set_value(epoch); });
        const Result<store::Epoch> epoch = claimed.get_future().get();
        ASSERT_TRUE(epoch);
        instance.held.hold(partition);
        instance.engine->open_partition(partition, *epoch);
        truth_.set_owner(partition, instance.node);
    }
    void take(Instance& instance, Partition partition) {
        std::promise<void> closed;
        auto is_closed = closed.get_future();
        instance.engine->close_partition(partition, [&] { closed.set_value(); });
        ASSERT_EQ(is_closed.wait_for(std::chrono::seconds(10)), std::future_status::ready);
        instance.held.let_go(partition);
        truth_.set_owner(partition, 0);
    }

    // A client's own name whose session belongs to `partition`.
    static std::string name_in(Partition partition, const std::string& prefix = "order-") {
        for (int number = 0;; ++number) {
            std::string name = prefix + std::to_string(number);
            if (SessionId::from_name(name, kPartitions).partition() == partition) {
                return name;
            }
        }
    }

    static http::FetchRequest make_request(const std::string& method, const std::string& url,
                                           const std::string& body = {},
                                           const http::Headers& headers = {}) {
        http::FetchRequest request;
        request.url = url;
        request.method = method;
        request.body = body;
        request.headers = headers;
        request.redirects_max = 0;
        if (!body.empty()) {
            request.headers.set("Content-Type", "application/json");
        }
        return request;
    }
    std::future<http::FetchResponse> call_later(const std::string& method, const std::string& url,
                                                const std::string& body = {},
                                                const http::Headers& headers = {}) {
        auto promise = std::make_shared<std::promise<http::FetchResponse>>();
        auto answer = promise->get_future();
        const auto sent = client_->fetch(
            make_request(method, url, body, headers),
            [promise](http::FetchResponse response) { promise->set_value(std::move(response)); });
        EXPECT_TRUE(sent);
        return answer;
    }
    http::FetchResponse call(const std::string& method, const std::string& url,
                             const std::string& body = {}, const http::Headers& headers = {}) {
        return call_later(method, url, body, headers).get();
    }
    // A session that counts `go`, answers `ask`, and ends with `end`.
    http::FetchResponse start(const std::string& url, const std::string& name) {
        return call("POST", url + "/api/v1/sessions",
                    R"({"id": ")" + name + R"(", "document": ")" + kChart + R"("})");
    }
    static http::Headers key(const std::string& text) { return {{"Idempotency-Key", text}}; }

    static constexpr const char* kChart =
        "<scxml xmlns='http://www.w3.org/2005/07/scxml' version='1.0' datamodel='ecmascript'>"
        "<datamodel><data id='n' expr='0'/></datamodel>"
        "<state id='a'>"
        "<transition event='go'><assign location='n' expr='n + 1'/></transition>"
        "<transition event='ask'>"
        "<send event='told' targetexpr='_event.origin'><param name='n' expr='n'/></send>"
        "</transition><transition event='end' target='z'/></state><final id='z'/></scxml>";

    store::MemoryStore store_{store::MemoryOptions{kPartitions, {}}};
    Truth truth_;
    std::unique_ptr<http::Client> client_ = *http::Client::create({});
};

}  // namespace fermata::api

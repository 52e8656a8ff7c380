// /api/v1/cluster: who shares the sessions with this instance, and the orders to move them. And
// what instances tell each other.
#include "api/cluster.h"

#include <charconv>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "api/forwarding.h"
#include "api/hop.h"
#include "api/json_writer.h"
#include "api/problem.h"
#include "api/resources.h"

namespace fermata::api {

namespace {

// How long another instance may take to say that it rebalances, and how much it may say.
constexpr std::chrono::milliseconds kOrderTimeout{5'000};
constexpr std::size_t kOrderBytesMax = 64U << 10U;

void write_instance(JsonWriter& json, const InstanceView& instance) {
    json.begin_object().member("node", instance.node).member("role", instance.role);
    json.key("self").boolean(instance.self);
    json.key("alive").boolean(instance.alive);
    json.key("draining").boolean(instance.draining);
    json.member("internal_url", instance.internal_url)
        .member("external_url", instance.external_url)
        .member("version", instance.version)
        .member("format", instance.format)
        .member("format_newest", instance.format_newest)
        .member("started_ms", instance.started_ms)
        .member("lag_ms", instance.lag_ms)
        .member("partitions", instance.partitions)
        .end_object();
}

std::string cluster_json(const ClusterView& view) {
    JsonWriter json;
    json.begin_object()
        .member("name", view.name)
        .member("node", view.node)
        .member("role", view.role);
    if (!view.refusal.empty()) {
        json.member("refusal", view.refusal);
    }
    json.key("suspended").boolean(view.suspended);
    json.key("draining").boolean(view.draining);
    json.key("drained").boolean(view.drained);
    json.key("settled").boolean(view.settled);
    json.member("lease_left_ms", view.lease_left_ms);
    json.key("instances").begin_array();
    for (const InstanceView& instance : view.instances) {
        write_instance(json, instance);
    }
    json.end_array().key("partitions").begin_array();
    for (const PartitionView& partition : view.partitions) {
        json.begin_object()
            .member("node", partition.node)
            .member("epoch", partition.epoch)
            .end_object();
    }
    json.end_array().end_object();
    return json.take();
}

// The answers of several instances to one order, gathered into one.
class Gathering {
  public:
    Gathering(http::Responder responder, std::size_t expected)
        : responder_(std::move(responder)), missing_(expected) {}

    // `trouble` empty: it does what it was told.
    void add(std::uint32_t node, const std::string& trouble) {
        const std::lock_guard lock(mutex_);
        answers_.emplace_back(node, trouble);
        if (--missing_ == 0) {
            responder_.send(http::Response::json(200, json()));
        }
    }

  private:
    [[nodiscard]] std::string json() const {
        JsonWriter json;
        json.begin_object().key("nodes").begin_array();
        for (const auto& [node, trouble] : answers_) {
            json.begin_object().member("node", node).key("done").boolean(trouble.empty());
            if (!trouble.empty()) {
                json.member("reason", trouble);
            }
            json.end_object();
        }
        json.end_array().end_object();
        return json.take();
    }

    std::mutex mutex_;
    const http::Responder responder_;
    std::size_t missing_;                                         // under mutex_
    std::vector<std::pair<std::uint32_t, std::string>> answers_;  // under mutex_
};

std::string trouble_of(const http::FetchResponse& response) {
    if (response.is_success()) {
        return {};
    }
    return response.error == http::FetchError::kNone
               ? "it answered " + std::to_string(response.status)
               : response.message;
}

void order(Context& context, const http::Request& request, const InstanceView& instance,
           const std::shared_ptr<Gathering>& gathering) {
    const Result<http::Client*> client = context.forwarding.client();
    if (!client) {
        gathering->add(instance.node, client.error().message());
        return;
    }
    http::FetchRequest fetch = onward(request, instance.internal_url, context.options.node);
    fetch.timeout = kOrderTimeout;
    fetch.body_bytes_max = kOrderBytesMax;
    fetch.redirects_max = 0;
    const auto sent = (*client)->fetch(
        std::move(fetch), [gathering, node = instance.node](const http::FetchResponse& response) {
            gathering->add(node, trouble_of(response));
        });
    if (!sent) {
        gathering->add(instance.node, sent.error().message());
    }
}

// Everybody moves only what is its own, so everybody must be told; whoever was told tells nobody.
void rebalance(Context& context, Cluster& cluster, const http::Request& request,
               const http::Responder& responder) {
    const ClusterView view = cluster.view();
    std::vector<InstanceView> others;
    for (const InstanceView& instance : view.instances) {
        if (!instance.self && instance.alive && instance.role == "acting" &&
            !was_forwarded(request)) {
            others.push_back(instance);
        }
    }
    const auto gathering = std::make_shared<Gathering>(responder, others.size() + 1);
    cluster.rebalance();
    gathering->add(view.node, "");
    for (const InstanceView& instance : others) {
        order(context, request, instance, gathering);
    }
}

void drain(Cluster& cluster, const http::Responder& responder) {
    cluster.drain();
    responder.send(http::Response::json(202, R"({"draining":true})"));
}

void read_inbox(Cluster& cluster, const http::Request& request, const http::Responder& responder) {
    const std::string_view text = request.param("partition");
    Partition partition = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), partition);
    if (error != std::errc() || end != text.data() + text.size()) {
        responder.send(problem("invalid-argument", "'" + std::string(text) + "' is no partition"));
        return;
    }
    cluster.read_inbox(partition);
    responder.send(http::Response::empty(204));
}

using Action = std::function<void(Cluster&, const http::Request&, const http::Responder&)>;

RouteHandler with_cluster(Context& context, Action action) {
    return [&context, action = std::move(action)](const http::Request& request,
                                                  const http::Responder& responder) {
        if (context.options.cluster == nullptr) {
            responder.send(problem("not-found", "this server is part of no cluster"));
            return;
        }
        action(*context.options.cluster, request, responder);
    };
}

}  // namespace

Routes cluster_routes(Context& context) {
    return {
        {"GET",
         "/api/v1/cluster",
         "showCluster",
         "cluster",
         "instances, and who owns which partition",
         Access::kRead,
         {},
         {},
         {{200, "as this instance sees it", "application/json", "Cluster"}},
         with_cluster(context,
                      [](const Cluster& cluster, const http::Request&, const http::Responder& to) {
                          to.send(http::Response::json(200, cluster_json(cluster.view())));
                      })},
        {"POST",
         "/api/v1/cluster/rebalance",
         "rebalance",
         "cluster",
         "move partitions to where they should be; every acting instance is told",
         Access::kAdminister,
         {},
         {},
         {{200, "who does so", "application/json", "Rebalanced"}},
         with_cluster(context,
                      [&context](Cluster& cluster, const http::Request& request,
                                 const http::Responder& responder) {
                          rebalance(context, cluster, request, responder);
                      })},
        {"POST",
         "/api/v1/cluster/drain",
         "drain",
         "cluster",
         "hand everything that this instance owns over to others",
         Access::kAdminister,
         {},
         {},
         {{202, "begun; `drained` of the cluster tells the end", "application/json", "Draining"}},
         with_cluster(context,
                      [](Cluster& cluster, const http::Request&, const http::Responder& responder) {
                          drain(cluster, responder);
                      })},
        {"POST",
         "/internal/inbox/{partition}",
         "readInbox",
         "internal",
         "between instances: there is something in the inbox of a partition",
         Access::kPeer,
         {{kPeerHeader, "header", "string", "what proves that another instance calls"}},
         {},
         {{204, "it will be read", "", ""}},
         with_cluster(context, read_inbox)},
    };
}

}  // namespace fermata::api

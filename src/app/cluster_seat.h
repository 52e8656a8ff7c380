// ClusterSeat: this process's place in its cluster: between the membership, which decides what this
// instance owns, the engine, which serves it, and the HTTP interface, which asks where things are.
//
// An embedded or memory store makes a cluster of one, through the same code.
//
// Ownership: store and clock must outlive it, and so must the engine from start() to leave().
// Threads: what the three sides call, from theirs; create(), start(), drain…() and leave() from
// one.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "api/cluster.h"
#include "app/inbox_hints.h"
#include "app/request_answers.h"
#include "base/clock.h"
#include "base/result.h"
#include "cluster/membership.h"
#include "cluster/partitions.h"
#include "engine/engine.h"
#include "engine/ownership.h"
#include "http/client.h"
#include "store/store.h"

namespace fermata::app {

struct ClusterSeatOptions {
    std::string cluster_name;
    cluster::MemberOptions member;
    // For hints and answers to other instances.
    http::ClientOptions client;
};

class ClusterSeat final : public cluster::Partitions,
                          public engine::Ownership,
                          public api::Cluster {
  public:
    static Result<std::unique_ptr<ClusterSeat>> create(const ClusterSeatOptions& options,
                                                       store::Store& store, const Clock& clock);
    ~ClusterSeat() override;

    // Joins the cluster: partitions are opened in the engine as they are claimed.
    void start(engine::Engine& engine);
    // Waits until the instance has found its place: a sole member serves everything, another acts
    // as its node, or stands by for one that lives. kConflict: it does not fit this cluster.
    // `tell` is told what is waited for.
    Result<void> wait_for_place(const std::function<void(const std::string&)>& tell);
    // Hands everything over to the other nodes, when there are any, for at most `bound`; says
    // whether nothing is left.
    bool hand_over(std::chrono::milliseconds bound);
    // Gives back what is held and its record. The engine has stopped.
    void leave();

    // Why this instance may not be in its cluster; empty.
    [[nodiscard]] std::string refusal() const { return membership_.status().refusal; }
    [[nodiscard]] cluster::Status status() const { return membership_.status(); }
    [[nodiscard]] InboxHintCounters hint_counters() const { return hints_->counters(); }
    [[nodiscard]] RequestAnswerCounters answer_counters() const { return answers_->counters(); }

    // --- cluster::Partitions
    void open(Partition partition, store::Epoch epoch) override;
    void suspend_all() override;
    void resume(Partition partition) override;
    void close(Partition partition, std::function<void()> done) override;
    void drop(Partition partition) override;

    // --- engine::Ownership
    [[nodiscard]] bool serves(Partition partition) const override {
        return membership_.serves(partition);
    }
    void on_lost(Partition partition, store::Epoch epoch) override;
    void on_inbox_appended(Partition partition) override;
    void answer_elsewhere(store::NodeId node, engine::Response response) override {
        answers_->pass(node, response);
    }
    [[nodiscard]] engine::RecordFormat record_format() const override {
        return static_cast<engine::RecordFormat>(membership_.format_written());
    }

    // --- api::Cluster
    [[nodiscard]] api::Place place_of(Partition partition) const override;
    [[nodiscard]] api::Place place_for_start() const override;
    void doubt_owners() override { membership_.doubt_owners(); }
    [[nodiscard]] api::ClusterView view() const override;
    [[nodiscard]] std::string not_ready_reason() const override;
    void rebalance() override { membership_.rebalance(); }
    void drain() override;
    void read_inbox(Partition partition) override;
    [[nodiscard]] std::string own_peer_secret() const override {
        return options_.member.facts.peer_secret;
    }

  private:
    ClusterSeat(const ClusterSeatOptions& options, store::Store& store, const Clock& clock);
    [[nodiscard]] api::Place here() const;
    [[nodiscard]] bool serves_any() const;
    [[nodiscard]] bool has_place(const cluster::Status& status, bool another_acts) const;

    const ClusterSeatOptions options_;
    std::atomic<engine::Engine*> engine_ = nullptr;  // from start() on
    std::atomic<bool> draining_ = false;
    std::atomic<std::uint32_t> losses_ = 0;              // lanes that were gone
    mutable std::atomic<std::uint32_t> next_start_ = 0;  // starts go round the other nodes
    cluster::Membership membership_;
    std::unique_ptr<InboxHints> hints_;
    std::unique_ptr<RequestAnswers> answers_;
};

}  // namespace fermata::app

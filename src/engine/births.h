// Births: sessions on their way into the world, from the wish (a client's, or an <invoke>) to the
// first commit. What they wait for is their document.
//
// Events that arrive for a child before it is there are held. Threads: the shard's thread only.
// Limits: kComingMax of one shard at a time; more are kOverloaded (clients) or wait in the outbox
// (children).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/session_id.h"
#include "engine/chart_cache.h"
#include "engine/delivery.h"
#include "engine/engine.h"
#include "engine/lane.h"
#include "engine/outbox.h"

namespace fermata::engine {

class Births {
  public:
    static constexpr std::size_t kComingMax = 100'000;

    explicit Births(Shard& shard) : shard_(shard) {}
    Births(const Births&) = delete;
    Births& operator=(const Births&) = delete;
    ~Births() = default;

    // A client's wish. request.id empty: a random id of the lane's partition.
    void start(Lane& lane, StartRequest request, Answer<StartOutcome> done);
    // An outbox entry of the parent; failures become error.communication to it.
    void start_child(Lane& lane, const OutboxEntry& entry, StartChild start);
    [[nodiscard]] bool is_coming(const SessionId& session) const {
        return coming_.contains(session);
    }
    // is_coming() must be true.
    void hold(const SessionId& session, std::unique_ptr<Delivery> delivery);
    void forget(Lane& lane, const Error& reason);
    void fail_all(const Error& reason);
    [[nodiscard]] std::size_t size() const { return coming_.size(); }

  private:
    struct Birth {
        Lane* lane = nullptr;
        std::uint64_t serial = 0;
        SessionMeta meta;
        std::string document;  // text, or else meta.url counts
        std::uint64_t outbox_number = 0;
        std::string answer_key;
        Answer<StartOutcome> done;  // null for children
        DeliveryQueue held;
    };
    using Settle = std::function<void(Result<StartOutcome>)>;

    void begin(Lane& lane, StartRequest request, std::string answer_key, Answer<StartOutcome> done);
    void check_name(std::unique_ptr<Birth> birth);
    void load(std::unique_ptr<Birth> birth);
    void on_chart(const SessionId& session, std::uint64_t serial, Result<ChartAnswer> answer);
    void bear(std::unique_ptr<Birth> birth, std::shared_ptr<const scxml::Chart> chart);
    void refuse(std::unique_ptr<Birth> birth, const Error& reason);
    std::unique_ptr<Birth> take(const SessionId& session);

    Shard& shard_;
    std::unordered_map<SessionId, std::unique_ptr<Birth>> coming_;
    std::uint64_t serial_next_ = 1;
};

}  // namespace fermata::engine

// Restores: passivated sessions on their way back into memory.
//
// A record that the store cannot give now is asked for again, so that no event is lost for a while
// of trouble. A record that is damaged, or whose document is gone, ends its session with an error:
// repeating cannot help it.
//
// Threads: the shard's thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/session_id.h"
#include "engine/chart_cache.h"
#include "engine/delivery.h"
#include "engine/lane.h"

namespace fermata::engine {

class Restores {
  public:
    using Ready = std::function<void(Result<LiveSession*>)>;

    explicit Restores(Shard& shard) : shard_(shard) {}
    Restores(const Restores&) = delete;
    Restores& operator=(const Restores&) = delete;
    ~Restores() = default;

    // The delivery goes into the session's queue when it is back.
    void hold(Lane& lane, const SessionId& session, std::unique_ptr<Delivery> delivery);
    // `ready` is called at once for a session in memory; kNotFound when there is none.
    void with_session(Lane& lane, const SessionId& session, Ready ready);
    void forget(Lane& lane, const Error& reason);
    void fail_all(const Error& reason);
    [[nodiscard]] std::size_t size() const { return loads_.size(); }

  private:
    struct Load {
        Lane* lane = nullptr;
        SessionId session;
        std::uint64_t serial = 0;
        store::SessionRecord record;
        std::vector<store::TimerRecord> timers;
        SessionMeta meta;
        DeliveryQueue held;
        std::vector<Ready> ready;
    };

    Load& find_or_begin(Lane& lane, const SessionId& session);
    void read_record(Load& load);
    void on_record(Load& load, Result<std::optional<store::SessionRecord>> record);
    void on_timers(Load& load, Result<std::vector<store::TimerRecord>> timers);
    void on_chart(Load& load, Result<ChartAnswer> answer);
    [[nodiscard]] Result<std::unique_ptr<LiveSession>> build(
        Load& load, std::shared_ptr<const scxml::Chart> chart);
    void finish(Load& load, std::unique_ptr<LiveSession> session);
    void retry_or_fail(Load& load, const Error& reason);
    void give_up(Load& load, const Error& reason);
    void drop_gone(Load& load);
    std::unique_ptr<Load> take(const SessionId& session);
    // Calls back on the shard's thread with the load, unless it was forgotten meanwhile.
    template <typename T>
    std::function<void(Result<T>)> then(const Load& load, void (Restores::*step)(Load&, Result<T>));

    Shard& shard_;
    std::unordered_map<SessionId, std::unique_ptr<Load>> loads_;
    std::uint64_t serial_next_ = 1;
};

}  // namespace fermata::engine

// Recovery: how a lane comes to know its partition: claims it (in a cluster others did that), reads
// the ids of its sessions, its timers, outbox and inbox, then serves it: carries out the outbox in
// order, delivers the inbox in order, fires late timers.
//
// Sessions themselves are read when something happens to them. Owned by its own callbacks; a step
// whose lane started over meanwhile ends it. Threads: the shard's thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/inbox_reading.h"
#include "engine/lane.h"
#include "engine/timer_queue.h"
#include "store/store.h"

namespace fermata::engine {

class Recovery : public std::enable_shared_from_this<Recovery> {
  public:
    using Done = std::function<void(Result<void>)>;

    // `done` is called once, with why it failed, or when the lane is served.
    Recovery(Shard& shard, Lane& lane, Done done);
    Recovery(const Recovery&) = delete;
    Recovery& operator=(const Recovery&) = delete;
    ~Recovery() = default;

    void begin();

  private:
    void on_claimed(Result<store::Epoch> epoch);
    void read_sessions(const std::string& cursor);
    void on_sessions(Result<store::SessionPage> page);
    void read_timers();
    void on_timers(Result<store::TimerPage> page);
    void read_outbox();
    void on_outbox(Result<std::vector<store::OutboxRecord>> page);
    void read_inbox();
    void on_inbox(Result<std::vector<InboxEntry>> entries);
    void serve();
    void finish(Result<void> outcome);
    template <typename T>
    std::function<void(Result<T>)> then(void (Recovery::*step)(Result<T>));

    Shard& shard_;
    Lane& lane_;
    Done done_;
    const std::uint64_t generation_;
    UnixMillis timers_after_;
    std::size_t timers_skip_ = 0;  // already read of those due at timers_after_
    std::vector<DueTimer> timers_;
    std::vector<store::OutboxRecord> outbox_;
    std::vector<InboxEntry> inbox_;
};

}  // namespace fermata::engine

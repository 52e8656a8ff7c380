// Client: a model of RedisStore's side of one process. Requests are repeated until they are
// answered. Calls of a partition (commits, release) are numbered within its epoch, go one at a
// time, and are kept: when the store went back, what it forgot is sent again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "cluster/sim_store.h"

namespace fermata::cluster::sim {

class Client {
  public:
    using Done = std::function<void(Reply)>;
    using Send = std::function<void(int shard, Request, std::function<void(Reply)>)>;
    using Schedule = std::function<void(Time after, std::function<void()>)>;

    Client(Partition partitions, bool no_redo, Send send, Schedule schedule)
        : partitions_(partitions),
          no_redo_(no_redo),
          send_(std::move(send)),
          schedule_(std::move(schedule)),
          writers_(partitions) {}

    void request(int shard, const Request& request, Done done);

    // A new epoch: its calls are numbered from 1.
    void begin(Partition partition, store::NodeId node, store::Epoch epoch);
    // Calls of that epoch are still numbered here.
    [[nodiscard]] bool owns(Partition partition, store::Epoch epoch) const {
        return !writers_[partition].fenced && writers_[partition].owner.epoch == epoch;
    }
    // Calls of that epoch that were sent, all of them acknowledged once verified.
    [[nodiscard]] std::uint64_t calls(Partition partition, store::Epoch epoch) const {
        return owns(partition, epoch) && !no_redo_ ? writers_[partition].log.size() : 0;
    }
    // Answered with whether the call was fenced.
    void call(Partition partition, CallWrite call, std::function<void(bool fenced)> done);
    // Makes sure that the store has everything this process ever had acknowledged, then goes on.
    void verify(Partition partition, std::function<void()> then);
    void on_primary_changed(int shard);

  private:
    struct Open {
        int shard = 0;
        Request request;
        Done done;
        Time pause = 0;
    };
    struct Writer {
        store::Ownership owner;
        std::vector<CallWrite> log;  // call n is log[n - 1]
        std::size_t next = 1;
        bool busy = false;
        bool claim_lost = false;
        bool verifying = false;
        bool fenced = true;  // nothing of it counts any more
        std::function<void(bool)> done;
        std::vector<std::function<void()>> verified;
    };

    void transmit(std::uint64_t number);
    void pump(Partition partition);
    void on_reply(Partition partition, store::Epoch epoch, const CallReply& reply);
    void finish(Writer& writer, bool ends);

    const Partition partitions_;
    const bool no_redo_;
    Send send_;
    Schedule schedule_;
    std::map<std::uint64_t, Open> open_;
    std::uint64_t next_number_ = 1;
    std::vector<Writer> writers_;
};

}  // namespace fermata::cluster::sim

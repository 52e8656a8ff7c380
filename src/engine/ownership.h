// Ownership: who owns the partitions, when that is decided outside the engine (in a cluster).
//
// app/ implements it on cluster/. An engine without one claims all partitions itself.
//
// Threads: called by shards; every call is quick and never waits.
#pragma once

#include "base/session_id.h"
#include "engine/record_format.h"
#include "engine/response.h"
#include "store/nodes.h"
#include "store/records.h"

namespace fermata::engine {

class Ownership {
  public:
    Ownership() = default;
    Ownership(const Ownership&) = delete;
    Ownership& operator=(const Ownership&) = delete;
    virtual ~Ownership() = default;

    // The lease runs: answers and effects of the partition may leave the process now.
    [[nodiscard]] virtual bool serves(Partition partition) const = 0;
    // The lane of the partition is gone: the store fenced it, or it has to start over. Whoever
    // decides opens it again, at a new epoch, when it should be here.
    virtual void on_lost(Partition partition, store::Epoch epoch) = 0;
    // Events were put into the inbox of a partition that is not open here: its owner should read
    // it. A hint; owners also look now and then.
    virtual void on_inbox_appended(Partition partition) = 0;
    // A session of this instance answered a request that the instance of another node holds. Best
    // effort: whoever waits there has a time-out.
    virtual void answer_elsewhere(store::NodeId node, Response response) = 0;
    // In which records are written now: one that every instance of the cluster can read. Changes
    // while the engine runs.
    [[nodiscard]] virtual RecordFormat record_format() const = 0;
};

// Null: nobody else reads what is written.
inline RecordFormat format_to_write(const Ownership* ownership) {
    return ownership == nullptr ? record_format_newest() : ownership->record_format();
}

}  // namespace fermata::engine

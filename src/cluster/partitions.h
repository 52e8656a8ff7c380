// Partitions: what Membership steers: whoever serves sessions (the engine's lanes).
//
// Threads: called on Membership's own thread, one call at a time, in order; every call is quick and
// hands over to where the work is done.
#pragma once

#include <functional>

#include "base/session_id.h"
#include "store/records.h"

namespace fermata::cluster {

class Partitions {
  public:
    Partitions() = default;
    Partitions(const Partitions&) = delete;
    Partitions& operator=(const Partitions&) = delete;
    virtual ~Partitions() = default;

    // Claimed for this node at that epoch: recover it from the store, then serve it.
    virtual void open(Partition partition, store::Epoch epoch) = 0;
    // The lease ran out: from now on no answer and no effect of any partition. Calls wait or are
    // refused. What is committed meanwhile is fenced by its epoch if it must be.
    virtual void suspend_all() = 0;
    // After suspend_all(), or without it: still owned at the same epoch, go on.
    virtual void resume(Partition partition) = 0;
    // Take nothing new, commit and carry out what is under way, forget the partition, then call
    // `done` (any thread). Not called when the partition is dropped before.
    virtual void close(Partition partition, std::function<void()> done) = 0;
    // Forget it at once: it is in other hands, or may be.
    virtual void drop(Partition partition) = 0;
};

}  // namespace fermata::cluster

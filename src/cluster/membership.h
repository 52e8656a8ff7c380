// Membership: runs a Member against a store and a clock, on a thread of its own.
//
//   Membership membership(options, store, clock, partitions);
//   membership.start();                 // joins; partitions are opened as they are claimed
//   ...
//   membership.drain();                 // hands everything over; wait for drained()
//   membership.leave();                 // gives back what is left, and its record
//
// Ownership: store, clock and partitions must outlive it. Answers of the store that come after its
// end are ignored.
// Threads: every method from any thread but the own one.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "cluster/member.h"
#include "cluster/partitions.h"
#include "cluster/status.h"
#include "store/store.h"

namespace fermata::cluster {

// Who can answer for a partition.
struct Owner {
    enum class Where : std::uint8_t {
        kHere,    // this instance, with a lease that runs
        kNode,    // the node below, as far as is known
        kNobody,  // at the moment: events go to the partition's inbox
    } where = Where::kNobody;
    store::NodeId node = store::kNobody;
    std::string internal_address;
    std::string external_url;
    std::string peer_secret;
};

class Membership {
  public:
    // How long leave() waits for the store.
    static constexpr std::chrono::milliseconds kLeaveTimeout{2000};

    Membership(const MemberOptions& options, store::Store& store, const Clock& clock,
               Partitions& partitions);
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;
    // Ends without a word, as a crash would.
    ~Membership();

    void start();
    // Hands all partitions over; drained() then becomes true.
    void drain();
    [[nodiscard]] bool drained() const { return drained_.load(); }
    // Moves partitions of this instance to where they should be.
    void rebalance();
    // Releases what is held (its lanes are closed already) and removes its record; others need not
    // wait for the lease then. Nothing happens after it.
    void leave();

    // The partition was fenced: its lane is gone.
    void on_lost(Partition partition, store::Epoch epoch);
    // The node that owner_of() named said that it does not own the partition.
    void doubt_owners();

    // Asked before every answer and effect of a partition: cheap, and true only while the lease
    // runs.
    [[nodiscard]] bool serves(Partition partition) const {
        return held_[partition].load(std::memory_order_acquire) &&
               clock_.steady().count() < lease_until_ns_.load(std::memory_order_acquire);
    }
    // In which session records may be written now: cheap. docs/internals/cluster.md
    [[nodiscard]] std::uint32_t format_written() const { return format_written_.load(); }
    [[nodiscard]] Owner owner_of(Partition partition) const;
    [[nodiscard]] Status status() const;

  private:
    using Input = std::function<void(Member&, Steady now)>;

    // Outlives the membership: late answers of the store find it closed.
    struct Mailbox {
        std::mutex mutex;
        std::condition_variable filled;
        std::condition_variable settled;  // nothing is under way
        std::vector<Input> inputs;        // guarded by mutex, as the rest
        std::size_t calls_under_way = 0;  // of the store
        bool idle = false;                // the thread waits for inputs
        bool closed = false;
    };

    static void post(Mailbox& mailbox, Input input);
    // Wraps an answer of the store into an input.
    template <typename Answer, typename Take>
    store::Done<Answer> answer_to(Take take);
    void run();
    void publish(const Member& member);
    void carry_out(const Action& action);
    void carry_out(const Beat& beat);
    void carry_out(const ListNodes& list);
    void carry_out(const ListOwners& list);
    void carry_out(const RemoveNode& remove);
    void carry_out(const Claim& claim);
    void carry_out(const Release& release);
    void carry_out(const Open& open);
    void carry_out(const SuspendAll& suspend);
    void carry_out(const Resume& resume);
    void carry_out(const Close& close);
    void carry_out(const Drop& drop);
    void stop();

    const MemberOptions options_;
    store::Store& store_;
    const Clock& clock_;
    Partitions& partitions_;
    const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();

    // Written by the own thread, read by any.
    std::vector<std::atomic<bool>> held_;
    std::atomic<std::int64_t> lease_until_ns_{0};
    std::atomic<bool> drained_{false};
    std::atomic<std::uint32_t> format_written_;
    mutable std::mutex status_mutex_;
    std::shared_ptr<const Status> status_;  // guarded by status_mutex_

    std::thread thread_;  // last: it uses the rest
};

}  // namespace fermata::cluster

// Inbox: what others put into the inbox of a lane's partition, each entry delivered once.
//
// Entries come by three ways, and are told apart by their numbers:
//
//  - the lane's own commits deliver what they add themselves; here such entries are passed over
//    (the effect that they name is of a session of this partition);
//  - other lanes of this process append to the store and deliver at once, with the number that the
//    store gave (Outbox);
//  - other instances append to the store only. The recovery reads what is there when the lane is
//    opened, read() what comes later: when somebody says so, and every kLook anyway, since hints
//    may be lost.
//
// A read may show an entry of the second way before its append is answered. So what was read waits
// for the appends that were under way.
//
// Threads: the shard's thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <vector>

#include "base/result.h"
#include "engine/inbox_reading.h"

namespace fermata::engine {

class Inbox {
  public:
    // Seldom enough that 1000 partitions cost 200 small reads a second, often enough that an event
    // whose hint was lost is late by seconds.
    static constexpr std::chrono::milliseconds kLook{5'000};
    // Once more after the recovery: hints that were given while the partition changed hands went to
    // its former owner.
    static constexpr std::chrono::milliseconds kSecondLook{1'000};

    Inbox(Shard& shard, Lane& lane) : shard_(shard), lane_(lane) {}
    Inbox(const Inbox&) = delete;
    Inbox& operator=(const Inbox&) = delete;
    ~Inbox() = default;

    // The lane begins to serve: delivers what its recovery found, and looks now and then.
    void serve(std::vector<InboxEntry> found);
    // Reads what is new, when the lane serves. One read at a time.
    void read();
    // Of an append of this process: call before, and when it is answered, after deliver_appended().
    [[nodiscard]] std::uint64_t begin_append();
    void end_append(std::uint64_t ticket);
    // An entry that this process appended, with the number that it got.
    void deliver_appended(const SessionId& session, InboxPayload payload, std::uint64_t number);
    void forget();

  private:
    // Entries appended and delivered since the last read, before a read is due.
    static constexpr std::size_t kDirectMax = 10'000;

    void look_later(std::chrono::milliseconds delay);
    void on_read(std::uint64_t known, Result<std::vector<InboxEntry>> entries);
    void deliver_read();
    [[nodiscard]] bool is_own(const InboxEntry& entry) const;
    void deliver(InboxEntry entry);
    void deliver_once(InboxEntry entry);
    void deliver_payload(const SessionId& session, InboxPayload payload, std::uint64_t number);

    Shard& shard_;
    Lane& lane_;
    // Entries up to this number were delivered, or are none of ours.
    std::uint64_t known_ = 0;
    std::vector<std::uint64_t> direct_;  // delivered, above known_; ascending
    std::set<std::uint64_t> appends_;    // under way
    std::uint64_t append_next_ = 1;
    std::vector<InboxEntry> waiting_;  // read, for appends below waits_for_ to be answered
    std::uint64_t waits_for_ = 0;
    std::uint64_t known_after_ = 0;  // what known_ becomes with them
    bool is_reading_ = false;        // until they are delivered
    bool read_again_ = false;
};

}  // namespace fermata::engine

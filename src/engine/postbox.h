// Postbox: events for sessions whose partition nobody owns at the moment. They are put into the
// partition's inbox in the store, where its next owner finds them, in order.
//
// Limits: Options::inbox_events_max events of one partition that came this way and that nobody has
// taken yet; more are kOverloaded. Each instance counts its own.
// Threads: every method from any thread; `done` is called once, from a thread of the store. Held by
// shared_ptr, since requests under way keep it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/session_id.h"
#include "engine/engine.h"
#include "store/store.h"

namespace fermata::engine {

class Postbox : public std::enable_shared_from_this<Postbox> {
  public:
    Postbox(const Options& options, store::Store& store, const Ownership* ownership);
    Postbox(const Postbox&) = delete;
    Postbox& operator=(const Postbox&) = delete;
    ~Postbox() = default;

    void append(const SessionId& session, EventRequest request, Answer<InboxReceipt> done);
    // kNotFound for what is no receipt, or none of this store.
    void find(const std::string& id, Answer<ReceiptState> done);

  private:
    struct Letter {
        SessionId session;
        EventRequest request;
        Answer<InboxReceipt> done;
    };
    using Receipts = std::deque<std::uint64_t>;  // numbers, oldest first

    void make_room(Letter letter);
    void check_session(Letter letter);
    void append(Letter letter);
    void on_appended(const Letter& letter, std::uint64_t number);
    // The oldest event that may still wait, when there are as many as there may be; else 0.
    [[nodiscard]] std::uint64_t oldest_of_full(Partition partition);

    const std::size_t events_max_;
    store::Store& store_;
    const Ownership* const ownership_;  // null: none
    std::mutex mutex_;
    std::vector<Receipts> waiting_;  // by partition; guarded by mutex_
};

}  // namespace fermata::engine

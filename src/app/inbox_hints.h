// InboxHints: tells the owners of partitions on other instances that something was put into their
// inboxes.
//
// Best effort: owners look into their inboxes now and then anyway. Coalesced: at most one request
// per partition is on its way, and one more follows when there was more to tell meanwhile.
//
// Threads: tell() from any thread, quick; the rest from one.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/session_id.h"
#include "http/client.h"

namespace fermata::app {

struct InboxHintCounters {
    std::uint64_t sent = 0;
    std::uint64_t failed = 0;  // not taken by the owner
};

class InboxHints {
  public:
    // Where to tell it.
    struct Peer {
        std::string url;  // base URL
        std::string secret;
    };
    // Nothing: the partition has no owner elsewhere. Any thread.
    using FindPeer = std::function<std::optional<Peer>(Partition)>;

    static Result<std::unique_ptr<InboxHints>> create(http::ClientOptions options,
                                                      FindPeer find_peer);
    InboxHints(const InboxHints&) = delete;
    InboxHints& operator=(const InboxHints&) = delete;
    ~InboxHints();

    void tell(Partition partition);
    [[nodiscard]] InboxHintCounters counters() const { return {sent_.load(), failed_.load()}; }
    // Tells nothing any more.
    void stop();

  private:
    explicit InboxHints(FindPeer find_peer);
    void send(Partition partition);
    void on_answer(Partition partition, const http::FetchResponse& response);

    const FindPeer find_peer_;
    std::mutex mutex_;
    std::map<Partition, bool> on_their_way_;  // under mutex_; true: one more has to follow
    std::atomic<std::uint64_t> sent_ = 0;
    std::atomic<std::uint64_t> failed_ = 0;
    std::unique_ptr<http::Client> client_;  // last: its thread uses the rest
};

}  // namespace fermata::app

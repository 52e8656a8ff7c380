// Expiry: deletes ended sessions and kept answers whose time is over, of all partitions that this
// process owns: looks first, then makes one call for each partition that has something due.
//
// Threads: the client's only. Owned by its own callbacks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "redis_store/call_queue.h"
#include "redis_store/keys.h"
#include "store/store.h"

namespace fermata::redis_store {

class Expiry : public std::enable_shared_from_this<Expiry> {
  public:
    struct Surrounds {
        const Keys& keys;
        const std::vector<std::unique_ptr<CallQueue>>& queues;
        bool has_journals;
    };

    // Forgets at most `limit` sessions and `limit` answers.
    static void begin(const Surrounds& surrounds, UnixMillis now_ms, std::size_t limit,
                      store::Done<std::size_t> done);

  private:
    struct Due {
        double expires_ms;
        Partition partition;
        std::string member;
    };

    Expiry(const Surrounds& surrounds, UnixMillis now_ms, std::size_t limit,
           store::Done<std::size_t> done)
        : surrounds_(surrounds), now_ms_(now_ms), limit_(limit), done_(std::move(done)) {}

    void look();
    void on_page(Partition partition, const Result<redis::Reply>& reply);
    void forget();
    void forget_in(Partition partition, const std::vector<std::string>& members);
    void one_less(const Result<std::size_t>& forgotten);

    const Surrounds surrounds_;
    const UnixMillis now_ms_;
    const std::size_t limit_;
    store::Done<std::size_t> done_;
    std::vector<Due> due_;
    std::size_t outstanding_ = 0;
    std::size_t forgotten_ = 0;
    std::optional<Error> error_;
};

}  // namespace fermata::redis_store

// Listing: one answer to a ListQuery: walks the partitions in order, page by page, until enough
// sessions fit the filters.
//
// The cursor is "<partition>.<the store's cursor>", so a list goes on where it ended, whatever was
// started or ended meanwhile. Owned by its own callbacks. Threads: steps run in the mailbox it is
// given.
#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"
#include "engine/mailbox.h"
#include "store/store.h"

namespace fermata::engine {

class Listing : public std::enable_shared_from_this<Listing> {
  public:
    static constexpr std::size_t kLimitMax = 1000;

    Listing(store::Store& store, const Clock& clock, std::shared_ptr<Mailbox> mailbox,
            ListQuery query, Answer<ListAnswer> done);
    Listing(const Listing&) = delete;
    Listing& operator=(const Listing&) = delete;
    ~Listing() = default;

    // kInvalidArgument for a limit out of range or a damaged cursor.
    void begin();

  private:
    void read();
    void on_page(Result<store::SessionPage> page);
    [[nodiscard]] bool fits(const SessionSummary& summary) const;
    [[nodiscard]] Result<void> parse_cursor();

    store::Store& store_;
    const Clock& clock_;
    std::shared_ptr<Mailbox> mailbox_;
    ListQuery query_;
    Answer<ListAnswer> done_;
    ListAnswer answer_;
    Partition partition_ = 0;
    std::string cursor_;
};

}  // namespace fermata::engine

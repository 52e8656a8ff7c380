// Listing: one answer to a ListQuery: walks the live sessions of all partitions in order, then the
// ended ones, page by page, until enough sessions fit the filters. One partition's sessions of one
// phase are a section; a filter by status leaves out those of the other phase. The longer it takes,
// the more sections are read ahead: with a filter that few sessions fit, all of them are read, and
// a store on other machines takes its time. Pages
// with a filter are large, however few are asked for. What turns out to be more than was asked for
// is read again up to the last session that is wanted, whose cursor the store alone knows.
//
// One answer looks at kLookedAtMax sessions, and a page more at most: an hour of ended sessions
// that do not fit must not take longer than whoever waits. Then it has what was found so far,
// perhaps nothing, and a cursor.
//
// The cursor is "<section>.<the store's cursor>", so a list goes on where it ended, whatever was
// started or ended meanwhile; what ends meanwhile may come twice, live and ended. Owned by its own
// callbacks. Threads: steps run in the mailbox it is given.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/mailbox.h"
#include "store/store.h"

namespace fermata::engine {

class Listing : public std::enable_shared_from_this<Listing> {
  public:
    static constexpr std::size_t kLimitMax = 1000;
    // Pages that are read at a time; also bounds what is kept of them.
    static constexpr std::size_t kPagesAhead = 16;
    // Sessions of a page when there is a filter, at least.
    static constexpr std::size_t kFilteredPage = 200;
    static constexpr std::size_t kLookedAtMax = 20'000;

    Listing(store::Store& store, const Clock& clock, std::shared_ptr<Mailbox> mailbox,
            ListQuery query, Answer<ListAnswer> done);
    Listing(const Listing&) = delete;
    Listing& operator=(const Listing&) = delete;
    ~Listing() = default;

    // kInvalidArgument for a limit out of range or a damaged cursor.
    void begin();

  private:
    // From 0: the live sessions of each partition, then the ended ones of each.
    using Section = std::uint32_t;
    struct Page {
        Section section = 0;
        std::string cursor;  // where it begins
        std::optional<Result<store::SessionPage>> content;
    };
    using PagePtr = std::shared_ptr<Page>;

    // Those of a page that fit, as far as they are missing, and how many of its sessions hold them:
    // all, when no further one fits.
    struct Fitting {
        std::vector<SessionSummary> sessions;
        std::size_t end = 0;
    };

    [[nodiscard]] PagePtr read(Section section, std::string cursor, std::size_t limit);
    void read_ahead();
    // In the order of the sections, as far as they are there.
    void take_pages();
    void take(const Page& page);
    [[nodiscard]] Fitting fitting_of(const store::SessionPage& content) const;
    void finish(Result<ListAnswer> answer);
    [[nodiscard]] std::size_t missing() const { return query_.limit - answer_.sessions.size(); }
    [[nodiscard]] bool is_enough() const { return missing() == 0 || looked_at_ >= kLookedAtMax; }
    [[nodiscard]] std::size_t page_size() const;
    [[nodiscard]] bool has_filter() const;
    [[nodiscard]] bool fits(const SessionSummary& summary) const;
    [[nodiscard]] Result<void> parse_cursor();
    // The first section, and the one behind the last, that may hold what fits.
    [[nodiscard]] Section sections_begin() const;
    [[nodiscard]] Section sections_end() const;

    store::Store& store_;
    const Clock& clock_;
    std::shared_ptr<Mailbox> mailbox_;
    ListQuery query_;
    Answer<ListAnswer> done_;  // empty: answered
    ListAnswer answer_;
    std::size_t looked_at_ = 0;
    std::deque<PagePtr> pages_;  // asked for and not taken
    std::size_t pages_max_ = 1;
    Section next_section_ = 0;  // nothing of it was asked for yet
    std::string first_cursor_;
};

}  // namespace fermata::engine

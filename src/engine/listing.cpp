#include "engine/listing.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "engine/session_view.h"

namespace fermata::engine {
namespace {

bool is_of_live_sessions(SessionStatus status) {
    return status == SessionStatus::kScheduled || status == SessionStatus::kActive;
}

}  // namespace

Listing::Listing(store::Store& store, const Clock& clock, std::shared_ptr<Mailbox> mailbox,
                 ListQuery query, Answer<ListAnswer> done)
    : store_(store),
      clock_(clock),
      mailbox_(std::move(mailbox)),
      query_(std::move(query)),
      done_(std::move(done)) {}

void Listing::begin() {
    if (query_.limit == 0 || query_.limit > kLimitMax) {
        done_(Error(ErrorCode::kInvalidArgument,
                    "limit must be between 1 and " + std::to_string(kLimitMax)));
        return;
    }
    if (const auto parsed = parse_cursor(); !parsed) {
        done_(parsed.error());
        return;
    }
    pages_.push_back(read(next_section_++, std::move(first_cursor_), page_size()));
}

Result<void> Listing::parse_cursor() {
    next_section_ = sections_begin();
    if (query_.cursor.empty()) {
        return {};
    }
    const char* const end = query_.cursor.data() + query_.cursor.size();
    const auto number = std::from_chars(query_.cursor.data(), end, next_section_);
    if (number.ec != std::errc() || number.ptr == end || *number.ptr != '.' ||
        next_section_ < sections_begin() || next_section_ >= sections_end()) {
        return Error(ErrorCode::kInvalidArgument, "unknown cursor " + query_.cursor);
    }
    first_cursor_.assign(number.ptr + 1, end);
    return {};
}

Listing::Section Listing::sections_begin() const {
    const bool only_ended = query_.status && !is_of_live_sessions(*query_.status);
    return only_ended ? store_.facts().partition_count : 0;
}

Listing::Section Listing::sections_end() const {
    const bool only_live = query_.status && is_of_live_sessions(*query_.status);
    return Section{store_.facts().partition_count} * (only_live ? 1 : 2);
}

Listing::PagePtr Listing::read(Section section, std::string cursor, std::size_t limit) {
    auto page = std::make_shared<Page>();
    page->section = section;
    page->cursor = std::move(cursor);
    const Section partitions = store_.facts().partition_count;
    store_.list_sessions(
        static_cast<Partition>(section % partitions),
        section < partitions ? store::SessionPhase::kLive : store::SessionPhase::kEnded,
        page->cursor, limit, [self = shared_from_this(), page](Result<store::SessionPage> content) {
            self->mailbox_->post_answer([self, page, content = std::move(content)]() mutable {
                page->content = std::move(content);
                self->take_pages();
            });
        });
    return page;
}

void Listing::read_ahead() {
    while (done_ && pages_.size() < pages_max_ && next_section_ < sections_end()) {
        pages_.push_back(read(next_section_++, {}, page_size()));
    }
    if (done_ && pages_.empty()) {
        finish(std::move(answer_));
    }
}

void Listing::take_pages() {
    while (done_ && !pages_.empty() && pages_.front()->content) {
        const PagePtr page = std::move(pages_.front());
        pages_.pop_front();
        take(*page);
    }
    read_ahead();
}

void Listing::take(const Page& page) {
    if (!*page.content) {
        finish(page.content->error());
        return;
    }
    const store::SessionPage& content = **page.content;
    Fitting fitting = fitting_of(content);
    if (fitting.end < content.sessions.size()) {
        // The cursor must not lie behind what is left out.
        pages_.push_front(read(page.section, page.cursor, fitting.end));
        return;
    }
    std::move(fitting.sessions.begin(), fitting.sessions.end(),
              std::back_inserter(answer_.sessions));
    looked_at_ += content.sessions.size();
    const bool is_section_over = content.next.empty();
    const Section section = page.section + (is_section_over ? 1 : 0);
    if (section < sections_end() && is_enough()) {
        answer_.next = std::to_string(section) + "." + content.next;
        finish(std::move(answer_));
        return;
    }
    pages_max_ = std::min(pages_max_ * 2, kPagesAhead);
    if (!is_section_over) {
        pages_.push_front(read(section, content.next, page_size()));
    }
}

Listing::Fitting Listing::fitting_of(const store::SessionPage& content) const {
    Fitting fitting;
    for (std::size_t at = 0; at < content.sessions.size(); ++at) {
        const store::SessionRecord& record = content.sessions[at];
        auto summary = summary_of(record);
        if (!summary) {
            log::warning("a session cannot be listed", {{"session", record.session.key()},
                                                        {"reason", summary.error().message()}});
        } else if (fits(*summary)) {
            if (fitting.sessions.size() == missing()) {
                return fitting;
            }
            fitting.sessions.push_back(*std::move(summary));
            fitting.end = at + 1;
        }
    }
    fitting.end = content.sessions.size();
    return fitting;
}

std::size_t Listing::page_size() const {
    return has_filter() ? std::max(missing(), kFilteredPage) : missing();
}

bool Listing::has_filter() const {
    return query_.status || !query_.application.empty() || query_.older_than || query_.younger_than;
}

void Listing::finish(Result<ListAnswer> answer) {
    std::exchange(done_, nullptr)(std::move(answer));
}

bool Listing::fits(const SessionSummary& summary) const {
    const std::int64_t age_ms = clock_.now_ms() - summary.created_ms;
    return (!query_.status || summary.status == *query_.status) &&
           (query_.application.empty() || summary.application == query_.application) &&
           (!query_.older_than || age_ms > query_.older_than->count()) &&
           (!query_.younger_than || age_ms < query_.younger_than->count());
}

}  // namespace fermata::engine

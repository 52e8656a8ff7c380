#include "engine/listing.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "engine/session_view.h"

namespace fermata::engine {

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
    pages_.push_back(read(next_partition_++, std::move(first_cursor_), page_size()));
}

Result<void> Listing::parse_cursor() {
    if (query_.cursor.empty()) {
        return {};
    }
    const char* const end = query_.cursor.data() + query_.cursor.size();
    const auto number = std::from_chars(query_.cursor.data(), end, next_partition_);
    if (number.ec != std::errc() || number.ptr == end || *number.ptr != '.' ||
        next_partition_ >= store_.facts().partition_count) {
        return Error(ErrorCode::kInvalidArgument, "unknown cursor " + query_.cursor);
    }
    first_cursor_.assign(number.ptr + 1, end);
    return {};
}

Listing::PagePtr Listing::read(Partition partition, std::string cursor, std::size_t limit) {
    auto page = std::make_shared<Page>();
    page->partition = partition;
    page->cursor = std::move(cursor);
    store_.list_sessions(
        partition, page->cursor, limit,
        [self = shared_from_this(), page](Result<store::SessionPage> content) {
            self->mailbox_->post_answer([self, page, content = std::move(content)]() mutable {
                page->content = std::move(content);
                self->take_pages();
            });
        });
    return page;
}

void Listing::read_ahead() {
    while (done_ && pages_.size() < pages_max_ &&
           next_partition_ < store_.facts().partition_count) {
        pages_.push_back(read(next_partition_++, {}, page_size()));
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
        pages_.push_front(read(page.partition, page.cursor, fitting.end));
        return;
    }
    std::move(fitting.sessions.begin(), fitting.sessions.end(),
              std::back_inserter(answer_.sessions));
    looked_at_ += content.sessions.size();
    const bool is_partition_over = content.next.empty();
    const auto partition = static_cast<Partition>(page.partition + (is_partition_over ? 1 : 0));
    const bool is_over = partition >= store_.facts().partition_count;
    if (!is_over && is_enough()) {
        answer_.next = std::to_string(partition) + "." + content.next;
        finish(std::move(answer_));
        return;
    }
    pages_max_ = std::min(pages_max_ * 2, kPagesAhead);
    if (!is_partition_over) {
        pages_.push_front(read(partition, content.next, page_size()));
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

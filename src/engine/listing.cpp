#include "engine/listing.h"

#include <charconv>
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
    read();
}

Result<void> Listing::parse_cursor() {
    if (query_.cursor.empty()) {
        return {};
    }
    const char* const end = query_.cursor.data() + query_.cursor.size();
    const auto number = std::from_chars(query_.cursor.data(), end, partition_);
    if (number.ec != std::errc() || number.ptr == end || *number.ptr != '.' ||
        partition_ >= store_.facts().partition_count) {
        return Error(ErrorCode::kInvalidArgument, "unknown cursor " + query_.cursor);
    }
    cursor_.assign(number.ptr + 1, end);
    return {};
}

void Listing::read() {
    store_.list_sessions(partition_, cursor_, query_.limit - answer_.sessions.size(),
                         [self = shared_from_this()](Result<store::SessionPage> page) {
                             self->mailbox_->post_answer([self, page = std::move(page)]() mutable {
                                 self->on_page(std::move(page));
                             });
                         });
}

void Listing::on_page(Result<store::SessionPage> page) {
    if (!page) {
        done_(page.error());
        return;
    }
    for (const store::SessionRecord& record : page->sessions) {
        auto summary = summary_of(record);
        if (!summary) {
            log::warning("a session cannot be listed", {{"session", record.session.key()},
                                                        {"reason", summary.error().message()}});
        } else if (fits(*summary)) {
            answer_.sessions.push_back(*std::move(summary));
        }
    }
    cursor_ = std::move(page->next);
    if (cursor_.empty() && ++partition_ >= store_.facts().partition_count) {
        done_(std::move(answer_));
    } else if (answer_.sessions.size() >= query_.limit) {
        answer_.next = std::to_string(partition_) + "." + cursor_;
        done_(std::move(answer_));
    } else {
        read();
    }
}

bool Listing::fits(const SessionSummary& summary) const {
    const std::int64_t age_ms = clock_.now_ms() - summary.created_ms;
    return (!query_.status || summary.status == *query_.status) &&
           (query_.application.empty() || summary.application == query_.application) &&
           (!query_.older_than || age_ms > query_.older_than->count()) &&
           (!query_.younger_than || age_ms < query_.younger_than->count());
}

}  // namespace fermata::engine

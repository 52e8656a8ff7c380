#include "engine/inbox_reading.h"

#include <utility>

#include "engine/lane.h"
#include "engine/shard.h"

namespace fermata::engine {
namespace {

constexpr std::size_t kPage = 1000;

}  // namespace

InboxReading::InboxReading(Shard& shard, Lane& lane, Done done)
    : shard_(shard), lane_(lane), done_(std::move(done)), generation_(lane.generation) {}

template <typename T, typename Step>
std::function<void(Result<T>)> InboxReading::then(Step step) {
    return [self = shared_from_this(), step, mailbox = shard_.mailbox()](Result<T> answer) {
        mailbox->post_answer([self, step, answer = std::move(answer)]() mutable {
            if (self->generation_ == self->lane_.generation) {
                step(*self, std::move(answer));
            }
        });
    };
}

void InboxReading::begin(std::uint64_t after) {
    read(after);
}

void InboxReading::read(std::uint64_t after) {
    using Page = std::vector<store::InboxRecord>;
    shard_.store().list_inbox(
        lane_.partition, after, kPage,
        then<Page>([](InboxReading& self, Result<Page> page) { self.on_page(std::move(page)); }));
}

void InboxReading::on_page(Result<std::vector<store::InboxRecord>> page) {
    if (!page) {
        done_(page.error());
        return;
    }
    for (const store::InboxRecord& record : *page) {
        entries_.push_back({record.number, record.session, decode_inbox(record.payload), false});
    }
    if (page->size() < kPage) {
        find_answers();
    } else {
        read(entries_.back().number);
    }
}

void InboxReading::find_answers() {
    using Answer = std::optional<store::AnswerRecord>;
    answers_left_ = 1;  // this function
    for (std::size_t at = 0; at < entries_.size(); ++at) {
        const InboxEntry& entry = entries_[at];
        if (!entry.payload || entry.payload->answer_key.empty()) {
            continue;
        }
        ++answers_left_;
        shard_.store().find_answer(
            lane_.partition, entry.payload->answer_key,
            then<Answer>([at](InboxReading& self, const Result<Answer>& answer) {
                self.on_answer(at, answer);
            }));
    }
    on_answer(entries_.size(), Answer());
}

void InboxReading::on_answer(std::size_t at,
                             const Result<std::optional<store::AnswerRecord>>& answer) {
    if (!answer) {
        failure_ = answer.error();
    } else if (answer->has_value()) {
        entries_[at].is_answered = true;
    }
    if (--answers_left_ > 0) {
        return;
    }
    if (failure_) {
        done_(*failure_);
    } else {
        done_(std::move(entries_));
    }
}

}  // namespace fermata::engine

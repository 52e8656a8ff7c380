#include "redis_store/expiry.h"

#include <algorithm>
#include <map>
#include <utility>

#include "redis_store/entries.h"
#include "redis_store/scripts.h"

namespace fermata::redis_store {
namespace {

// Entries read of one partition at a time.
constexpr std::size_t kPageMax = 10'000;

bool is_session(const std::string& member) {
    return member.rfind("s:", 0) == 0;
}

}  // namespace

void Expiry::begin(const Surrounds& surrounds, UnixMillis now_ms, std::size_t limit,
                   store::Done<std::size_t> done) {
    std::shared_ptr<Expiry>(new Expiry(surrounds, now_ms, limit, std::move(done)))->look();
}

void Expiry::look() {
    outstanding_ = 1;  // this function
    // Either kind may fill the front of the table.
    const std::size_t page = std::min(2 * limit_, kPageMax);
    for (Partition partition = 0; partition < surrounds_.keys.partition_count(); ++partition) {
        CallQueue& queue = *surrounds_.queues[partition];
        if (queue.epoch() == 0 || queue.expiry_hint >= now_ms_) {
            continue;
        }
        // What commits add while this is read lowers it again.
        queue.expiry_hint = Call::kNeverExpires;
        ++outstanding_;
        redis::Command command("ZRANGE");
        command.add(surrounds_.keys.key(partition, "expiry")).add(0).add(page).add("WITHSCORES");
        queue.read(std::move(command),
                   [self = shared_from_this(), partition](const Result<redis::Reply>& reply) {
                       self->on_page(partition, reply);
                   });
    }
    if (--outstanding_ == 0) {
        forget();
    }
}

void Expiry::on_page(Partition partition, const Result<redis::Reply>& reply) {
    CallQueue& queue = *surrounds_.queues[partition];
    if (!reply) {
        error_ = reply.error();
        queue.expiry_hint = 0;
    } else {
        // RESP3 answers pairs, RESP2 a flat list.
        const redis::ReplyView page = reply->view();
        const bool is_paired = page[0].is_array();
        const std::size_t step = is_paired ? 1 : 2;
        for (std::size_t at = 0; at < page.size(); at += step) {
            const redis::ReplyView member = is_paired ? page[at][0] : page[at];
            const redis::ReplyView score = is_paired ? page[at][1] : page[at + 1];
            const double expires_ms = std::strtod(std::string(score.text()).c_str(), nullptr);
            if (expires_ms >= static_cast<double>(now_ms_)) {
                queue.expiry_hint =
                    std::min(queue.expiry_hint, static_cast<UnixMillis>(expires_ms));
                break;
            }
            due_.push_back({expires_ms, partition, std::string(member.text())});
        }
        if (page.size() / step > std::min(2 * limit_, kPageMax)) {
            queue.expiry_hint = 0;  // there may be more
        }
    }
    if (--outstanding_ == 0) {
        forget();
    }
}

void Expiry::forget() {
    std::stable_sort(due_.begin(), due_.end(), [](const Due& one, const Due& other) {
        return one.expires_ms < other.expires_ms;
    });
    std::map<Partition, std::vector<std::string>> chosen;
    std::size_t sessions = 0;
    std::size_t answers = 0;
    for (Due& due : due_) {
        std::size_t& count = is_session(due.member) ? sessions : answers;
        if (count == limit_) {
            surrounds_.queues[due.partition]->expiry_hint = 0;  // next time
            continue;
        }
        ++count;
        chosen[due.partition].push_back(std::move(due.member));
    }
    outstanding_ = chosen.size() + 1;
    for (const auto& [partition, members] : chosen) {
        forget_in(partition, members);
    }
    one_less(0);
}

void Expiry::forget_in(Partition partition, const std::vector<std::string>& members) {
    const Keys& keys = surrounds_.keys;
    std::vector<std::string> touched = {keys.key(partition, "owner"),
                                        keys.key(partition, "expiry")};
    if (std::any_of(members.begin(), members.end(), is_session)) {
        touched.push_back(keys.key(partition, "sessions"));
        touched.push_back(keys.key(partition, "ended"));
    }
    if (!std::all_of(members.begin(), members.end(), is_session)) {
        touched.push_back(keys.key(partition, "answers"));
    }
    for (const std::string& member : members) {
        if (is_session(member)) {
            touched.push_back(keys.session(partition, member.substr(2)));
            if (surrounds_.has_journals) {
                touched.push_back(keys.journal(partition, member.substr(2)));
            }
        }
    }
    CallQueue& queue = *surrounds_.queues[partition];
    Call call;
    call.epoch = queue.epoch();
    call.command = redis::Command(forget_script(), touched);
    call.command->add(now_ms_);
    for (const std::string& member : members) {
        call.command->add(member);
    }
    call.done = [self = shared_from_this(), partition](const Result<CallAnswer>& answer) {
        if (!answer) {
            self->surrounds_.queues[partition]->expiry_hint = 0;
            self->one_less(answer.error());
        } else {
            self->one_less(parse_number(answer->text).value_or(0));
        }
    };
    queue.call(std::move(call));
}

void Expiry::one_less(const Result<std::size_t>& forgotten) {
    if (forgotten) {
        forgotten_ += *forgotten;
    } else {
        error_ = forgotten.error();
    }
    if (--outstanding_ > 0) {
        return;
    }
    if (forgotten_ == 0 && error_) {
        done_(*error_);
    } else {
        done_(forgotten_);
    }
}

}  // namespace fermata::redis_store

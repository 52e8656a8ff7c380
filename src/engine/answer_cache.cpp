#include "engine/answer_cache.h"

#include <utility>

#include "base/log.h"
#include "engine/shard.h"

namespace fermata::engine {

bool AnswerCache::enter(const std::string& key, SettledDone done) {
    const auto [found, is_new] = entries_.try_emplace(key);
    Entry& entry = found->second;
    if (entry.settled) {
        done(SettledAnswer{entry.kept, true});
        return false;
    }
    entry.waiting.push_back(std::move(done));
    return is_new;
}

void AnswerCache::claim(Partition partition, const std::string& key, SettledDone done,
                        std::function<void()> proceed) {
    if (!enter(key, std::move(done))) {
        return;
    }
    const Lane& lane = shard_.lane_of(partition);
    shard_.store().find_answer(
        partition, key,
        [this, key, &lane, asked = lane.generation, proceed = std::move(proceed),
         mailbox = shard_.mailbox()](Result<std::optional<store::AnswerRecord>> record) mutable {
            mailbox->post_answer([this, key, &lane, asked, proceed = std::move(proceed),
                                  record = std::move(record)] {
                if (!record) {
                    settle(key, record.error());
                } else if (asked != lane.generation || !lane.is_serving()) {
                    // Another instance may have answered since.
                    settle(key, lane.refusal());
                } else if (!record->has_value()) {
                    proceed();
                } else if (auto kept = decode_answer((*record)->answer); kept) {
                    keep(key, entries_[key], *std::move(kept), true);
                } else {
                    settle(key, kept.error());
                }
            });
        });
}

void AnswerCache::claim_unanswered(const std::string& key, SettledDone done,
                                   const std::function<void()>& proceed) {
    if (enter(key, std::move(done))) {
        proceed();
    }
}

void AnswerCache::settle(const std::string& key, Result<KeptAnswer> answer) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) {
        return;
    }
    if (answer) {
        keep(key, found->second, *std::move(answer), false);
        return;
    }
    const std::vector<SettledDone> waiting = std::move(found->second.waiting);
    entries_.erase(found);
    for (const SettledDone& done : waiting) {
        done(answer.error());
    }
}

void AnswerCache::keep(const std::string& key, Entry& entry, const KeptAnswer& kept,
                       bool repeated) {
    entry.settled = true;
    entry.kept = kept;
    const std::vector<SettledDone> waiting = std::exchange(entry.waiting, {});
    settled_.push_back(key);
    if (settled_.size() > kAnswersMax) {
        entries_.erase(settled_.front());
        settled_.pop_front();
    }
    // Only the first one started something; what the store knew, nobody here did.
    for (const SettledDone& done : waiting) {
        done(SettledAnswer{kept, std::exchange(repeated, true)});
    }
}

void AnswerCache::fail_all(const Error& reason) {
    auto entries = std::exchange(entries_, {});
    settled_.clear();
    for (const auto& [key, entry] : entries) {
        for (const SettledDone& done : entry.waiting) {
            done(reason);
        }
    }
}

}  // namespace fermata::engine

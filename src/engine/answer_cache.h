// AnswerCache: the first answers to requests with an Idempotency-Key, in front of the store's
// answer records.
//
// The first request with a key asks the store and, when it knows nothing, goes on; repetitions
// meanwhile wait for its answer. A failure is not kept: the next repetition tries again.
//
// Limits: kAnswersMax settled answers, oldest first out (the store still has them). Threads: the
// shard's thread only.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/session_id.h"
#include "engine/record_codec.h"

namespace fermata::engine {

class Shard;

struct SettledAnswer {
    KeptAnswer kept;
    bool repeated = false;
};
using SettledDone = std::function<void(Result<SettledAnswer>)>;

class AnswerCache {
  public:
    static constexpr std::size_t kAnswersMax = 10'000;

    explicit AnswerCache(Shard& shard) : shard_(shard) {}
    AnswerCache(const AnswerCache&) = delete;
    AnswerCache& operator=(const AnswerCache&) = delete;
    ~AnswerCache() = default;

    // Calls `proceed` when this is the first request with the key; it must lead to settle(). `done`
    // gets the answer in any case.
    void claim(Partition partition, const std::string& key, SettledDone done,
               std::function<void()> proceed);
    // The same when it is known that the store has no answer.
    void claim_unanswered(const std::string& key, SettledDone done,
                          const std::function<void()>& proceed);
    void settle(const std::string& key, Result<KeptAnswer> answer);
    // Answers everybody who waits.
    void fail_all(const Error& reason);

  private:
    struct Entry {
        bool settled = false;
        KeptAnswer kept;
        std::vector<SettledDone> waiting;
    };
    // True for the first request with the key; the others get the answer when it is there.
    bool enter(const std::string& key, SettledDone done);
    void keep(const std::string& key, Entry& entry, const KeptAnswer& kept, bool repeated);

    Shard& shard_;
    std::unordered_map<std::string, Entry> entries_;
    std::deque<std::string> settled_;  // oldest first
};

}  // namespace fermata::engine

// InboxReading: reads the inbox of a lane's partition from one number on, and finds out which of
// its entries were answered before.
//
// Owned by its own callbacks; one whose lane forgot its partition meanwhile ends without a word.
// Threads: the shard's thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/session_id.h"
#include "engine/record_codec.h"
#include "store/store.h"

namespace fermata::engine {

class Lane;
class Shard;

// An entry of an inbox, as it was found.
struct InboxEntry {
    std::uint64_t number = 0;
    SessionId session;
    Result<InboxPayload> payload;
    // The store has an answer for its key: it was consumed already, by another way.
    bool is_answered = false;
};

class InboxReading : public std::enable_shared_from_this<InboxReading> {
  public:
    using Done = std::function<void(Result<std::vector<InboxEntry>>)>;

    InboxReading(Shard& shard, Lane& lane, Done done);
    InboxReading(const InboxReading&) = delete;
    InboxReading& operator=(const InboxReading&) = delete;
    ~InboxReading() = default;

    // Entries with a number above `after`, in their order.
    void begin(std::uint64_t after);

  private:
    void read(std::uint64_t after);
    void on_page(Result<std::vector<store::InboxRecord>> page);
    void find_answers();
    void on_answer(std::size_t at, const Result<std::optional<store::AnswerRecord>>& answer);
    template <typename T, typename Step>
    std::function<void(Result<T>)> then(Step step);

    Shard& shard_;
    Lane& lane_;
    Done done_;
    const std::uint64_t generation_;
    std::vector<InboxEntry> entries_;
    std::size_t answers_left_ = 0;
    std::optional<Error> failure_;
};

}  // namespace fermata::engine

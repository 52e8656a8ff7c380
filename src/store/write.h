// Write: one call that changes the store, from being taken to being answered.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/planner.h"
#include "store/store.h"

namespace fermata::store {

class Write {
  public:
    explicit Write(std::size_t bytes) : bytes_(bytes) {}
    Write(const Write&) = delete;
    Write& operator=(const Write&) = delete;
    virtual ~Write() = default;

    // Roughly what it holds in memory until it is answered.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    // An error means that the planner's whole draft is useless; a refusal is no error here.
    virtual Result<void> plan(Planner& planner) = 0;
    // Exactly one of the following, once; plan() before answer().
    virtual void answer() = 0;
    virtual void fail(const Error& error) = 0;

  private:
    std::size_t bytes_;
};

template <typename Answer>
class TypedWrite final : public Write {
  public:
    using Plan = std::function<Result<Answer>(Planner&)>;

    TypedWrite(std::size_t bytes, Plan plan, Done<Answer> done)
        : Write(bytes), plan_(std::move(plan)), done_(std::move(done)) {}

    Result<void> plan(Planner& planner) override {
        outcome_ = plan_(planner);
        if (!*outcome_ && !is_refusal(outcome_->error())) {
            return outcome_->error();
        }
        return {};
    }
    void answer() override { done_(*std::move(outcome_)); }
    // A refusal stays what it is: it does not depend on anything being written.
    void fail(const Error& error) override {
        const bool refused = outcome_ && !*outcome_ && is_refusal(outcome_->error());
        done_(refused ? *std::move(outcome_) : Result<Answer>(error));
    }

  private:
    Plan plan_;
    Done<Answer> done_;
    std::optional<Result<Answer>> outcome_;
};

// What write_group() did.
struct GroupOutcome {
    std::size_t taken = 0;  // of the writes, from the first on
    std::size_t bytes = 0;  // handed to the medium
    Result<void> result;
};

// Plans the first of `writes`, until the group has more than `bytes_max`, and writes them as one.
// The caller answers those that were taken.
GroupOutcome write_group(Medium& medium, const JournalOptions& journal,
                         const std::vector<std::unique_ptr<Write>>& writes, std::size_t first,
                         std::size_t bytes_max);

}  // namespace fermata::store

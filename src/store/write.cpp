#include "store/write.h"

#include "store/draft.h"

namespace fermata::store {

GroupOutcome write_group(Medium& medium, const JournalOptions& journal,
                         const std::vector<std::unique_ptr<Write>>& writes, std::size_t first,
                         std::size_t bytes_max) {
    GroupOutcome outcome;
    Draft draft(medium);
    Planner planner(draft, journal);
    while (first + outcome.taken < writes.size() && draft.bytes() < bytes_max) {
        Write& write = *writes[first + outcome.taken];
        ++outcome.taken;
        outcome.result = write.plan(planner);
        if (!outcome.result) {
            return outcome;
        }
    }
    if (!draft.changes().empty()) {
        outcome.result = medium.write(draft.changes());
        outcome.bytes = draft.bytes();
    }
    return outcome;
}

}  // namespace fermata::store

// Queries: what each reading call of the store finds in its tables.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/medium.h"
#include "store/store.h"

namespace fermata::store {

// Threads: any; it holds nothing but the medium, which must outlive it.
class Queries {
  public:
    explicit Queries(const Medium& medium) : medium_(medium) {}

    Result<std::optional<SessionRecord>> session(const SessionId& session) const;
    Result<SessionPage> sessions(Partition partition, SessionPhase phase, const std::string& cursor,
                                 std::size_t limit) const;
    Result<TimerPage> timers(Partition partition, UnixMillis after_due, UnixMillis before_due,
                             std::size_t limit, std::size_t skip) const;
    Result<std::vector<TimerRecord>> timers(const SessionId& session) const;
    Result<std::vector<InboxRecord>> inbox(Partition partition, std::uint64_t after_number,
                                           std::size_t limit) const;
    Result<std::vector<OutboxRecord>> outbox(Partition partition, std::uint64_t after_number,
                                             std::size_t limit) const;
    Result<std::vector<JournalRecord>> journal(const SessionId& session, std::size_t limit) const;
    Result<std::optional<AnswerRecord>> answer(Partition partition, const std::string& key) const;
    Result<PartitionRecord> partition(Partition partition) const;
    Result<AnswerPage> answers(Partition partition, const std::string& cursor,
                               std::size_t limit) const;
    Result<std::optional<std::string>> document(const std::string& hash) const;
    Result<std::optional<DocumentName>> document_name(const std::string& name) const;
    Result<std::vector<DocumentName>> document_names() const;
    Result<std::vector<NodeRecord>> nodes() const;
    Result<OwnerList> owners(Partition partition_count) const;

  private:
    const Medium& medium_;
};

}  // namespace fermata::store

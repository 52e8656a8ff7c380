#include "app/store_reading.h"

#include <algorithm>
#include <set>
#include <utility>

#include "app/store_asking.h"
#include "base/log.h"
#include "engine/record_codec.h"

namespace fermata::app {

namespace {

constexpr std::size_t kPage = 200;

struct SessionAnswers {
    Pending<std::optional<store::SessionRecord>> record;
    Pending<std::vector<store::TimerRecord>> timers;
    Pending<std::vector<store::JournalRecord>> journal;
};

class StoreReading {
  public:
    StoreReading(store::Store& store, const ReadingOptions& options, const PieceSink& sink)
        : store_(store), options_(options), sink_(sink) {}

    Result<StoreCounts> run() {
        const store::Facts facts = store_.facts();
        FERMATA_TRY(sink_(StoreHead{facts.kind, facts.partition_count}));
        std::vector<store::PartitionRecord> before;
        for (Partition partition = 0; partition < facts.partition_count; ++partition) {
            FERMATA_TRY_ASSIGN(auto record, take(partition));
            before.push_back(std::move(record));
        }
        FERMATA_TRY(read_names());
        for (Partition partition = 0; partition < facts.partition_count; ++partition) {
            FERMATA_TRY(read(partition, before[partition]));
        }
        FERMATA_TRY(expect_unchanged(before));
        FERMATA_TRY(sink_(counts_));
        return counts_;
    }

  private:
    Result<store::PartitionRecord> describe(Partition partition) {
        return ask_store<store::PartitionRecord>(
            [&](auto done) { store_.read_partition(partition, std::move(done)); });
    }

    Result<store::PartitionRecord> take(Partition partition) {
        if (options_.claim) {
            FERMATA_TRY(ask_store<store::Epoch>(
                [&](auto done) { store_.claim(partition, options_.node, std::move(done)); }));
        }
        return describe(partition);
    }

    Result<void> expect_unchanged(const std::vector<store::PartitionRecord>& before) {
        const auto count = static_cast<Partition>(before.size());
        for (Partition partition = 0; partition < count; ++partition) {
            FERMATA_TRY_ASSIGN(const store::PartitionRecord now, describe(partition));
            if (now != before[partition]) {
                return Error(ErrorCode::kConflict,
                             "partition " + std::to_string(partition) +
                                 " changed while it was read: a server runs on this store; stop "
                                 "it, or take its partitions over (--take-over)");
            }
        }
        return {};
    }

    Result<void> read_names() {
        FERMATA_TRY_ASSIGN(const auto names,
                           ask_store<std::vector<store::DocumentName>>(
                               [&](auto done) { store_.list_document_names(std::move(done)); }));
        for (const store::DocumentName& name : names) {
            FERMATA_TRY(read_document(name.hash));
            ++counts_.names;
            FERMATA_TRY(sink_(name));
        }
        return {};
    }

    Result<void> read_document(const std::string& hash) {
        if (!documents_.insert(hash).second) {
            return {};
        }
        FERMATA_TRY_ASSIGN(auto bytes, ask_store<std::optional<std::string>>([&](auto done) {
                               store_.find_document(hash, std::move(done));
                           }));
        if (!bytes) {
            log::warning("a document is not in the store", {{"hash", hash}});
            return {};
        }
        ++counts_.documents;
        return sink_(StoredDocument{hash, *std::move(bytes)});
    }

    Result<void> read(Partition partition, const store::PartitionRecord& record) {
        FERMATA_TRY(sink_(StoredPartition{partition, record.next_number, record.senders}));
        for (const store::SessionPhase phase : store::kSessionPhases) {
            FERMATA_TRY(read_sessions(partition, phase));
        }
        FERMATA_TRY(read_inbox(partition));
        FERMATA_TRY(read_outbox(partition));
        return read_answers(partition);
    }

    Result<void> read_sessions(Partition partition, store::SessionPhase phase) {
        std::string cursor;
        do {
            FERMATA_TRY_ASSIGN(const auto page, ask_store<store::SessionPage>([&](auto done) {
                                   store_.list_sessions(partition, phase, cursor, kPage,
                                                        std::move(done));
                               }));
            FERMATA_TRY(read_page(page));
            cursor = page.next;
            if (options_.progress) {
                options_.progress(counts_.sessions);
            }
        } while (!cursor.empty());
        return {};
    }

    Result<void> read_page(const store::SessionPage& page) {
        std::vector<SessionAnswers> answers;
        answers.reserve(page.sessions.size());
        for (const store::SessionRecord& listed : page.sessions) {
            answers.push_back(ask(listed.session));
        }
        for (SessionAnswers& answer : answers) {
            FERMATA_TRY_ASSIGN(auto record, answer.record.get());
            FERMATA_TRY_ASSIGN(auto timers, answer.timers.get());
            FERMATA_TRY_ASSIGN(auto journal, answer.journal.get());
            if (record) {  // else it expired meanwhile
                FERMATA_TRY(pass_on(
                    {*std::move(record), std::move(timers), {journal.rbegin(), journal.rend()}}));
            }
        }
        return {};
    }

    SessionAnswers ask(const SessionId& session) {
        return {Pending<std::optional<store::SessionRecord>>(
                    [&](auto done) { store_.load_session(session, std::move(done)); }),
                Pending<std::vector<store::TimerRecord>>(
                    [&](auto done) { store_.session_timers(session, std::move(done)); }),
                Pending<std::vector<store::JournalRecord>>([&](auto done) {
                    store_.list_journal(session, kJournalMax, std::move(done));
                })};
    }

    Result<void> pass_on(StoredSession session) {
        if (!session.record.end) {
            if (const std::string* bytes = session.record.find("meta"); bytes != nullptr) {
                if (const auto meta = engine::decode_meta(*bytes); meta) {
                    FERMATA_TRY(read_document(meta->chart_hash));
                }
            }
        }
        // The order in which a store keeps fields is its own; two exports shall compare.
        std::sort(session.record.fields.begin(), session.record.fields.end(),
                  [](const store::Field& left, const store::Field& right) {
                      return left.name < right.name;
                  });
        ++counts_.sessions;
        counts_.ended += session.record.end ? 1 : 0;
        counts_.timers += session.timers.size();
        return sink_(std::move(session));
    }

    Result<void> read_inbox(Partition partition) {
        for (std::uint64_t after = 0;;) {
            FERMATA_TRY_ASSIGN(const auto page,
                               ask_store<std::vector<store::InboxRecord>>([&](auto done) {
                                   store_.list_inbox(partition, after, kPage, std::move(done));
                               }));
            for (const store::InboxRecord& record : page) {
                after = record.number;
                ++counts_.inbox;
                FERMATA_TRY(sink_(record));
            }
            if (page.size() < kPage) {
                return {};
            }
        }
    }

    Result<void> read_outbox(Partition partition) {
        for (std::uint64_t after = 0;;) {
            FERMATA_TRY_ASSIGN(const auto page,
                               ask_store<std::vector<store::OutboxRecord>>([&](auto done) {
                                   store_.list_outbox(partition, after, kPage, std::move(done));
                               }));
            for (const store::OutboxRecord& record : page) {
                after = record.number;
                ++counts_.outbox;
                FERMATA_TRY(sink_(record));
            }
            if (page.size() < kPage) {
                return {};
            }
        }
    }

    Result<void> read_answers(Partition partition) {
        std::string cursor;
        do {
            FERMATA_TRY_ASSIGN(auto page, ask_store<store::AnswerPage>([&](auto done) {
                                   store_.list_answers(partition, cursor, kPage, std::move(done));
                               }));
            for (store::AnswerRecord& answer : page.answers) {
                ++counts_.answers;
                FERMATA_TRY(sink_(StoredAnswer{partition, std::move(answer)}));
            }
            cursor = page.next;
        } while (!cursor.empty());
        return {};
    }

    static constexpr std::size_t kJournalMax = 1'000'000;  // as [journal] length may be

    store::Store& store_;
    const ReadingOptions& options_;
    const PieceSink& sink_;
    std::set<std::string> documents_;
    StoreCounts counts_;
};

}  // namespace

Result<StoreCounts> read_store(store::Store& store, const ReadingOptions& options,
                               const PieceSink& sink) {
    return StoreReading(store, options, sink).run();
}

}  // namespace fermata::app

// A whole store to a file and into another one: everything is there again, byte by byte.
#include "app/store_moving.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/base64.h"
#include "app/store_lines.h"
#include "app/store_reading.h"
#include "app/store_showing.h"
#include "engine/record_codec.h"
#include "store/embedded_store.h"
#include "store/forwarding_store.h"
#include "store/memory_store.h"
#include "store/testing.h"

namespace fermata::app {
namespace {

using testing::HasSubstr;

constexpr Partition kPartitions = 4;
const store::JournalOptions kJournal{5};

std::string all_bytes() {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) {
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

class StoreMovingTest : public testing::Test {
  protected:
    void SetUp() override { fill(source_); }

    static std::string meta(const SessionId& session, const std::string& key) {
        engine::SessionMeta meta;
        meta.session = session;
        meta.chart_hash = "hash-of-chart";
        meta.key = key;
        meta.application = "orders";
        meta.created_ms = 1000;
        return engine::encode(meta, engine::record_format_newest());
    }
    // A live session in partition 1 with everything that may belong to it, one that has ended, many
    // small ones, and events that partition 2 received from partition 1.
    static void fill(store::Store& store) {
        const auto put = [&](const std::string& hash, const std::string& bytes) {
            ASSERT_TRUE(
                store::wait<bool>([&](auto done) { store.put_document(hash, bytes, done); }));
        };
        put("hash-of-chart", all_bytes());
        put("hash-of-name", "a text");
        put("nobody needs it", "x");
        ASSERT_TRUE(store::wait<bool>([&](auto done) {
            store.put_document_name({"order", "hash-of-name", 77}, done);
        }));
        const SessionId live = store::test_session(1, 1);
        const SessionId ended = store::test_session(2, 1);
        commit(store, live_steps(live, ended));
        std::vector<store::SessionCommit> many;
        for (std::uint64_t number = 100; number < 900; ++number) {
            const SessionId session = store::test_session(number, 3);
            many.push_back(store::test_step(session, 1, std::string(1000, 'x')));
            many.back().fields.push_back({"meta", meta(session, "")});
        }
        commit(store, many);
        store::InboxAppend append;
        append.partition = 2;
        append.from = 1;
        append.from_numbers = {3, 9};
        append.records = {{store::test_session(5, 2), 0, all_bytes()},
                          {store::test_session(5, 2), 0, "second"}};
        ASSERT_TRUE(
            store::wait<store::InboxAnswer>([&](auto done) { store.append_inbox(append, done); }));
    }
    static std::vector<store::SessionCommit> live_steps(const SessionId& live,
                                                        const SessionId& ended) {
        store::SessionCommit first = store::test_step(live, 1, all_bytes());
        first.fields.push_back({"meta", meta(live, "order-42")});
        first.fields.push_back({"d.\xff name", all_bytes()});
        first.timers_set = {{live, 1, 5000, "t"}, {live, 2, 4000, all_bytes()}};
        first.inbox_added = {{live, 0, all_bytes()}};
        first.outbox_added = {{live, 1, 0, 0, "out"}, {live, 1, 1, 0, all_bytes()}};
        first.answers = {{"start/key \xfe", all_bytes(), 123'456}};
        first.journal = store::JournalRecord{live, 1, 1000, "j1"};
        store::SessionCommit second = store::test_step(live, 2, "s2");
        second.journal = store::JournalRecord{live, 2, 2000, "j2"};
        store::SessionCommit last = store::test_step(ended, 1, "s");
        last.fields.push_back({"meta", meta(ended, "")});
        last.end = store::EndRecord{
            engine::encode(engine::EndPayload(), engine::record_format_newest()), 9'000'000};
        return {first, second, last};
    }
    static void commit(store::Store& store, std::vector<store::SessionCommit> sessions) {
        store::CommitBatch batch;
        batch.partition = sessions.front().session.partition();
        batch.epoch =
            *store::wait<store::Epoch>([&](auto done) { store.claim(batch.partition, 7, done); });
        batch.sessions = std::move(sessions);
        ASSERT_TRUE(
            store::wait<store::CommitAnswer>([&](auto done) { store.commit(batch, done); }));
    }
    // Everything, as the lines of an export; but the head, which names the kind of store.
    static std::string contents(store::Store& store) {
        std::string text;
        const auto counts = read_store(store, {}, [&](const StoredPiece& piece) -> Result<void> {
            text += std::holds_alternative<StoreHead>(piece) ? "" : to_line(piece) + "\n";
            return {};
        });
        EXPECT_TRUE(counts) << counts.error().to_string();
        return text;
    }
    std::string path(const std::string& name) { return (folder_.path() / name).string(); }
    std::string exported() {
        std::string file = path("export.jsonl");
        EXPECT_TRUE(export_store(source_, file, {}));
        return file;
    }
    static std::string read(const std::string& file) {
        std::stringstream text;
        text << std::ifstream(file, std::ios::binary).rdbuf();
        return text.str();
    }

    store::TemporaryFolder folder_;
    store::MemoryStore source_{{kPartitions, kJournal}};
    store::MemoryStore target_{{kPartitions, kJournal}};
};

TEST_F(StoreMovingTest, AnExportThatIsImportedGivesTheSameStore) {
    const std::string file = exported();

    const auto outcome = import_store(target_, file, {});

    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(outcome->counts, (StoreCounts{802, 1, 2, 3, 2, 1, 2, 1}));
    EXPECT_EQ(contents(target_), contents(source_));
    EXPECT_THAT(contents(source_), HasSubstr("\"senders\":[[1,9]]"));
}

TEST_F(StoreMovingTest, MigrationReachesAnEmbeddedStoreAndBack) {
    store::EmbeddedOptions options;
    options.folder = folder_.path() / "store";
    options.partition_count = kPartitions;
    options.journal = kJournal;
    auto embedded = store::EmbeddedStore::open(options);
    ASSERT_TRUE(embedded) << embedded.error().message();

    ASSERT_TRUE(migrate_store(source_, **embedded, {}));
    EXPECT_EQ(contents(**embedded), contents(source_));
    ASSERT_TRUE(migrate_store(**embedded, target_, {}));
    EXPECT_EQ(contents(target_), contents(source_));
}

TEST_F(StoreMovingTest, LinesAreReadBackAsTheyWereWritten) {
    std::istringstream lines(read(exported()));
    std::string line;
    int count = 0;
    for (; std::getline(lines, line); ++count) {
        const auto piece = from_line(line);
        ASSERT_TRUE(piece) << piece.error().message() << "\n" << line;
        EXPECT_EQ(to_line(*piece), line);
    }
    EXPECT_GT(count, 800);
}

TEST_F(StoreMovingTest, SessionsThatAreThereAlreadyAreRefusedBeforeAnythingIsWritten) {
    const std::string file = exported();
    commit(target_, {store::test_step(store::test_session(300, 3), 1, "mine")});
    const std::string before = contents(target_);

    const auto refused = import_store(target_, file, {});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
    EXPECT_THAT(refused.error().message(), HasSubstr("1 of the sessions are in this store"));
    EXPECT_EQ(contents(target_), before);
    EXPECT_FALSE(migrate_store(source_, target_, {}));
    EXPECT_EQ(contents(target_), before);
}

TEST_F(StoreMovingTest, OtherSessionsOfTheTargetStay) {
    const std::string file = exported();
    commit(target_, {store::test_step(store::test_session(5000, 0), 1, "mine")});

    ASSERT_TRUE(import_store(target_, file, {}));

    const auto counts = read_store(target_, {}, [](const StoredPiece&) { return Result<void>(); });
    EXPECT_EQ(counts->sessions, 803U);
}

// Fails after some imports, as a store that goes away.
class BreakingStore final : public store::ForwardingStore {
  public:
    using ForwardingStore::ForwardingStore;
    void import_records(store::ImportBatch batch, store::Done<std::size_t> done) override {
        if (left_-- > 0) {
            ForwardingStore::import_records(std::move(batch), std::move(done));
        } else {
            done(Error(ErrorCode::kUnavailable, "gone"));
        }
    }

  private:
    int left_ = 2;
};

TEST_F(StoreMovingTest, AnImportThatBrokeOffGoesOn) {
    const std::string file = exported();
    BreakingStore breaking(target_);
    ASSERT_FALSE(import_store(breaking, file, {}));
    ASSERT_NE(contents(target_), contents(source_));

    EXPECT_EQ(import_store(target_, file, {}).error().code(), ErrorCode::kConflict);
    MovingOptions resume;
    resume.resume = true;
    ASSERT_TRUE(import_store(target_, file, resume));
    EXPECT_EQ(contents(target_), contents(source_));
}

TEST_F(StoreMovingTest, AnotherPartitionCountIsRefused) {
    store::MemoryStore other({kPartitions * 2, kJournal});

    const auto refused = import_store(other, exported(), {});

    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("partitions=4"));
}

TEST_F(StoreMovingTest, LinesThatAreLostOrDamagedAreNoticed) {
    const std::string file = exported();
    std::string text = read(file);
    const std::size_t line = text.find("\n{\"session\"");
    const std::string lost = path("lost.jsonl");
    std::ofstream(lost) << text.substr(0, line) << text.substr(text.find('\n', line + 1));
    const std::string damaged = path("damaged.jsonl");
    std::ofstream(damaged) << text.substr(0, line) << "\n{\"session\": 5}\n";
    const std::string headless = path("headless.jsonl");
    std::ofstream(headless) << text.substr(text.find('\n') + 1);
    const std::string newer = path("newer.jsonl");
    std::ofstream(newer) << R"({"fermata":"export","format":99,"store":"x","partitions":4})"
                         << "\n";

    const std::string cut = path("cut.jsonl");
    std::ofstream(cut) << text.substr(0, text.rfind('\n', text.size() - 2) + 1);

    EXPECT_THAT(import_store(target_, cut, {}).error().message(), HasSubstr("cut off"));
    EXPECT_THAT(import_store(target_, lost, {}).error().message(),
                HasSubstr("the export is not complete"));
    const std::string where = import_store(target_, damaged, {}).error().message();
    EXPECT_THAT(where, HasSubstr(damaged + ":"));
    EXPECT_THAT(where, HasSubstr("no line of an export"));
    EXPECT_THAT(import_store(target_, headless, {}).error().message(),
                HasSubstr("does not begin with its head"));
    EXPECT_THAT(import_store(target_, newer, {}).error().message(), HasSubstr("newer version"));
    EXPECT_FALSE(import_store(target_, path("nowhere"), {}));
    const auto counts = read_store(target_, {}, [](const StoredPiece&) { return Result<void>(); });
    EXPECT_EQ(counts->sessions, 0U) << "something was written";
}

TEST_F(StoreMovingTest, AnExportIsWholeOrNotThereAndOverwritesNothing) {
    const std::string file = exported();
    EXPECT_EQ(export_store(source_, file, {}).error().code(), ErrorCode::kConflict);
    EXPECT_EQ(std::filesystem::status(file).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);

    source_.close();
    EXPECT_FALSE(export_store(source_, path("second.jsonl"), {}));
    EXPECT_FALSE(std::filesystem::exists(path("second.jsonl")));
    EXPECT_FALSE(std::filesystem::exists(path("second.jsonl.part")));
}

TEST_F(StoreMovingTest, ADocumentNameOfTheTargetStays) {
    ASSERT_TRUE(store::wait<bool>([&](auto done) {
        target_.put_document_name({"order", "another hash", 99}, done);
    }));

    const auto outcome = import_store(target_, exported(), {});

    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(outcome->kept_names, std::vector<std::string>{"order"});
}

// Somebody commits while the export reads.
class BusyStore final : public store::ForwardingStore {
  public:
    using ForwardingStore::ForwardingStore;
    void read_partition(Partition partition, store::Done<store::PartitionRecord> done) override {
        ForwardingStore::read_partition(
            partition, [this, done = std::move(done)](Result<store::PartitionRecord> record) {
                record->revision = ++reads_;
                done(std::move(record));
            });
    }

  private:
    std::uint64_t reads_ = 0;
};

TEST_F(StoreMovingTest, AStoreThatIsInUseIsNotExported) {
    BusyStore busy(source_);

    const auto refused = export_store(busy, path("busy.jsonl"), {});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
    EXPECT_THAT(refused.error().message(), HasSubstr("a server runs on this store"));
    EXPECT_FALSE(std::filesystem::exists(path("busy.jsonl")));
    EXPECT_EQ(store_info(busy)->counts.sessions, 802U) << "numbers may change while it counts";
}

TEST_F(StoreMovingTest, TakingOverFencesWhoeverServedThePartitions) {
    MovingOptions options;
    options.take_over = true;
    const auto epoch = [this] {
        return store::wait<store::PartitionRecord>(
                   [this](auto done) { source_.read_partition(1, done); })
            ->epoch;
    };
    const store::Epoch before = epoch();

    ASSERT_TRUE(migrate_store(source_, target_, options));

    EXPECT_EQ(epoch(), before + 1);
}

TEST_F(StoreMovingTest, ShowsWhatIsInAStore) {
    const auto info = store_info(source_);
    ASSERT_TRUE(info) << info.error().message();
    EXPECT_EQ(info->counts, (StoreCounts{802, 1, 2, 3, 2, 1, 2, 1}));
    EXPECT_EQ(info->partitions_by_node, (std::map<std::uint32_t, std::size_t>{{0, 2}, {7, 2}}));
    EXPECT_THAT(info_text(*info, "here"), HasSubstr("801 live, 1 ended"));
    EXPECT_THAT(info_json(*info, "here"), HasSubstr("\"sessions_live\":801"));

    const auto listed = list_stored(source_, 5);
    ASSERT_EQ(listed->size(), 5U);
    EXPECT_THAT(summaries_text(*listed), HasSubstr("order-42"));
    EXPECT_THAT(summaries_json(*listed), HasSubstr("\"key\":\"order-42\""));
    EXPECT_EQ(list_stored(source_, 10'000)->size(), 802U);
    EXPECT_EQ(show_stored(source_, "nobody").error().code(), ErrorCode::kNotFound);
}

TEST(Base64Test, FollowsTheStandard) {
    for (const auto& [bytes, text] : {std::pair<std::string, std::string>("", ""),
                                      {"f", "Zg=="},
                                      {"fo", "Zm8="},
                                      {"foo", "Zm9v"},
                                      {"foob", "Zm9vYg=="},
                                      {"fooba", "Zm9vYmE="},
                                      {"foobar", "Zm9vYmFy"}}) {
        EXPECT_EQ(to_base64(bytes), text);
        EXPECT_EQ(from_base64(text), bytes);
    }
    EXPECT_EQ(from_base64(to_base64(all_bytes())), all_bytes());
    for (const char* wrong : {"Z", "Zg=", "Zg", "Zh==", "Zm9=", "Z===", "Zm 9", "=m9v", "Zm9v\n"}) {
        EXPECT_FALSE(from_base64(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace fermata::app

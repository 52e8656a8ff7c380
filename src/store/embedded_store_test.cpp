#include "store/embedded_store.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/keys.h"
#include "store/rocks_medium.h"
#include "store/store_folder.h"
#include "store/testing.h"

namespace fermata::store {
namespace {

namespace fs = std::filesystem;

EmbeddedOptions options_of(const fs::path& folder) {
    EmbeddedOptions options;
    options.folder = folder;
    return options;
}

std::unique_ptr<EmbeddedStore> opened(const EmbeddedOptions& options) {
    auto store = EmbeddedStore::open(options);
    EXPECT_TRUE(store) << store.error().to_string();
    return store ? *std::move(store) : nullptr;
}

Error refusal(const EmbeddedOptions& options) {
    const auto store = EmbeddedStore::open(options);
    EXPECT_FALSE(store);
    return store ? Error(ErrorCode::kInternal, "opened") : store.error();
}

bool has(const Error& error, std::string_view part) {
    return error.message().find(part) != std::string::npos;
}

Epoch claim(Store& store) {
    return *wait<Epoch>([&](auto done) { store.claim(0, 1, done); });
}

bool commit(Store& store, Epoch epoch, const SessionCommit& step) {
    CommitBatch batch;
    batch.epoch = epoch;
    batch.sessions.push_back(step);
    const auto answer =
        wait<CommitAnswer>([&](auto done) { store.commit(std::move(batch), done); });
    return answer && answer->sessions[0].status != CommitStatus::kConflict;
}

Result<std::optional<SessionRecord>> load(Store& store, const SessionId& session) {
    return wait<std::optional<SessionRecord>>(
        [&](auto done) { store.load_session(session, done); });
}

// Sequence number of a session; 0 when it is not there.
std::uint64_t stored_seq(Store& store, const SessionId& session) {
    const auto record = load(store, session);
    EXPECT_TRUE(record) << record.error().to_string();
    return record && *record ? (*record)->seq : 0;
}

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void write_file(const fs::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// The files of a kind, in the order of their numbers.
std::vector<fs::path> files(const fs::path& folder, std::string_view extension) {
    std::vector<fs::path> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == extension) {
            found.push_back(entry.path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

class EmbeddedStoreTest : public testing::Test {
  protected:
    // Steps 1 to `count` of a session, and the size of the log after each.
    std::vector<std::uintmax_t> commit_steps(const fs::path& folder, std::uint64_t count) {
        const auto store = opened(options_of(folder));
        const Epoch epoch = claim(*store);
        std::vector<std::uintmax_t> sizes;
        for (std::uint64_t seq = 1; seq <= count; ++seq) {
            EXPECT_TRUE(commit(*store, epoch, test_step(session_, seq, "state")));
            sizes.push_back(fs::file_size(files(folder, ".log").back()));
        }
        return sizes;
    }

    const SessionId session_ = test_session(1);
    TemporaryFolder temporary_;
    const fs::path folder_ = temporary_.path() / "store";
};

TEST_F(EmbeddedStoreTest, WhatWasAnsweredIsThereAfterReopening) {
    commit_steps(folder_, 3);

    const auto store = opened(options_of(folder_));
    EXPECT_EQ(stored_seq(*store, session_), 3U);
    EXPECT_EQ(claim(*store), 2U);
    EXPECT_EQ(store->facts().kind, "embedded");
    EXPECT_TRUE(store->facts().durable);
}

TEST_F(EmbeddedStoreTest, NumbersGoOnAfterReopening) {
    SessionCommit step = test_step(session_, 1, "s");
    step.outbox_added.push_back({session_, 1, 0, 0, "effect"});
    {
        const auto store = opened(options_of(folder_));
        EXPECT_TRUE(commit(*store, claim(*store), step));
    }
    const auto store = opened(options_of(folder_));
    step.expected_seq = 1;
    step.seq = 2;
    EXPECT_TRUE(commit(*store, claim(*store), step));
    const auto outbox =
        *wait<std::vector<OutboxRecord>>([&](auto done) { store->list_outbox(0, 0, 10, done); });
    ASSERT_EQ(outbox.size(), 2U);
    EXPECT_GT(outbox[1].number, outbox[0].number);
}

// Ended sessions were once listed with the live ones.
TEST_F(EmbeddedStoreTest, AFolderWithOneListingForAllSessionsIsRead) {
    SessionCommit only = test_step(session_, 1, "s");
    only.created_ms = 1000;
    only.end = EndRecord{"end", 9000};
    {
        const auto store = opened(options_of(folder_));
        ASSERT_TRUE(commit(*store, claim(*store), only));
    }
    const auto key_in = [&](Table table) {
        return Key(0, table).time(1000).session(session_).bytes();
    };
    {
        const auto medium = open_rocks_medium(options_of(folder_), false);
        ASSERT_TRUE(medium) << medium.error().to_string();
        ASSERT_TRUE(*(*medium)->get(key_in(Table::kEndedListing)));
        ASSERT_TRUE((*medium)->write(
            {{key_in(Table::kEndedListing), std::nullopt}, {key_in(Table::kListing), ""}}));
    }
    {
        const auto store = opened(options_of(folder_));
        const auto live = wait<SessionPage>(
            [&](auto done) { store->list_sessions(0, SessionPhase::kLive, "", 10, done); });
        ASSERT_TRUE(live) << live.error().to_string();
        EXPECT_TRUE(live->sessions.empty());
        EXPECT_EQ(*wait<std::size_t>([&](auto done) { store->expire(9001, 10, done); }), 1U);
    }
    const auto medium = open_rocks_medium(options_of(folder_), false);
    ASSERT_TRUE(medium) << medium.error().to_string();
    EXPECT_FALSE(*(*medium)->get(key_in(Table::kListing)));
}

TEST_F(EmbeddedStoreTest, TheFolderBelongsToOneStoreAtATime) {
    const auto store = opened(options_of(folder_));

    const Error error = refusal(options_of(folder_));
    EXPECT_EQ(error.code(), ErrorCode::kConflict);
    EXPECT_TRUE(has(error, "in use by another process")) << error.message();
    EXPECT_TRUE(commit(*store, claim(*store), test_step(session_, 1, "s")));
}

TEST_F(EmbeddedStoreTest, FoldersWithOtherFilesAreRefused) {
    fs::create_directories(folder_);
    write_file(folder_ / "holiday.jpg", "x");

    const Error error = refusal(options_of(folder_));
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_TRUE(has(error, "holiday.jpg")) << error.message();
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(EmbeddedStoreTest, FilesInPlaceOfTheFolderAreRefused) {
    write_file(folder_, "x");
    EXPECT_EQ(refusal(options_of(folder_)).code(), ErrorCode::kInvalidArgument);
}

TEST_F(EmbeddedStoreTest, CreationThatWasCutShortIsBegunAgain) {
    commit_steps(folder_, 1);
    fs::rename(folder_ / "FERMATA", folder_ / "FERMATA.new");

    EXPECT_TRUE(opened(options_of(folder_)));
    EXPECT_TRUE(fs::exists(folder_ / "FERMATA"));
}

TEST_F(EmbeddedStoreTest, NeverStartsEmptyWhenFilesAreMissing) {
    commit_steps(folder_, 1);
    const fs::path kept = temporary_.path() / "kept";
    fs::copy(folder_, kept);
    for (const char* missing : {"CURRENT", ".log", "MANIFEST"}) {
        for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
            if (entry.path().string().find(missing) != std::string::npos) {
                fs::remove(entry.path());
            }
        }
        const Error error = refusal(options_of(folder_));
        EXPECT_FALSE(error.message().empty());
        EXPECT_NE(error.code(), ErrorCode::kInternal) << "without " << missing;
        fs::remove_all(folder_);
        fs::copy(kept, folder_);
    }
    EXPECT_EQ(stored_seq(*opened(options_of(folder_)), session_), 1U);
}

TEST_F(EmbeddedStoreTest, AnotherPartitionCountIsRefused) {
    commit_steps(folder_, 1);
    EmbeddedOptions options = options_of(folder_);
    options.partition_count = 128;
    const Error error = refusal(options);
    EXPECT_EQ(error.code(), ErrorCode::kConflict);
    EXPECT_TRUE(has(error, "256")) << error.message();
    options.partition_count = 0;
    EXPECT_EQ(refusal(options).code(), ErrorCode::kInvalidArgument);
}

TEST_F(EmbeddedStoreTest, NewerFormatsAndDamagedMarkersAreRefused) {
    commit_steps(folder_, 1);
    write_file(folder_ / "FERMATA", "fermata embedded store\nformat 99\npartitions 256\n");
    EXPECT_TRUE(has(refusal(options_of(folder_)), "format 99"));
    write_file(folder_ / "FERMATA", "something else");
    EXPECT_EQ(refusal(options_of(folder_)).code(), ErrorCode::kCorrupt);
}

// Power fails in the middle of the last write, wherever that is: everything before it is there.
TEST_F(EmbeddedStoreTest, AnIncompleteLastRecordIsCutOff) {
    const fs::path whole = temporary_.path() / "whole";
    const auto sizes = commit_steps(whole, 4);
    const fs::path log = files(whole, ".log").back();
    const std::string bytes = read_file(log);
    ASSERT_EQ(bytes.size(), sizes[3]);
    for (std::uintmax_t size = sizes[2]; size <= sizes[3]; ++size) {
        fs::copy(whole, folder_, fs::copy_options::recursive);
        write_file(folder_ / log.filename(), bytes.substr(0, size));

        const auto store = opened(options_of(folder_));
        ASSERT_TRUE(store) << "cut to " << size;
        const std::uint64_t seq = stored_seq(*store, session_);
        ASSERT_EQ(seq, size == sizes[3] ? 4U : 3U) << "cut to " << size;
        store->close();
        fs::remove_all(folder_);
    }
}

// Damage that no power failure explains is never skipped over.
TEST_F(EmbeddedStoreTest, DamageInTheMiddleOfTheLogIsRefused) {
    const fs::path whole = temporary_.path() / "whole";
    const auto sizes = commit_steps(whole, 4);
    const fs::path log = files(whole, ".log").back();
    for (std::uintmax_t at = sizes[1]; at < sizes[2]; ++at) {
        fs::copy(whole, folder_, fs::copy_options::recursive);
        std::string bytes = read_file(log);
        bytes[at] = static_cast<char>(bytes[at] ^ 0x20);
        write_file(folder_ / log.filename(), bytes);

        const Error error = refusal(options_of(folder_));
        EXPECT_EQ(error.code(), ErrorCode::kCorrupt) << "byte " << at << ": " << error.message();
        EXPECT_TRUE(has(error, log.filename().string())) << error.message();
        fs::remove_all(folder_);
    }
}

// Only its checksum tells a damaged last record from one that was cut off.
TEST_F(EmbeddedStoreTest, DamageInTheLastRecordOfTheLogIsRefused) {
    const fs::path whole = temporary_.path() / "whole";
    const auto sizes = commit_steps(whole, 4);
    const fs::path log = files(whole, ".log").back();
    for (std::uintmax_t at = sizes[2]; at < sizes[3]; ++at) {
        fs::copy(whole, folder_, fs::copy_options::recursive);
        std::string bytes = read_file(log);
        bytes[at] = static_cast<char>(bytes[at] ^ 0x20);
        write_file(folder_ / log.filename(), bytes);

        EXPECT_EQ(refusal(options_of(folder_)).code(), ErrorCode::kCorrupt) << "byte " << at;
        fs::remove_all(folder_);
    }
}

TEST_F(EmbeddedStoreTest, RecordsOfManyBlocksAreCheckedToo) {
    {
        const auto store = opened(options_of(folder_));
        const Epoch epoch = claim(*store);
        for (std::uint64_t seq = 1; seq <= 40; ++seq) {
            ASSERT_TRUE(
                commit(*store, epoch, test_step(session_, seq, std::string(seq * 997, 's'))));
        }
    }
    const fs::path log = files(folder_, ".log").back();
    ASSERT_GT(fs::file_size(log), 500'000U);
    const std::string bytes = read_file(log);
    std::string damaged = bytes;
    damaged[200'000] = static_cast<char>(damaged[200'000] ^ 1);
    write_file(log, damaged);
    EXPECT_EQ(refusal(options_of(folder_)).code(), ErrorCode::kCorrupt);
    write_file(log, std::string_view(bytes).substr(0, bytes.size() - 35'000));
    EXPECT_EQ(stored_seq(*opened(options_of(folder_)), session_), 39U);
}

TEST_F(EmbeddedStoreTest, DamageInASortedFileIsReportedWithItsName) {
    commit_steps(folder_, 4);
    opened(options_of(folder_));  // recovery turns the log into a sorted file
    const auto tables = files(folder_, ".sst");
    ASSERT_FALSE(tables.empty());
    std::string bytes = read_file(tables.front());
    bytes[40] = static_cast<char>(bytes[40] ^ 0x20);
    write_file(tables.front(), bytes);

    const auto store = EmbeddedStore::open(options_of(folder_));
    const auto record = store ? load(**store, session_) : store.error();
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().code(), ErrorCode::kCorrupt) << record.error().message();
    EXPECT_TRUE(has(record.error(), tables.front().filename().string()))
        << record.error().message();
}

TEST_F(EmbeddedStoreTest, AFullQueueTakesNothingMore) {
    EmbeddedOptions options = options_of(folder_);
    options.queue_length_max = 2;
    const auto store = opened(options);
    const Epoch epoch = claim(*store);
    std::promise<void> entered;
    std::promise<void> proceed;
    // The first callback holds the writing thread.
    store->claim(1, 1, [&](const Result<Epoch>&) {
        entered.set_value();
        proceed.get_future().wait();
    });
    entered.get_future().wait();
    std::vector<std::future<Result<CommitAnswer>>> answers;
    for (std::uint64_t number = 1; number <= 4; ++number) {
        auto promise = std::make_shared<std::promise<Result<CommitAnswer>>>();
        answers.push_back(promise->get_future());
        CommitBatch batch;
        batch.epoch = epoch;
        batch.sessions.push_back(test_step(test_session(number), 1, "s"));
        store->commit(batch, [promise](Result<CommitAnswer> answer) {
            promise->set_value(std::move(answer));
        });
    }
    EXPECT_EQ(store->counters().waiting, 2U);
    proceed.set_value();

    EXPECT_TRUE(answers[0].get());
    EXPECT_TRUE(answers[1].get());
    for (std::size_t refused : {2U, 3U}) {
        const auto answer = answers[refused].get();
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code(), ErrorCode::kOverloaded);
        EXPECT_NE(answer.error().message().find("max-waiting-commits"), std::string::npos);
    }
    EXPECT_EQ(stored_seq(*store, test_session(3)), 0U);
}

TEST_F(EmbeddedStoreTest, BytesThatWaitAreBounded) {
    EmbeddedOptions options = options_of(folder_);
    options.queue_bytes_max = 1000;
    const auto store = opened(options);
    const Epoch epoch = claim(*store);
    std::promise<void> entered;
    std::promise<void> proceed;
    store->claim(1, 1, [&](const Result<Epoch>&) {
        entered.set_value();
        proceed.get_future().wait();
    });
    entered.get_future().wait();
    std::promise<Result<CommitAnswer>> large;
    std::promise<Result<CommitAnswer>> second;
    for (auto* promise : {&large, &second}) {
        CommitBatch batch;
        batch.epoch = epoch;
        batch.sessions.push_back(
            test_step(test_session(promise == &large ? 1 : 2), 1, std::string(5000, 'x')));
        store->commit(batch, [promise](Result<CommitAnswer> answer) {
            promise->set_value(std::move(answer));
        });
    }
    proceed.set_value();

    EXPECT_TRUE(large.get_future().get());  // alone it may be larger
    const auto answer = second.get_future().get();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::kOverloaded);
    EXPECT_NE(answer.error().message().find("max-waiting-bytes"), std::string::npos);
}

TEST_F(EmbeddedStoreTest, OneGroupServesManyCommits) {
    const auto store = opened(options_of(folder_));
    const Epoch epoch = claim(*store);
    constexpr std::uint64_t kSteps = 1000;
    std::promise<void> last;
    for (std::uint64_t seq = 1; seq <= kSteps; ++seq) {
        CommitBatch batch;
        batch.epoch = epoch;
        batch.sessions.push_back(test_step(session_, seq, std::string(1000, 's')));
        store->commit(batch, [&last, seq](const Result<CommitAnswer>&) {
            if (seq == kSteps) {
                last.set_value();
            }
        });
    }
    last.get_future().wait();
    EXPECT_LT(store->counters().groups, kSteps / 2);
    EXPECT_GT(store->counters().bytes, kSteps * 1000);
    EXPECT_EQ(stored_seq(*store, session_), kSteps);
}

constexpr const char* kWriterFolder = "FERMATA_TEST_STORE_FOLDER";

// The other side of the next test: commits until it is killed, and says what was answered.
TEST(EmbeddedStoreWriter, DISABLED_CommitsUntilKilled) {
    const char* folder = ::getenv(kWriterFolder);
    ASSERT_NE(folder, nullptr);
    const auto store = opened(options_of(folder));
    const Epoch epoch = claim(*store);
    const SessionId session = test_session(1);
    constexpr std::uint64_t kStepsMax = 100'000;
    for (std::uint64_t seq = stored_seq(*store, session) + 1; seq <= kStepsMax; ++seq) {
        ASSERT_TRUE(commit(*store, epoch, test_step(session, seq, std::string(500, 's'))));
        ASSERT_EQ(::write(STDERR_FILENO, &seq, sizeof seq), static_cast<ssize_t>(sizeof seq));
    }
}

class Writer {
  public:
    explicit Writer(const fs::path& folder) {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        answered_ = ends[0];
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
        ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        std::string name = "fermata_store_test";
        std::string filter = "--gtest_filter=EmbeddedStoreWriter.*";
        std::string disabled = "--gtest_also_run_disabled_tests";
        char* arguments[] = {name.data(), filter.data(), disabled.data(), nullptr};
        std::string variable = std::string(kWriterFolder) + "=" + folder.string();
        char* environment[] = {variable.data(), nullptr};
        EXPECT_EQ(
            ::posix_spawn(&process_, "/proc/self/exe", &actions, nullptr, arguments, environment),
            0);
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer() { ::close(answered_); }

    // The last step that was answered before the end of the pipe or `count` of them.
    std::uint64_t read_answers(std::uint64_t count) {
        std::uint64_t seq = 0;
        for (; count > 0 && ::read(answered_, &seq, sizeof seq) == sizeof seq; --count) {
            last_ = seq;
        }
        return last_;
    }
    void kill() const {
        ::kill(process_, SIGKILL);
        int status = 0;
        ::waitpid(process_, &status, 0);
        EXPECT_TRUE(WIFSIGNALED(status));
    }

  private:
    pid_t process_ = -1;
    int answered_ = -1;
    std::uint64_t last_ = 0;
};

TEST_F(EmbeddedStoreTest, NothingAnsweredIsLostWhenTheProcessIsKilled) {
    for (std::uint64_t round = 1; round <= 3; ++round) {
        Writer writer(folder_);
        writer.read_answers(20 * round);
        writer.kill();
        const std::uint64_t answered = writer.read_answers(~std::uint64_t{0});

        const auto store = opened(options_of(folder_));
        ASSERT_GT(answered, 0U);
        const std::uint64_t stored = stored_seq(*store, session_);
        EXPECT_GE(stored, answered);
        EXPECT_LE(stored, answered + 1);  // one more may have been written, but not answered
    }
}

TEST_F(EmbeddedStoreTest, AnotherProcessCannotOpenTheFolder) {
    Writer writer(folder_);
    ASSERT_GT(writer.read_answers(1), 0U);

    const Error error = refusal(options_of(folder_));
    writer.kill();

    EXPECT_EQ(error.code(), ErrorCode::kConflict);
    EXPECT_TRUE(has(error, "in use by another process")) << error.message();
}

}  // namespace
}  // namespace fermata::store

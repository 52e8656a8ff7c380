// An engine that knows format 2 and is told what to write. Linked with record_format_next.cpp.
#include <map>
#include <mutex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/document_bundle.h"
#include "engine/engine_cluster_fixture.h"
#include "engine/record_codec.h"
#include "store/forwarding_store.h"

namespace fermata::engine {
namespace {

using testing::Each;
using testing::Pair;
using testing::UnorderedElementsAre;

// Notes of every record on its way to the store which format it is written in.
class WatchedStore final : public store::ForwardingStore {
  public:
    using store::ForwardingStore::ForwardingStore;

    void commit(store::CommitBatch batch, store::Done<store::CommitAnswer> done) override {
        for (const store::SessionCommit& session : batch.sessions) {
            note(session);
        }
        ForwardingStore::commit(std::move(batch), std::move(done));
    }
    void append_inbox(store::InboxAppend append, store::Done<store::InboxAnswer> done) override {
        for (const store::InboxRecord& record : append.records) {
            note(record.payload);
        }
        ForwardingStore::append_inbox(std::move(append), std::move(done));
    }
    void put_document(const std::string& hash, const std::string& bytes,
                      store::Done<bool> done) override {
        note(bytes);
        ForwardingStore::put_document(hash, bytes, std::move(done));
    }
    // Kind letter and format, since the last time.
    std::set<std::pair<char, int>> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(seen_, {});
    }

  private:
    void note(const store::SessionCommit& session) {
        for (const store::FieldWrite& field : session.fields) {
            if (field.name == "meta" || field.name == "state") {
                note(field.value.value_or(""));
            }
        }
        for (const store::TimerRecord& timer : session.timers_set) {
            note(timer.payload);
        }
        for (const store::InboxRecord& inbox : session.inbox_added) {
            note(inbox.payload);
        }
        for (const store::OutboxRecord& outbox : session.outbox_added) {
            note(outbox.payload);
        }
        for (const store::AnswerRecord& answer : session.answers) {
            note(answer.answer);
        }
        if (session.end) {
            note(session.end->payload);
        }
        if (session.journal) {
            note(session.journal->payload);
        }
    }
    void note(const std::string& record) {
        const std::lock_guard lock(mutex_);
        ASSERT_GE(record.size(), 2U);
        seen_.emplace(record[1], record[0]);
    }

    std::mutex mutex_;
    std::set<std::pair<char, int>> seen_;  // under mutex_
};

class EngineFormatTest : public EngineClusterFixture {
  public:
    ~EngineFormatTest() override { engine_.reset(); }

  protected:
    EngineFormatTest() {
        options_.journal.length = 10;
        auto engine = Engine::create(options_, watched_, outside_, clock_, &ownership_);
        engine_ = *std::move(engine);
        for (Partition partition = 0; partition < kPartitions; ++partition) {
            open(partition);
        }
    }

    void open(Partition partition) {
        const auto epoch = wait_for<store::Epoch>(
            [&](auto done) { store_->claim(partition, 9, std::move(done)); });
        ownership_.hold(partition);
        engine_->open_partition(partition, *epoch);
    }
    // Starts a session that leaves a record of every kind behind, but an end.
    void start_busy(const std::string& name) {
        StartRequest request;
        request.id = name;
        request.idempotency_key = "start-" + name;
        // Another text for each, so that each is stored.
        request.document = chart("<!-- " + name + R"( -->
            <datamodel><data id="n" expr="0"/></datamodel>
            <state id="a">
              <onentry>
                <send event="late" delay="3600s"/>
                <send type="http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor" target="http://there.test" event="out"/>
              </onentry>
              <transition event="go"><assign location="n" expr="n + 1"/></transition>
              <transition event="stop" target="end"/>
            </state>
            <final id="end"/>)",
                                 R"(datamodel="ecmascript")");
        ASSERT_TRUE(try_start(std::move(request)));
        ASSERT_TRUE(wait_for<InboxReceipt>(
            [&](auto done) { engine_->append_event(event_for(name, "go"), std::move(done)); }));
        // An end that the partition's owner commits before it has heard of this event is refused.
        ASSERT_TRUE(becomes(name, [](const SessionView& view) { return data(view, "n") == "1"; }));
    }
    void stop(const std::string& name) { ASSERT_TRUE(send(name, "stop")); }

    WatchedStore watched_{*store_};
    ManualOwnership ownership_;
};

TEST_F(EngineFormatTest, WritesEverythingInTheFormatThatItIsTold) {
    ownership_.write_in(1);
    start_busy("older");
    stop("older");
    EXPECT_THAT(watched_.take(), UnorderedElementsAre(Pair('m', 1), Pair('x', 1), Pair('t', 1),
                                                      Pair('i', 1), Pair('o', 1), Pair('e', 1),
                                                      Pair('a', 1), Pair('j', 1), Pair('b', 1)));

    ownership_.write_in(2);
    start_busy("newer");
    stop("newer");
    EXPECT_THAT(watched_.take(), UnorderedElementsAre(Pair('m', 2), Pair('x', 2), Pair('t', 2),
                                                      Pair('i', 2), Pair('o', 2), Pair('e', 2),
                                                      Pair('a', 2), Pair('j', 2), Pair('b', 2)));
}

TEST_F(EngineFormatTest, ASessionGoesOnAcrossTheChange) {
    const std::string name = "order-1";
    const Partition partition = SessionId::from_name(name, kPartitions).partition();
    ownership_.write_in(1);
    start_busy(name);
    ASSERT_TRUE(send(name, "go"));
    watched_.take();
    ownership_.write_in(2);
    ASSERT_TRUE(send(name, "go"));
    EXPECT_THAT(watched_.take(), Each(Pair(testing::_, 2)));

    // Its fields are of both formats now.
    engine_->drop_partition(partition);
    open(partition);
    ASSERT_TRUE(send(name, "go"));
    EXPECT_TRUE(becomes(name, [](const SessionView& view) { return data(view, "n") == "4"; }));
}

TEST(RecordFormatTest, BothFormatsAreReadAndNoOther) {
    for (const RecordFormat format : {RecordFormat{1}, RecordFormat{2}}) {
        const std::string bytes = encode(EndPayload{}, format);
        EXPECT_EQ(bytes[0], format);
        EXPECT_EQ(*decode_end(bytes), EndPayload{});
    }
    std::string newer = encode(EndPayload{}, 2);
    newer[0] = 3;
    EXPECT_EQ(decode_end(newer).error().message(),
              "end record: version format version 3 is not known (newest: 2) at byte 1");
}

TEST(RecordFormatDeathTest, AFormatThatIsNotKnownIsNeverWritten) {
    EXPECT_DEATH(static_cast<void>(encode(EndPayload{}, 3)), "");
    EXPECT_DEATH(static_cast<void>(encode(EndPayload{}, 0)), "");
}

}  // namespace
}  // namespace fermata::engine

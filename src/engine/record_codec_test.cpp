#include "engine/record_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace fermata::engine {
namespace {

// In the newest format, which most tests do not care about.
template <typename Record>
std::string encode(const Record& record) {
    return engine::encode(record, record_format_newest());
}

using value::Value;

SessionId session(std::uint64_t seed) {
    Random random(seed);
    return SessionId::random(random, 7, 3);
}

value::Event event() {
    value::Event event;
    event.name = "order.paid";
    event.sendid = "s1";
    event.origin = "#_scxml_other";
    event.origintype = "scxml";
    event.invokeid = "i1";
    event.data = Value::object({{"amount", Value::number(1.5)}, {"n", Value::null()}});
    event.raw = std::string("a\0b", 3);
    return event;
}

SessionMeta meta() {
    SessionMeta meta;
    meta.session = session(1);
    meta.chart_hash = std::string(64, 'a');
    meta.url = "http://example.com/order.scxml";
    meta.key = "order-17";
    meta.application = "order";
    meta.parent = session(2);
    meta.invokeid = "child";
    meta.created_ms = 1'700'000'000'123;
    meta.origin = StartOrigin::kSchedule;
    meta.start_at_ms = 1'700'000'100'000;
    meta.params = {{"a", Value::integer(-5)}, {"b", Value::undefined()}};
    return meta;
}

scxml::SendEffect send() {
    scxml::SendEffect send;
    send.processor = scxml::Processor::kBasicHttp;
    send.target = "http://example.com/hook";
    send.event = event();
    send.sendid = "send.4";
    send.delay_ms = 86'400'000'000;
    send.form = {{"a", "1"}, {"a", ""}};
    send.has_content = true;
    return send;
}

scxml::InvokeEffect invoke() {
    scxml::InvokeEffect invoke;
    invoke.invokeid = "i7";
    invoke.type = "scxml";
    invoke.url = "http://example.com/child.scxml";
    invoke.content = "<scxml/>";
    invoke.params = {{"x", Value::array({Value::boolean(true), Value::string("ü")})}};
    invoke.autoforward = true;
    return invoke;
}

EndPayload end() {
    EndPayload end;
    end.status = SessionStatus::kError;
    end.configuration = {"a", "a.b"};
    end.donedata = Value::string("done");
    end.detail = "max-microstep-count (1000) at order.scxml:12";
    end.ended_ms = 5;
    end.seq = 1ULL << 40U;
    return end;
}

TEST(RecordCodecTest, MetaIsReadBackWhole) {
    const auto read = decode_meta(encode(meta()));

    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read, meta());
    EXPECT_EQ(read->session.node(), 3U);
    EXPECT_EQ(*decode_meta(encode(SessionMeta{})), SessionMeta{});
}

TEST(RecordCodecTest, ExtrasLeaveTheReaderBehindThem) {
    RunExtras extras;
    extras.invokes = {{"i1", session(1)}, {"i2", session(2)}};
    extras.timer_number_next = 300;
    extras.unique_id_next = 9;
    value::Writer writer;
    encode(extras, record_format_newest(), writer);
    writer.text("what scxml wrote");
    value::Reader reader(writer.bytes());

    const auto read = decode_extras(reader);

    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read, extras);
    EXPECT_EQ(reader.text(), "what scxml wrote");
}

TEST(RecordCodecTest, SendTimersKeepEveryFieldOfTheSend) {
    const auto read = decode_timer(encode(TimerPayload(SendTimer{send()})));

    ASSERT_TRUE(read) << read.error().to_string();
    const scxml::SendEffect& kept = std::get<SendTimer>(*read).send;
    EXPECT_EQ(kept.processor, send().processor);
    EXPECT_EQ(kept.target, send().target);
    EXPECT_EQ(kept.event, event());
    EXPECT_EQ(kept.sendid, send().sendid);
    EXPECT_EQ(kept.delay_ms, send().delay_ms);
    EXPECT_EQ(kept.form, send().form);
    EXPECT_TRUE(kept.has_content);
}

TEST(RecordCodecTest, OtherTimersAreReadBack) {
    const auto delayed = decode_timer(encode(TimerPayload(EventTimer{event()})));

    ASSERT_TRUE(delayed);
    EXPECT_EQ(std::get<EventTimer>(*delayed).event, event());
    EXPECT_TRUE(
        std::holds_alternative<StartTimer>(*decode_timer(encode(TimerPayload(StartTimer{})))));
    EXPECT_TRUE(std::holds_alternative<AgeTimer>(*decode_timer(encode(TimerPayload(AgeTimer{})))));
}

TEST(RecordCodecTest, InboxIsReadBack) {
    const auto read = decode_inbox(encode(InboxPayload{event(), "X:5:0", {}}));

    ASSERT_TRUE(read);
    EXPECT_EQ(read->event, event());
    EXPECT_EQ(read->effect_id, "X:5:0");
    EXPECT_EQ(read->answer_key, "");
}

TEST(RecordCodecTest, AnInboxEntryOfAClientKeepsItsKey) {
    const auto read = decode_inbox(encode(InboxPayload{event(), "", "event/X/key"}));

    ASSERT_TRUE(read);
    EXPECT_EQ(read->effect_id, "");
    EXPECT_EQ(read->answer_key, "event/X/key");
}

TEST(RecordCodecTest, EveryKindOfOutboxEntryIsReadBack) {
    const auto remote = decode_outbox(encode(OutboxPayload(RemoteEvent{session(4), event()})));
    const auto http = decode_outbox(encode(OutboxPayload(HttpDelivery{"u", "b", "c", "s", "e"})));
    const auto start = decode_outbox(encode(OutboxPayload(StartChild{session(5), invoke()})));
    const auto cancel = decode_outbox(encode(OutboxPayload(CancelChild{session(6), "i7"})));

    ASSERT_TRUE(remote && http && start && cancel);
    EXPECT_EQ(std::get<RemoteEvent>(*remote).target, session(4));
    EXPECT_EQ(std::get<RemoteEvent>(*remote).event, event());
    EXPECT_EQ(std::get<HttpDelivery>(*http).content_type, "c");
    EXPECT_EQ(std::get<HttpDelivery>(*http).event, "e");
    EXPECT_EQ(std::get<StartChild>(*start).child, session(5));
    EXPECT_EQ(std::get<StartChild>(*start).invoke.params, invoke().params);
    EXPECT_EQ(std::get<StartChild>(*start).invoke.content, invoke().content);
    EXPECT_TRUE(std::get<StartChild>(*start).invoke.autoforward);
    EXPECT_EQ(std::get<CancelChild>(*cancel).child, session(6));
    EXPECT_EQ(std::get<CancelChild>(*cancel).invokeid, "i7");
}

TEST(RecordCodecTest, EndAndAnswerAreReadBack) {
    EXPECT_EQ(*decode_end(encode(end())), end());
    const KeptAnswer answer{session(8), "order-17", 42};
    EXPECT_EQ(*decode_answer(encode(answer)), answer);
}

JournalEntry journal() {
    JournalEntry entry;
    entry.steps = {{LiveMoment::Kind::kEvent, "order.paid", {}},
                   {LiveMoment::Kind::kTransition, "a -> b c", {}},
                   {LiveMoment::Kind::kLog, "label", "text"}};
    entry.left_out = 300;
    return entry;
}

TEST(RecordCodecTest, JournalEntriesAreReadBack) {
    EXPECT_EQ(*decode_journal(encode(journal())), journal());
    EXPECT_EQ(*decode_journal(encode(JournalEntry{})), JournalEntry{});
}

// Stored bytes never change their meaning: a change here needs a new format version.
TEST(RecordCodecTest, VersionOneIsFrozen) {
    const std::string expected(
        "\x01"
        "e"
        "\x02"
        "\x01"
        "\x01"
        "a"
        "\x01"
        "\x01"
        "\x00"
        "\x0a"
        "\x07",
        11);
    EndPayload payload;
    payload.status = SessionStatus::kFinal;
    payload.configuration = {"a"};
    payload.donedata = Value::null();
    payload.ended_ms = 5;
    payload.seq = 7;

    EXPECT_EQ(encode(payload), expected);
}

template <typename Decode>
void expect_every_beginning_is_corrupt(const std::string& bytes, Decode decode) {
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const auto read = decode(std::string_view(bytes).substr(0, length));
        ASSERT_FALSE(read) << length;
        EXPECT_EQ(read.error().code(), ErrorCode::kCorrupt);
    }
    EXPECT_FALSE(decode(bytes + "x"));
}

TEST(RecordCodecTest, EveryTruncationIsFound) {
    expect_every_beginning_is_corrupt(encode(meta()), decode_meta);
    expect_every_beginning_is_corrupt(encode(TimerPayload(SendTimer{send()})), decode_timer);
    expect_every_beginning_is_corrupt(encode(InboxPayload{event(), "X:5:0", {}}), decode_inbox);
    expect_every_beginning_is_corrupt(encode(OutboxPayload(StartChild{session(5), invoke()})),
                                      decode_outbox);
    expect_every_beginning_is_corrupt(encode(end()), decode_end);
    expect_every_beginning_is_corrupt(encode(KeptAnswer{session(8), "k", 42}), decode_answer);
}

TEST(RecordCodecTest, DamageIsNamedByRecordFieldAndByte) {
    std::string bytes = encode(end());
    bytes[2] = 99;

    EXPECT_EQ(decode_end(bytes).error().message(), "end record: status damaged at byte 2");
    EXPECT_EQ(decode_end(encode(end()) + "x").error().message(),
              "end record: end is followed by more bytes at byte " + std::to_string(bytes.size()));
}

TEST(RecordCodecTest, AnotherKindOrANewerVersionIsRefused) {
    std::string newer = encode(end());
    newer[0] = static_cast<char>(record_format_newest() + 1);

    EXPECT_EQ(decode_end(newer).error().message(),
              "end record: version format version 2 is not known (newest: 1) at byte 1");
    EXPECT_EQ(decode_end(encode(meta())).error().message(),
              "end record: kind is of kind 0x6d, not 'e' at byte 2");
}

TEST(RecordCodecTest, ADamagedValueInsideIsFound) {
    std::string bytes = encode(InboxPayload{event(), "", {}});
    const std::size_t at = bytes.find("amount");
    bytes[at - 2] = 100;  // count of members

    EXPECT_EQ(decode_inbox(bytes).error().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace fermata::engine

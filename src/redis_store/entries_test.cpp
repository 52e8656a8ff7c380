#include "redis_store/entries.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "store/testing.h"

namespace fermata::redis_store {
namespace {

const SessionId kSession = store::test_session(1);

std::string timer_member(std::uint64_t number) {
    std::string text;
    append_timer_member(text, number, kSession.key());
    return text;
}

TEST(EntriesTest, TimerMembersSortByNumber) {
    const std::vector<std::uint64_t> numbers = {0, 1, 9, 10, 99, 100, 12'345'678'901, ~0ULL};
    std::vector<std::string> members;
    members.reserve(numbers.size());
    for (const std::uint64_t number : numbers) {
        members.push_back(timer_member(number));
    }

    EXPECT_TRUE(std::is_sorted(members.begin(), members.end()));
    EXPECT_EQ(members[1], "a1:" + kSession.key());
    EXPECT_EQ(members[3], "b10:" + kSession.key());
    for (std::size_t at = 0; at < numbers.size(); ++at) {
        const auto decoded = decode_timer_member(members[at]);
        ASSERT_TRUE(decoded);
        EXPECT_EQ(*decoded, std::pair(numbers[at], kSession));
    }
}

TEST(EntriesTest, BoxEntriesAreReadWithPayloadsThatHoldSpaces) {
    const auto inbox = decode_inbox("17 " + kSession.key() + " a b\n");
    ASSERT_TRUE(inbox);
    EXPECT_EQ(inbox->number, 17U);
    EXPECT_EQ(inbox->session, kSession);
    EXPECT_EQ(inbox->payload, "a b\n");

    std::string text = "18 ";
    append_outbox(text, {kSession, 3, 2, 0, " x"}, kSession.key());
    const auto outbox = decode_outbox(text);
    ASSERT_TRUE(outbox);
    EXPECT_EQ(outbox->number, 18U);
    EXPECT_EQ(outbox->seq, 3U);
    EXPECT_EQ(outbox->n, 2U);
    EXPECT_EQ(outbox->payload, " x");
}

TEST(EntriesTest, DamagedEntriesAreCorrupt) {
    for (const std::string& text :
         std::vector<std::string>{"", "17", "17 ", "x " + kSession.key() + " p", "17 ABC p",
                                  "17 " + kSession.key(), "-1 " + kSession.key() + " p"}) {
        EXPECT_FALSE(decode_inbox(text)) << text;
        EXPECT_FALSE(decode_outbox(text)) << text;
    }
    for (const std::string& text :
         std::vector<std::string>{"", ":", "a:" + kSession.key(), "a1" + kSession.key(), "a1:X"}) {
        EXPECT_FALSE(decode_timer_member(text)) << text;
    }
    EXPECT_FALSE(decode_outbox("17 " + kSession.key() + " 1 x p"));
    EXPECT_FALSE(decode_outbox("17 " + kSession.key() + " 1 4294967296 p"));
    EXPECT_FALSE(decode_timed("17"));
    EXPECT_FALSE(decode_timed("x y"));
    EXPECT_EQ(decode_timed("x y").error().code(), ErrorCode::kCorrupt);
}

TEST(EntriesTest, SessionsAreReadFromTheirFields) {
    SessionReader reader(kSession);
    for (const auto& [field, value] : {std::pair("state", "s"),
                                       {"t.7", "-5 pay load"},
                                       {"seq", "12"},
                                       {"i.99", ""},
                                       {"created", "1000"},
                                       {"d.x", "1"},
                                       {"later", "?"}}) {
        ASSERT_TRUE(reader.add(field, value)) << field;
    }
    const auto record = reader.finish();

    ASSERT_TRUE(record && *record);
    EXPECT_EQ((*record)->seq, 12U);
    EXPECT_EQ((*record)->created_ms, 1000);
    EXPECT_EQ((*record)->fields.size(), 2U);
    EXPECT_FALSE((*record)->end);
    const auto timers = reader.take_timers();
    ASSERT_EQ(timers.size(), 1U);
    EXPECT_EQ(timers[0].number, 7U);
    EXPECT_EQ(timers[0].due_ms, -5);
    EXPECT_EQ(timers[0].payload, "pay load");
}

TEST(EntriesTest, EndedSessionsAreReadWithTheirEnd) {
    SessionReader reader(kSession);
    ASSERT_TRUE(reader.add("seq", "2 ended"));
    ASSERT_TRUE(reader.add("end", "result"));
    ASSERT_TRUE(reader.add("expires", "9000"));
    const auto record = reader.finish();

    ASSERT_TRUE(record && *record);
    EXPECT_EQ((*record)->seq, 2U);
    EXPECT_EQ((*record)->end->payload, "result");
    EXPECT_EQ((*record)->end->expires_ms, 9000);
}

TEST(EntriesTest, DamagedSessionsAreCorruptAndMissingOnesAreNone) {
    EXPECT_FALSE(SessionReader(kSession).add("seq", "2 over"));
    EXPECT_FALSE(SessionReader(kSession).add("seq", ""));
    EXPECT_FALSE(SessionReader(kSession).add("created", "now"));
    EXPECT_FALSE(SessionReader(kSession).add("t.x", "1 p"));
    EXPECT_FALSE(SessionReader(kSession).add("t.1", "p"));

    SessionReader no_end(kSession);
    ASSERT_TRUE(no_end.add("seq", "2 ended"));
    EXPECT_FALSE(no_end.finish());
    SessionReader only_inbox(kSession);
    ASSERT_TRUE(only_inbox.add("i.5", ""));
    const auto record = only_inbox.finish();
    ASSERT_TRUE(record);
    EXPECT_FALSE(*record);
}

}  // namespace
}  // namespace fermata::redis_store

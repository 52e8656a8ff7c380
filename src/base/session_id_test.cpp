#include "base/session_id.h"

#include <gtest/gtest.h>

namespace fermata {
namespace {

TEST(SessionIdTest, TextFormIsReadBack) {
    Random random(7);

    const SessionId id = SessionId::random(random, 255, 12);

    EXPECT_EQ(id.key().size(), SessionId::kTextLength);
    EXPECT_EQ(id.to_string(), id.key() + "~12");
    EXPECT_EQ(SessionId::parse(id.to_string()), id);
    EXPECT_EQ(SessionId::parse(id.to_string())->node(), 12U);
}

TEST(SessionIdTest, FirstTwoCharactersCarryThePartition) {
    Random random(7);

    for (const Partition partition : std::initializer_list<Partition>{0, 1, 3, 4, 255, 1023}) {
        const SessionId id = SessionId::random(random, partition);
        EXPECT_EQ(id.partition(), partition);
        EXPECT_EQ(SessionId::parse(id.key())->partition(), partition);
    }
}

TEST(SessionIdTest, ParseRefusesWhatIsNotCanonical) {
    const std::string good(SessionId::kTextLength, 'V');

    EXPECT_TRUE(SessionId::parse(good));
    EXPECT_FALSE(SessionId::parse(""));
    EXPECT_FALSE(SessionId::parse("order-42"));
    EXPECT_FALSE(SessionId::parse(good.substr(1)));
    EXPECT_FALSE(SessionId::parse(good + "1"));
    EXPECT_FALSE(SessionId::parse(good + "~"));
    EXPECT_FALSE(SessionId::parse(good + "~1x"));
    EXPECT_FALSE(SessionId::parse("w" + good.substr(1)));
}

TEST(SessionIdTest, ANameAlwaysMapsToTheSameId) {
    const SessionId first = SessionId::from_name("order-42", 256);

    EXPECT_EQ(first, SessionId::from_name("order-42", 256));
    EXPECT_NE(first, SessionId::from_name("order-43", 256));
    EXPECT_LT(first.partition(), 256);
    EXPECT_EQ(first.key(), SessionId::parse_or_name("order-42", 256).key());
}

}  // namespace
}  // namespace fermata

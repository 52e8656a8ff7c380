#include "cluster/sightings.h"

#include <gtest/gtest.h>

namespace fermata::cluster {
namespace {

using std::chrono::milliseconds;

store::NodeRecord record(store::NodeId node, std::uint64_t beat, bool standby = false) {
    store::NodeRecord record;
    record.node = node;
    record.standby = standby;
    record.instance = 100 + node;
    record.beat = beat;
    return record;
}

// Patience 3000 ms, gaps up to 1000 ms. Reads take 10 ms.
class SightingsTest : public testing::Test {
  protected:
    void see(int sent_ms, const std::vector<store::NodeRecord>& records) {
        sightings_.see(milliseconds(sent_ms), milliseconds(sent_ms + 10), records);
    }
    void see_until(int from_ms, int to_ms, const std::vector<store::NodeRecord>& records) {
        for (int at = from_ms; at <= to_ms; at += 500) {
            see(at, records);
        }
    }

    Sightings sightings_{milliseconds(3000), milliseconds(1000)};
};

TEST_F(SightingsTest, ARecordThatStandsStillForThePatienceIsDead) {
    see_until(0, 3000, {record(1, 5)});
    EXPECT_FALSE(sightings_.is_dead(record(1, 5)));  // first answered at 10
    see(3010, {record(1, 5)});

    EXPECT_TRUE(sightings_.is_dead(record(1, 5)));
    EXPECT_FALSE(sightings_.is_dead(record(1, 5), milliseconds(1)));
    EXPECT_FALSE(sightings_.is_dead(record(1, 6)));
}

TEST_F(SightingsTest, ABeatStartsTheCountingAnew) {
    see_until(0, 2500, {record(1, 5)});
    see_until(3000, 5500, {record(1, 6)});
    EXPECT_FALSE(sightings_.is_dead(record(1, 6)));
    see_until(6000, 6500, {record(1, 6)});

    EXPECT_TRUE(sightings_.is_dead(record(1, 6)));
}

TEST_F(SightingsTest, ABeatThatWentBackIsASignOfLifeToo) {
    see_until(0, 2500, {record(1, 5)});
    see_until(3000, 5500, {record(1, 4)});

    EXPECT_FALSE(sightings_.is_dead(record(1, 4)));
}

TEST_F(SightingsTest, AGapStartsTheCountingAnew) {
    see_until(0, 2500, {record(1, 5)});
    see_until(4000, 7000, {record(1, 5)});
    EXPECT_FALSE(sightings_.is_dead(record(1, 5)));
    see(7010, {record(1, 5)});

    EXPECT_TRUE(sightings_.is_dead(record(1, 5)));
}

TEST_F(SightingsTest, ASlowAnswerCountsFromWhenItCame) {
    sightings_.see(milliseconds(0), milliseconds(900), {record(1, 5)});
    see_until(1000, 3500, {record(1, 5)});
    EXPECT_FALSE(sightings_.is_dead(record(1, 5)));
    see(3900, {record(1, 5)});

    EXPECT_TRUE(sightings_.is_dead(record(1, 5)));
}

TEST_F(SightingsTest, StandbyAndActingAreToldApart) {
    see_until(0, 2500, {record(1, 5), record(1, 1, true)});
    see_until(3000, 3500, {record(1, 5), record(1, 2, true)});

    EXPECT_TRUE(sightings_.is_dead(record(1, 5)));
    EXPECT_FALSE(sightings_.is_dead(record(1, 2, true)));
}

TEST_F(SightingsTest, NodesWithoutARecordAreMissingAfterThePatience) {
    EXPECT_FALSE(sightings_.is_missing(2));
    see_until(0, 1500, {record(1, 1)});
    see_until(2000, 4500, {});
    EXPECT_TRUE(sightings_.is_missing(2));   // never seen, from 10 on
    EXPECT_FALSE(sightings_.is_missing(1));  // from 2010 on
    see_until(5000, 5500, {});

    EXPECT_TRUE(sightings_.is_missing(1));
    see(6000, {record(1, 1)});
    EXPECT_FALSE(sightings_.is_missing(1));
}

TEST_F(SightingsTest, TheNextVerdictIsWhenTheFirstPatienceEnds) {
    EXPECT_FALSE(sightings_.next_verdict(9));
    see(0, {record(1, 5), record(2, 5)});
    see(500, {record(1, 5), record(2, 6)});

    EXPECT_EQ(sightings_.next_verdict(9), milliseconds(3010));
    EXPECT_EQ(sightings_.next_verdict(1), milliseconds(3510));
}

TEST(SoleSightingsTest, WhoeverLeftARecordIsDeadAtOnce) {
    Sightings sightings{Steady(0), milliseconds(1000)};
    sightings.see(milliseconds(0), milliseconds(1), {record(1, 5)});

    EXPECT_TRUE(sightings.is_dead(record(1, 5)));
    EXPECT_TRUE(sightings.is_missing(2));
}

}  // namespace
}  // namespace fermata::cluster

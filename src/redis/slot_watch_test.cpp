#include "redis/slot_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fermata::redis {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

const Address kServer{"server", 1};
const Address kOther{"other", 2};

SlotWatch::Said says(const std::string& id, std::set<Slot> held,
                     std::vector<MovingSlots::Mark> leaving = {}) {
    return {{id, std::move(leaving), {}}, std::move(held), false};
}

// kServer serves all slots; slot 7 is doubted and wanted.
class SlotWatchTest : public testing::Test {
  protected:
    SlotWatchTest() {
        watch_.doubt({{7, 7}});
        watch_.want(7);
    }

    std::optional<SlotWatch::Found> conclude() {
        return watch_.conclude(
            {kServer, kOther}, [](Slot) { return &kServer; }, now_);
    }
    // A round in which both answer; what is found.
    std::optional<SlotWatch::Found> round(SlotWatch::Said of_server, SlotWatch::Said of_other) {
        const auto first = watch_.ask(kServer, now_);
        const auto second = watch_.ask(kOther, now_);
        EXPECT_TRUE(first && second);
        if (first && second) {
            watch_.answered(*first, kServer, std::move(of_server));
            EXPECT_FALSE(conclude());
            watch_.answered(*second, kOther, std::move(of_other));
        }
        return conclude();
    }

    SlotWatch watch_;
    SlotWatch::Time now_{std::chrono::hours(1)};
};

TEST_F(SlotWatchTest, ASlotIsWholeWhenNobodyElseHasKeysOfIt) {
    EXPECT_FALSE(watch_.is_whole(7));
    EXPECT_TRUE(watch_.is_whole(8));
    const auto found = round(says("s", {7}), says("o", {8}));
    ASSERT_TRUE(found);
    EXPECT_THAT(found->whole, ElementsAre(7));
    EXPECT_THAT(found->torn, IsEmpty());
    EXPECT_TRUE(watch_.is_whole(7));
    EXPECT_FALSE(watch_.is_any_wanted());
    EXPECT_FALSE(watch_.ask(kServer, now_));
}

TEST_F(SlotWatchTest, NobodyIsAskedAboutSlotsThatNobodyWants) {
    SlotWatch watch;
    watch.doubt({{0, 9}});
    EXPECT_FALSE(watch.ask(kServer, now_));
    watch.want(3);
    EXPECT_TRUE(watch.ask(kServer, now_));
    EXPECT_THAT(watch.slots(), ElementsAre(3));
}

TEST_F(SlotWatchTest, ASlotThatItsServerIsMovingThereIsWhole) {
    const auto found = round(says("s", {7}, {{7, "o"}}), says("o", {7}));
    ASSERT_TRUE(found);
    EXPECT_THAT(found->whole, ElementsAre(7));
}

TEST_F(SlotWatchTest, ASlotThatItsServerIsMovingToAThirdIsTorn) {
    const auto found = round(says("s", {7}, {{7, "third"}, {8, "o"}}), says("o", {7}));
    ASSERT_TRUE(found);
    EXPECT_THAT(found->torn, ElementsAre(7));
}

// A node without slots of its own: one that has just been added, and gets its first.
SlotWatch::Said serves_nothing(std::set<Slot> held, std::vector<MovingSlots::Mark> importing = {}) {
    return {{"new", {}, std::move(importing)}, std::move(held), true};
}

TEST_F(SlotWatchTest, KeysThatANewNodeImportsCount) {
    const auto found = round(says("s", {7}), serves_nothing({7}, {{7, "gone"}}));
    ASSERT_TRUE(found);
    EXPECT_THAT(found->torn, ElementsAre(7));

    // The mark goes first, then the keys.
    now_ += milliseconds(500);
    ASSERT_TRUE(round(says("s", {7}), serves_nothing({7})));
    EXPECT_TRUE(watch_.is_torn(7));
    now_ += milliseconds(500);
    ASSERT_TRUE(round(says("s", {7}), serves_nothing({})));
    EXPECT_TRUE(watch_.is_whole(7));
}

TEST_F(SlotWatchTest, OldKeysOfANodeThatLostItsPlaceDoNotCount) {
    const auto found = round(says("s", {7}), serves_nothing({7}, {{8, "s"}}));
    ASSERT_TRUE(found);
    EXPECT_THAT(found->whole, ElementsAre(7));
}

TEST_F(SlotWatchTest, ASlotThatItsServerIsMovingToANewNodeIsWhole) {
    const auto found = round(says("s", {7}, {{7, "new"}}), serves_nothing({7}, {{7, "s"}}));
    ASSERT_TRUE(found);
    EXPECT_THAT(found->whole, ElementsAre(7));
}

TEST_F(SlotWatchTest, ASlotIsTornUntilAllKeysAreTogether) {
    const auto found = round(says("s", {7}), says("o", {7}));
    ASSERT_TRUE(found);
    EXPECT_THAT(found->torn, ElementsAre(7));
    EXPECT_THAT(found->whole, IsEmpty());
    EXPECT_TRUE(watch_.is_torn(7));
    EXPECT_EQ(watch_.first_torn(), 7);

    // It is looked at again after a pause, and told once.
    EXPECT_FALSE(watch_.ask(kServer, now_));
    now_ += milliseconds(500);
    const auto again = round(says("s", {}), says("o", {7}));
    ASSERT_TRUE(again);
    EXPECT_THAT(again->torn, IsEmpty());
    now_ += milliseconds(500);
    const auto mended = round(says("s", {7}), says("o", {}));
    ASSERT_TRUE(mended);
    EXPECT_THAT(mended->whole, ElementsAre(7));
    EXPECT_FALSE(watch_.is_any_torn());
}

TEST_F(SlotWatchTest, WhoeverLostItsPlaceDuringTheRoundHasNoSay) {
    const auto first = watch_.ask(kServer, now_);
    const auto second = watch_.ask(kOther, now_);
    ASSERT_TRUE(first && second);
    watch_.answered(*first, kServer, says("s", {7}));
    watch_.answered(*second, kOther, says("o", {7}));
    const auto found = watch_.conclude(
        {kServer}, [](Slot) { return &kServer; }, now_);
    ASSERT_TRUE(found);
    EXPECT_THAT(found->whole, ElementsAre(7));
}

TEST_F(SlotWatchTest, WhoeverCannotBeReachedIsLeftOutAfterAWhile) {
    const auto number = watch_.ask(kServer, now_);
    ASSERT_TRUE(number);
    watch_.answered(*number, kServer, says("s", {7}));
    now_ += milliseconds(1999);
    EXPECT_FALSE(conclude());
    now_ += milliseconds(1);
    const auto found = conclude();
    ASSERT_TRUE(found);
    EXPECT_THAT(found->whole, ElementsAre(7));
}

TEST_F(SlotWatchTest, WhoeverWasAskedIsWaitedForUntilItsConnectionIsLost) {
    const auto first = watch_.ask(kServer, now_);
    const auto second = watch_.ask(kOther, now_);
    ASSERT_TRUE(first && second);
    watch_.answered(*first, kServer, says("s", {7}));
    now_ += milliseconds(60'000);
    EXPECT_FALSE(conclude());
    watch_.lost(*second, kOther);
    // It may be there again at once.
    EXPECT_TRUE(watch_.ask(kOther, now_));
    EXPECT_FALSE(conclude());
    watch_.lost(*second, kOther);
    ASSERT_TRUE(conclude());
}

TEST_F(SlotWatchTest, WithoutTheWordOfItsServerASlotIsNeitherTornNorWhole) {
    const auto number = watch_.ask(kOther, now_);
    ASSERT_TRUE(number);
    watch_.answered(*number, kOther, says("o", {7}));
    now_ += milliseconds(2000);
    const auto found = conclude();
    ASSERT_TRUE(found);
    EXPECT_THAT(found->torn, IsEmpty());
    EXPECT_FALSE(watch_.is_whole(7));
    EXPECT_FALSE(watch_.is_torn(7));
    EXPECT_TRUE(watch_.is_any_wanted());
}

TEST_F(SlotWatchTest, ADoubtThatCameDuringARoundNeedsAnother) {
    const auto number = watch_.ask(kServer, now_);
    ASSERT_TRUE(number);
    watch_.answered(*number, kServer, says("s", {7}));
    watch_.doubt({{7, 7}, {9, 9}});
    watch_.want(9);
    const auto second = watch_.ask(kOther, now_);
    ASSERT_TRUE(second);
    watch_.answered(*second, kOther, says("o", {}));
    const auto found = conclude();
    ASSERT_TRUE(found);
    EXPECT_THAT(found->whole, IsEmpty());

    const auto next = round(says("s", {7, 9}), says("o", {}));
    ASSERT_TRUE(next);
    EXPECT_THAT(next->whole, ElementsAre(7, 9));
}

TEST_F(SlotWatchTest, AnAnswerOfAnEarlierRoundIsPassedOver) {
    const auto number = watch_.ask(kServer, now_);
    ASSERT_TRUE(number);
    watch_.answered(*number, kServer, says("s", {7}));
    now_ += milliseconds(2000);
    ASSERT_TRUE(conclude());
    watch_.doubt({{7, 7}});
    watch_.want(7);
    ASSERT_TRUE(watch_.ask(kServer, now_));
    ASSERT_TRUE(watch_.ask(kOther, now_));
    watch_.answered(*number, kServer, says("s", {}));
    watch_.answered(*number, kOther, says("o", {}));
    EXPECT_FALSE(conclude());
}

}  // namespace
}  // namespace fermata::redis

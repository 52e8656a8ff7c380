#include "engine/resource_cache.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/scripted_outside.h"

namespace fermata::engine {
namespace {

using std::chrono::milliseconds;

class ResourceCacheTest : public testing::Test {
  protected:
    std::shared_ptr<ResourceCache> cache(std::size_t bytes_max = 1000,
                                         milliseconds stale_if_error = milliseconds(0)) {
        return std::make_shared<ResourceCache>(bytes_max, stale_if_error, outside_, clock_);
    }
    static Result<Resource> fetch(ResourceCache& cache, const std::string& url) {
        Result<Resource> result = Error(ErrorCode::kInternal, "not answered");
        cache.fetch(url, [&](Result<Resource> answer) { result = std::move(answer); });
        return result;
    }

    ManualClock clock_;
    ScriptedOutside outside_;
};

TEST_F(ResourceCacheTest, AFreshTextIsNotAskedForAgain) {
    outside_.serve("http://a/x", "text", "e1", 1000);
    const auto resources = cache();

    const auto first = fetch(*resources, "http://a/x");
    clock_.advance(milliseconds(999));
    const auto second = fetch(*resources, "http://a/x");

    ASSERT_TRUE(first && second);
    EXPECT_EQ(*second->bytes, "text");
    EXPECT_EQ(first->bytes, second->bytes);
    EXPECT_EQ(outside_.requests(), 1U);
}

TEST_F(ResourceCacheTest, AStaleTextIsAskedForWithItsValidators) {
    outside_.serve("http://a/x", "text", "e1", 1000);
    const auto resources = cache();
    const auto first = fetch(*resources, "http://a/x");

    clock_.advance(milliseconds(1000));
    const auto second = fetch(*resources, "http://a/x");

    EXPECT_EQ(outside_.requests(), 2U);
    EXPECT_EQ(outside_.last_request().etag, "e1");
    EXPECT_EQ(first->bytes, second->bytes);
    EXPECT_EQ(second->fresh_until_ms, first->fresh_until_ms + 1000);
}

TEST_F(ResourceCacheTest, AChangedTextReplacesTheOldOne) {
    outside_.serve("http://a/x", "old", "e1", 0);
    const auto resources = cache();
    fetch(*resources, "http://a/x").value();

    outside_.serve("http://a/x", "new", "e2", 0);

    EXPECT_EQ(*fetch(*resources, "http://a/x")->bytes, "new");
    EXPECT_EQ(resources->bytes(), 3U);
}

TEST_F(ResourceCacheTest, WithoutValidatorsTheSameTextKeepsItsIdentity) {
    outside_.serve("http://a/x", "same", "", 0);
    const auto resources = cache();

    EXPECT_EQ(fetch(*resources, "http://a/x")->bytes, fetch(*resources, "http://a/x")->bytes);
    EXPECT_EQ(outside_.requests(), 2U);
}

TEST_F(ResourceCacheTest, AStaleTextIsNotUsedWhenTheOriginIsDown) {
    outside_.serve("http://a/x", "text", "e1", 10);
    const auto resources = cache();
    fetch(*resources, "http://a/x").value();

    clock_.advance(milliseconds(10));
    outside_.fail("http://a/x", Error(ErrorCode::kUnavailable, "down"));

    EXPECT_EQ(fetch(*resources, "http://a/x").error().code(), ErrorCode::kUnavailable);
}

TEST_F(ResourceCacheTest, StaleIfErrorBridgesAnOutageButNoRefusal) {
    outside_.serve("http://a/x", "text", "e1", 10);
    const auto resources = cache(1000, milliseconds(100));
    fetch(*resources, "http://a/x").value();

    clock_.advance(milliseconds(109));
    outside_.fail("http://a/x", Error(ErrorCode::kUnavailable, "down"));
    EXPECT_EQ(*fetch(*resources, "http://a/x")->bytes, "text");

    outside_.fail("http://a/x", Error(ErrorCode::kNotFound, "gone"));
    EXPECT_EQ(fetch(*resources, "http://a/x").error().code(), ErrorCode::kNotFound);

    clock_.advance(milliseconds(1));
    outside_.fail("http://a/x", Error(ErrorCode::kTimeout, "down"));
    EXPECT_EQ(fetch(*resources, "http://a/x").error().code(), ErrorCode::kTimeout);
}

TEST_F(ResourceCacheTest, OneRequestIsUnderWayForAll) {
    outside_.serve("http://a/x", "text", "e1", 0);
    outside_.hold();
    const auto resources = cache();
    std::vector<std::string> answers;
    const auto note = [&](Result<Resource> answer) { answers.push_back(*answer->bytes); };

    resources->fetch("http://a/x", note);
    resources->fetch("http://a/x", note);
    resources->fetch("http://a/x", note);
    EXPECT_TRUE(answers.empty());
    outside_.release();

    EXPECT_EQ(outside_.requests(), 1U);
    EXPECT_THAT(answers, testing::ElementsAre("text", "text", "text"));
}

TEST_F(ResourceCacheTest, LeastRecentlyUsedTextsGoWhenTheBytesAreUsedUp) {
    for (const std::string name : {"a", "b", "c"}) {
        outside_.serve("http://a/" + name, std::string(40, 'x'), "", 1000);
    }
    const auto resources = cache(100);
    fetch(*resources, "http://a/a").value();
    fetch(*resources, "http://a/b").value();
    fetch(*resources, "http://a/a").value();
    fetch(*resources, "http://a/c").value();
    EXPECT_EQ(outside_.requests(), 3U);

    fetch(*resources, "http://a/a").value();
    EXPECT_EQ(outside_.requests(), 3U);
    fetch(*resources, "http://a/b").value();
    EXPECT_EQ(outside_.requests(), 4U);
    EXPECT_LE(resources->bytes(), 100U);
}

}  // namespace
}  // namespace fermata::engine

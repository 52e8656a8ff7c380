#include "http/cache_control.h"

#include <gtest/gtest.h>

namespace fermata::http {
namespace {

constexpr UnixMillis kNow = 784'111'777'000;  // Sun, 06 Nov 1994 08:49:37 GMT

std::int64_t freshness_of(const Headers& headers) {
    return CachePolicy::from_headers(headers, kNow).freshness.count();
}

TEST(HttpDateTest, reads_all_three_forms) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784'111'777);
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), 784'111'777);
    EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), 784'111'777);
    for (const char* bad : {"", "0", "-1", "Sun, 06 Nov 1994", "Sun, 06 Foo 1994 08:49:37 GMT",
                            "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET"}) {
        EXPECT_FALSE(parse_http_date(bad)) << bad;
    }
}

TEST(HttpDateTest, format_is_the_reverse_of_parse) {
    EXPECT_EQ(format_http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(format_http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(format_http_date(951'782'400), "Tue, 29 Feb 2000 00:00:00 GMT");
    for (std::int64_t second = 0; second < 4'000'000'000; second += 12'345'678) {
        EXPECT_EQ(parse_http_date(format_http_date(second)), second);
    }
}

TEST(CachePolicyTest, takes_max_age_before_expires) {
    EXPECT_EQ(freshness_of({{"Cache-Control", "public, Max-Age=60"},
                            {"Expires", "Sun, 06 Nov 1994 09:49:37 GMT"}}),
              60);
    EXPECT_EQ(freshness_of({{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"},
                            {"Expires", "Sun, 06 Nov 1994 09:49:37 GMT"}}),
              3600);
    EXPECT_EQ(freshness_of({{"Expires", "0"}}), 0);
    EXPECT_EQ(freshness_of({}), 0);
    EXPECT_EQ(freshness_of({{"Cache-Control", "max-age=x"}}), 0);
    EXPECT_EQ(freshness_of({{"Cache-Control", "max-age=99999999999999999999"}}), 2'147'483'648);
}

TEST(CachePolicyTest, subtracts_the_age_a_response_has_already) {
    EXPECT_EQ(freshness_of({{"Cache-Control", "max-age=60"}, {"Age", "20"}}), 40);
    EXPECT_EQ(freshness_of({{"Cache-Control", "max-age=60"}, {"Age", "80"}}), 0);
    EXPECT_EQ(
        freshness_of({{"Cache-Control", "max-age=60"}, {"Date", "Sun, 06 Nov 1994 08:49:07 GMT"}}),
        30);
}

TEST(CachePolicyTest, is_fresh_until_its_time_is_over) {
    const CachePolicy policy =
        CachePolicy::from_headers({{"Cache-Control", "max-age=60, stale-if-error=30"}}, kNow);
    EXPECT_TRUE(policy.is_fresh(kNow + 59'999));
    EXPECT_FALSE(policy.is_fresh(kNow + 60'000));
    EXPECT_TRUE(policy.may_use_on_error(kNow + 89'999));
    EXPECT_FALSE(policy.may_use_on_error(kNow + 90'000));
}

TEST(CachePolicyTest, obeys_no_store_no_cache_and_must_revalidate) {
    const auto policy = [](const char* value) {
        return CachePolicy::from_headers({{"Cache-Control", value}}, kNow);
    };
    EXPECT_FALSE(policy("max-age=60, no-store").may_store);
    EXPECT_FALSE(policy("max-age=60, no-store").is_fresh(kNow));
    EXPECT_FALSE(policy("max-age=60, no-cache").is_fresh(kNow));
    EXPECT_TRUE(policy("max-age=60, no-cache").may_store);
    EXPECT_TRUE(policy("no-cache=\"a, no-store\", max-age=60").may_store);
    EXPECT_FALSE(
        policy("max-age=0, must-revalidate, stale-if-error=60").may_use_on_error(kNow + 1000));
}

TEST(CachePolicyTest, asks_with_the_validators_it_got) {
    const CachePolicy policy = CachePolicy::from_headers(
        {{"ETag", "W/\"1\""}, {"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"}}, kNow);
    EXPECT_TRUE(policy.has_validator());
    Headers headers;
    policy.add_conditions(headers);
    EXPECT_EQ(headers.get("If-None-Match"), "W/\"1\"");
    EXPECT_EQ(headers.get("If-Modified-Since"), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_FALSE(CachePolicy::from_headers({}, kNow).has_validator());
}

}  // namespace
}  // namespace fermata::http

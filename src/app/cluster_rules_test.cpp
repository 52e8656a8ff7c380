#include "app/cluster_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/cluster_bindings.h"
#include "engine/record_format.h"

namespace fermata::app {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

Settings with(std::vector<std::string> arguments) {
    auto settings = Settings::load({"", {}, std::move(arguments)});
    EXPECT_TRUE(settings) << settings.error().message();
    return settings ? *std::move(settings) : Settings();
}

std::string refusal(const Settings& settings) {
    const auto checked = check_cluster(settings);
    return checked ? "accepted" : checked.error().message();
}

store::Facts redis_facts() {
    return {"redis", 16, true};
}

TEST(ClusterRulesTest, TheDefaultsAndASmallClusterAreFine) {
    const Settings redis = with({"persistence.type=redis", "cluster.role=backup",
                                 "cluster.internal-url=https://[fd00::7]:8077"});
    EXPECT_EQ(refusal(Settings()), "accepted");
    EXPECT_EQ(refusal(redis), "accepted");
    EXPECT_THAT(cluster_warnings(Settings()), IsEmpty());
    EXPECT_THAT(cluster_warnings(redis), IsEmpty());
}

TEST(ClusterRulesTest, ABackupNeedsAStoreThatIsShared) {
    EXPECT_THAT(refusal(with({"cluster.role=backup"})),
                HasSubstr("role=backup needs [persistence] type=redis"));
}

TEST(ClusterRulesTest, AnInternalUrlIsABaseUrl) {
    for (const char* const url :
         {"node1:8077", "http://", "http:///path", "ftp://node1", "http://a b", "http://a?b=c"}) {
        EXPECT_THAT(refusal(with({std::string("cluster.internal-url=") + url})),
                    HasSubstr("internal-url"))
            << url;
    }
}

TEST(ClusterRulesTest, LeasesHaveBounds) {
    for (const char* const lease : {"499ms", "601s"}) {
        EXPECT_FALSE(Settings::load({"", {}, {std::string("cluster.lease=") + lease}})) << lease;
    }
}

TEST(ClusterRulesTest, WarnsOfAddressesThatOthersDoNotReach) {
    EXPECT_THAT(cluster_warnings(with({"persistence.type=redis", "http.address=0.0.0.0"})),
                Contains(HasSubstr("internal-url is not set")));
    EXPECT_THAT(cluster_warnings(with({"persistence.type=redis", "cluster.forwarding=redirect"})),
                Contains(HasSubstr("external-url is not set")));
}

TEST(ClusterBindingsTest, OthersAreToldWhereTheyReachThisInstance) {
    const auto listening =
        member_options(Settings(), redis_facts(), "http://10.0.0.7:8077", 1'700'000'000'000);
    const auto anywhere = member_options(Settings(), redis_facts(), "http://0.0.0.0:8077", 0);
    const auto named = member_options(
        with({"cluster.internal-url=http://a:1/", "orchestration.external-url=https://b"}),
        redis_facts(), "http://10.0.0.7:8077", 0);

    EXPECT_EQ(listening->facts.internal_address, "http://10.0.0.7:8077");
    EXPECT_EQ(listening->facts.external_url, "http://10.0.0.7:8077");
    EXPECT_EQ(listening->facts.started_ms, 1'700'000'000'000);
    EXPECT_EQ(listening->facts.partition_count, 16U);
    EXPECT_EQ(anywhere->facts.internal_address, "http://" + host_name() + ":8077");
    EXPECT_EQ(named->facts.internal_address, "http://a:1");
    EXPECT_EQ(named->facts.external_url, "https://b");
}

TEST(ClusterBindingsTest, InstancesDiffer) {
    const auto one = member_options(Settings(), redis_facts(), "http://a:1", 0);
    const auto other = member_options(Settings(), redis_facts(), "http://a:1", 0);

    EXPECT_NE(one->instance, 0U);
    EXPECT_NE(one->instance, other->instance);
    EXPECT_EQ(one->facts.peer_secret.size(), 64U);
    EXPECT_NE(one->facts.peer_secret, other->facts.peer_secret);
}

TEST(ClusterBindingsTest, ItBeginsWithTheOldestFormatAndReadsUpToItsNewest) {
    const auto member =
        member_options(with({"cluster.record-format=1"}), redis_facts(), "http://a:1", 0);

    EXPECT_EQ(member->facts.format, engine::kRecordFormatOldest);
    EXPECT_EQ(member->facts.format_newest, engine::record_format_newest());
    EXPECT_EQ(member->format_limit, 1U);
}

TEST(ClusterBindingsTest, AStoreOfItsOwnMakesASoleMember) {
    const Settings settings = with({"cluster.lease=5s"});
    const auto shared = member_options(settings, redis_facts(), "http://a:1", 0);
    const auto sole = member_options(settings, {"embedded", 16, true}, "http://a:1", 0);

    EXPECT_FALSE(shared->sole);
    EXPECT_EQ(shared->timing.lease, std::chrono::seconds(5));
    EXPECT_EQ(shared->facts.lease_ms, 5000U);
    EXPECT_TRUE(sole->sole);
    EXPECT_GT(sole->timing.lease, std::chrono::hours(1));
    EXPECT_EQ(sole->timing.claim_window, 16U);
}

}  // namespace
}  // namespace fermata::app

#include "app/persistence_rules.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/options_listing.h"
#include "app/redis_bindings.h"
#include "store/testing.h"

namespace fermata::app {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class PersistenceRulesTest : public testing::Test {
  protected:
    // Options on top of what type=redis needs.
    static Settings redis(std::vector<std::string> more = {}) {
        std::vector<std::string> arguments{"persistence.type=redis",
                                           "persistence.redis-nodes=redis1:6379;redis2:6379",
                                           "orchestration.sessionid-with-nodeid=true"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        auto settings = Settings::load({"", {}, std::move(arguments)});
        EXPECT_TRUE(settings) << settings.error().message();
        return settings ? *std::move(settings) : Settings();
    }
    static std::string refusal(const Settings& settings) {
        const auto checked = check_persistence(settings);
        return checked ? "accepted" : checked.error().message();
    }
    std::string file(const std::string& name, const std::string& text) {
        const auto path = folder_.path() / name;
        std::ofstream(path) << text;
        return path.string();
    }

    store::TemporaryFolder folder_;
};

TEST_F(PersistenceRulesTest, TheDefaultsAndASmallRedisAreFine) {
    EXPECT_EQ(refusal(Settings()), "accepted");
    EXPECT_EQ(refusal(redis()), "accepted");
    EXPECT_THAT(persistence_warnings(Settings()), IsEmpty());
    EXPECT_THAT(persistence_warnings(redis()), IsEmpty());
}

TEST_F(PersistenceRulesTest, CassandraIsRefusedWithWhyAndWhatToUse) {
    EXPECT_THAT(refusal(*Settings::load({"", {}, {"persistence.type=cassandra"}})),
                AllOf(HasSubstr("cassandra is not offered"), HasSubstr("type=redis"),
                      HasSubstr("type=embedded")));
}

TEST_F(PersistenceRulesTest, RedisNeedsNodeIdsInSessionIds) {
    EXPECT_THAT(refusal(redis({"orchestration.sessionid-with-nodeid=false"})),
                HasSubstr("needs [orchestration] sessionid-with-nodeid=true"));
}

TEST_F(PersistenceRulesTest, RedisNeedsNodes) {
    EXPECT_THAT(refusal(redis({"persistence.redis-nodes="})),
                HasSubstr("[persistence] redis-nodes: no node is named"));
    EXPECT_THAT(refusal(redis({"persistence.redis-nodes=redis1:x"})),
                HasSubstr("[persistence] redis-nodes: bad address 'redis1:x'"));
}

TEST_F(PersistenceRulesTest, CertificateAndKeyGoTogether) {
    const std::string pem = file("some.pem", "x");

    for (const char* tls : {"persistence.tls-enabled=true", "persistence.tls-enabled=false"}) {
        EXPECT_THAT(refusal(redis({tls, "persistence.tls-cert=" + pem})),
                    HasSubstr("only tls-cert is set: set tls-key"));
        EXPECT_THAT(refusal(redis({tls, "persistence.tls-key=" + pem})),
                    HasSubstr("only tls-key is set: set tls-cert"));
        EXPECT_EQ(
            refusal(redis({tls, "persistence.tls-cert=" + pem, "persistence.tls-key=" + pem})),
            "accepted");
    }
}

TEST_F(PersistenceRulesTest, FilesMustBeReadable) {
    const std::string missing = (folder_.path() / "missing").string();
    const std::string text = file("some.pem", "x");

    EXPECT_THAT(
        refusal(redis({"persistence.tls-enabled=true", "persistence.tls-cacert=" + missing})),
        HasSubstr("[persistence] tls-cacert: " + missing + " cannot be read"));
    EXPECT_THAT(refusal(redis({"persistence.tls-enabled=true",
                               "persistence.tls-cacert=" + folder_.path().string()})),
                HasSubstr("is a folder; a file is needed"));
    EXPECT_THAT(
        refusal(redis({"persistence.tls-enabled=true", "persistence.tls-cacertdir=" + text})),
        HasSubstr("tls-cacertdir: " + text + " cannot be read as a folder"));
    EXPECT_THAT(refusal(redis({"persistence.password-file=" + missing})),
                HasSubstr("[persistence] password-file: " + missing + " cannot be read"));
}

TEST_F(PersistenceRulesTest, AnEmptyFolderOfAuthoritiesTrustsNobody) {
    const auto empty = folder_.path() / "empty";
    std::filesystem::create_directory(empty);

    EXPECT_THAT(refusal(redis({"persistence.tls-enabled=true",
                               "persistence.tls-cacertdir=" + empty.string()})),
                HasSubstr("is empty"));
}

TEST_F(PersistenceRulesTest, WithoutAuthoritiesTheSystemsAreSaidToBeUsed) {
    const auto settings = redis({"persistence.tls-enabled=true"});

    EXPECT_EQ(refusal(settings), "accepted");
    EXPECT_THAT(persistence_warnings(settings),
                Contains(HasSubstr("checked against the authorities of this system")));
}

TEST_F(PersistenceRulesTest, TlsOptionsWithoutTlsAreSaidToDoNothing) {
    EXPECT_THAT(persistence_warnings(redis({"persistence.tls-sni=redis.example.org"})),
                Contains(HasSubstr("tls-sni has no effect: tls-enabled is false")));
}

TEST_F(PersistenceRulesTest, WeakenedGuaranteesAreSaid) {
    const auto warnings = persistence_warnings(
        redis({"persistence.redis-wait-replicas=0", "persistence.redis-replay-window=0",
               "persistence.tls-enabled=true", "persistence.tls-verify-hostname=false"}));

    EXPECT_THAT(warnings, Contains(HasSubstr("redis-wait-replicas=0")));
    EXPECT_THAT(warnings, Contains(HasSubstr("redis-replay-window=0")));
    EXPECT_THAT(warnings, Contains(HasSubstr("tls-verify-hostname=false")));
}

TEST_F(PersistenceRulesTest, RedisNodesWithoutRedisAreSaidToDoNothing) {
    const auto settings = Settings::load({"", {}, {"persistence.redis-nodes=a:1"}});

    EXPECT_THAT(persistence_warnings(*settings),
                Contains(HasSubstr("redis-nodes has no effect: type=embedded")));
}

TEST_F(PersistenceRulesTest, ThePasswordComesFromOneOfItsSources) {
    const std::string path = file("password", "sword fish\r\nsecond line\n");

    EXPECT_EQ(*redis_password(redis()), "");
    EXPECT_EQ(*redis_password(redis({"persistence.password=shark"})), "shark");
    EXPECT_EQ(*redis_password(redis({"persistence.password-file=" + path})), "sword fish");
    const auto environment = Settings::load({"", {{"FERMATA_PERSISTENCE_PASSWORD", "whale"}}, {}});
    EXPECT_EQ(*redis_password(*environment), "whale");
}

TEST_F(PersistenceRulesTest, TwoPasswordsOrAnEmptyOneAreRefused) {
    const std::string path = file("password", "swordfish\n");
    const std::string empty = file("empty", "\nswordfish\n");

    EXPECT_THAT(refusal(redis({"persistence.password=shark", "persistence.password-file=" + path})),
                AllOf(HasSubstr("both set"), Not(HasSubstr("shark")), Not(HasSubstr("swordfish"))));
    EXPECT_THAT(refusal(redis({"persistence.password-file=" + empty})),
                HasSubstr("first line of " + empty + " is empty"));
}

TEST_F(PersistenceRulesTest, APasswordOnTheCommandLineIsWarnedOfAndNotShown) {
    const auto settings = redis({"persistence.password=swordfish"});

    EXPECT_THAT(
        persistence_warnings(settings),
        Contains(AllOf(HasSubstr("stands on the command line"), Not(HasSubstr("swordfish")))));
    EXPECT_THAT(list_options(settings), Not(HasSubstr("swordfish")));
    EXPECT_THAT(options_toml(settings), Not(HasSubstr("swordfish")));
}

TEST_F(PersistenceRulesTest, AUserNeedsAPassword) {
    EXPECT_EQ(refusal(redis({"persistence.username=fermata"})),
              "[persistence]: username is set without password");
}

TEST_F(PersistenceRulesTest, TheStoreGetsWhatIsSet) {
    const std::string pem = file("some.pem", "x");
    const auto options =
        redis_store_options(redis({"persistence.redis-nodes=redis1:7000;[::1]:7001",
                                   "persistence.username=fermata",
                                   "persistence.password=shark",
                                   "persistence.tls-enabled=true",
                                   "persistence.tls-cert=" + pem,
                                   "persistence.tls-key=" + pem,
                                   "persistence.tls-cacert=" + pem,
                                   "persistence.tls-cacertdir=/ca",
                                   "persistence.tls-sni=front",
                                   "persistence.tls-verify-hostname=false",
                                   "persistence.redis-connect-timeout=1s",
                                   "persistence.redis-socket-timeout=2s",
                                   "persistence.redis-wait-replicas=2",
                                   "persistence.redis-degrade-after=3s",
                                   "persistence.redis-replay-window=4s",
                                   "persistence.redis-replay-bytes=5MiB",
                                   "persistence.redis-in-flight-bytes=6MiB",
                                   "persistence.max-waiting-bytes=7MiB",
                                   "persistence.partitions=16",
                                   "cluster.name=east",
                                   "journal.length=8",
                                   "scxml.max-session-age=2h",
                                   "orchestration.node-id=9"}));

    ASSERT_TRUE(options) << options.error().message();
    const redis::Options& client = options->client;
    ASSERT_EQ(client.nodes.size(), 2U);
    EXPECT_EQ(client.nodes[0].to_string(), "redis1:7000");
    EXPECT_EQ(client.nodes[1].to_string(), "[::1]:7001");
    EXPECT_EQ(client.username, "fermata");
    EXPECT_EQ(client.password, "shark");
    EXPECT_TRUE(client.tls.enabled);
    EXPECT_EQ(client.tls.cert, pem);
    EXPECT_EQ(client.tls.key, pem);
    EXPECT_EQ(client.tls.cacert, pem);
    EXPECT_EQ(client.tls.cacertdir, "/ca");
    EXPECT_EQ(client.tls.sni, "front");
    EXPECT_FALSE(client.tls.verify_hostname);
    EXPECT_EQ(client.client_name, "fermata-node9");
    EXPECT_EQ(client.connect_timeout, std::chrono::seconds(1));
    EXPECT_EQ(client.socket_timeout, std::chrono::seconds(2));
    EXPECT_EQ(client.wait_replicas, 2U);
    EXPECT_EQ(client.degrade_after, std::chrono::seconds(3));
    EXPECT_EQ(client.in_flight_bytes_max, std::size_t{6} << 20U);
    EXPECT_EQ(options->replay_window, std::chrono::seconds(4));
    EXPECT_EQ(options->replay_bytes_max, std::size_t{5} << 20U);
    EXPECT_EQ(options->queue_bytes_max, std::size_t{7} << 20U);
    EXPECT_EQ(options->partition_count, 16);
    EXPECT_EQ(options->cluster, "east");
    EXPECT_EQ(options->journal.length, 8U);
    EXPECT_EQ(options->session_age_max, std::chrono::hours(2));
}

TEST_F(PersistenceRulesTest, DefaultsAreThoseOfTheOptionStructs) {
    const auto options = redis_store_options(redis());
    const redis_store::Options initial;

    ASSERT_TRUE(options);
    EXPECT_EQ(options->client.tls.enabled, initial.client.tls.enabled);
    EXPECT_EQ(options->client.tls.verify_hostname, initial.client.tls.verify_hostname);
    EXPECT_EQ(options->client.connect_timeout, initial.client.connect_timeout);
    EXPECT_EQ(options->client.socket_timeout, initial.client.socket_timeout);
    EXPECT_EQ(options->client.wait_replicas, initial.client.wait_replicas);
    EXPECT_EQ(options->client.degrade_after, initial.client.degrade_after);
    EXPECT_EQ(options->client.in_flight_bytes_max, initial.client.in_flight_bytes_max);
    EXPECT_EQ(options->cluster, initial.cluster);
    EXPECT_EQ(options->partition_count, initial.partition_count);
    EXPECT_EQ(options->replay_window, initial.replay_window);
    EXPECT_EQ(options->replay_bytes_max, initial.replay_bytes_max);
    EXPECT_EQ(options->queue_bytes_max, initial.queue_bytes_max);
    EXPECT_EQ(options->session_age_max, initial.session_age_max);
}

TEST_F(PersistenceRulesTest, TheClustersNameFitsIntoKeys) {
    EXPECT_EQ(refusal(redis({"cluster.name=ORS_Site-1.a"})), "accepted");
    for (const std::string& name : {std::string(), std::string("two words"), std::string("a{b}"),
                                    std::string("a:b"), std::string(65, 'x')}) {
        EXPECT_THAT(refusal(redis({"cluster.name=" + name})), HasSubstr("[cluster] name")) << name;
    }
}

// The parser of the file quotes what it cannot read; a password is none of it.
TEST_F(PersistenceRulesTest, APasswordWithoutQuotesIsNotShownByTheParser) {
    const std::string path = file("fermata.toml", "[persistence]\npassword = swordfish\n");

    const auto settings = Settings::load({path, {}, {}});

    ASSERT_FALSE(settings);
    EXPECT_THAT(settings.error().message(),
                AllOf(HasSubstr(path + ":2: "), Not(HasSubstr("swordfish"))));
}

}  // namespace
}  // namespace fermata::app

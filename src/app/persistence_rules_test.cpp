#include "app/persistence_rules.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/options_listing.h"
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
    EXPECT_THAT(refusal(redis({"persistence.redis-nodes=redis1"})),
                HasSubstr("[persistence] redis-nodes: 'redis1' has no port"));
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
    const auto settings = redis({"persistence.password=swordfish", "persistence.username="});

    EXPECT_THAT(
        persistence_warnings(settings),
        Contains(AllOf(HasSubstr("stands on the command line"), Not(HasSubstr("swordfish")))));
    EXPECT_THAT(list_options(settings), Not(HasSubstr("swordfish")));
    EXPECT_THAT(options_toml(settings), Not(HasSubstr("swordfish")));
}

TEST_F(PersistenceRulesTest, AUserWithoutAPasswordIsWarnedOf) {
    EXPECT_THAT(persistence_warnings(redis({"persistence.username=fermata"})),
                Contains(HasSubstr("username is set, but neither password nor password-file")));
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

#include "app/settings.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/amount.h"
#include "app/bindings.h"
#include "app/cluster_bindings.h"
#include "app/options_listing.h"

namespace fermata::app {
namespace {

using testing::HasSubstr;

// A file that is gone at the end of the test.
class TemporaryFile {
  public:
    explicit TemporaryFile(const std::string& text)
        : path_(testing::TempDir() + "settings-" +
                testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml") {
        std::ofstream(path_) << text;
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { std::filesystem::remove(path_); }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    const std::string path_;
};

TEST(SettingsTest, TheCommandLineBeatsTheEnvironmentBeatsTheFile) {
    const TemporaryFile file("[http]\nport = 1\nthreads = 2\nmax-streams = 3\n");

    const auto settings =
        Settings::load({file.path(),
                        {{"FERMATA_HTTP_PORT", "10"}, {"FERMATA_HTTP_THREADS", "20"}},
                        {"http.port=100"}});

    ASSERT_TRUE(settings) << settings.error().message();
    EXPECT_EQ(settings->integer("http", "port"), 100);
    EXPECT_EQ(settings->integer("http", "threads"), 20);
    EXPECT_EQ(settings->integer("http", "max-streams"), 3);
    EXPECT_EQ(settings->integer("http", "max-connections"), 10'000);
    EXPECT_EQ(settings->origin(*find_option("http", "port")), "--http.port");
    EXPECT_EQ(settings->origin(*find_option("http", "max-streams")), file.path() + ":4");
    EXPECT_EQ(settings->origin(*find_option("http", "max-connections")), "default");
}

TEST(SettingsTest, AnUnknownOptionInAFileNamesItsLineAndWhatWasMeant) {
    const TemporaryFile file("[scxml]\n\nmax-microstep-cuont = 5\n");

    const auto settings = Settings::load({file.path(), {}, {}});

    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().message(),
              file.path() +
                  ":3: there is no option scxml.max-microstep-cuont; did you "
                  "mean scxml.max-microstep-count?");
}

TEST(SettingsTest, ARightNameInAWrongSectionIsRecognised) {
    EXPECT_EQ(nearest_option("orchestration.max-microstep-count"), "scxml.max-microstep-count");
    EXPECT_EQ(nearest_option("nothing.like-it-at-all-anywhere"), "");
}

TEST(SettingsTest, BrokenTomlNamesItsLine) {
    const TemporaryFile file("[http]\nport = = 5\n");

    const auto settings = Settings::load({file.path(), {}, {}});

    ASSERT_FALSE(settings);
    EXPECT_THAT(settings.error().message(), HasSubstr(file.path() + ":2: "));
}

struct WrongCase {
    std::string name;
    std::string argument;
    std::string message;
};

class WrongValueTest : public testing::TestWithParam<WrongCase> {};

TEST_P(WrongValueTest, IsRefusedWithItsPlace) {
    const auto settings = Settings::load({"", {}, {GetParam().argument}});

    ASSERT_FALSE(settings);
    EXPECT_THAT(settings.error().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Values, WrongValueTest,
    testing::Values(WrongCase{"text_for_number", "http.port=many",
                              "--http.port: http.port: 'many' is not a whole"},
                    WrongCase{"too_large", "http.port=70000", "70000 is outside of 0 to 65535"},
                    WrongCase{"boolean", "log.requests=yes", "'yes' is neither true nor false"},
                    WrongCase{"choice", "persistence.type=mongo",
                              "'mongo' is none of embedded|memory"},
                    WrongCase{"duration", "http.idle-timeout=5x", "unknown unit"},
                    WrongCase{"size", "http.max-body-size=1TiB", "unknown unit"},
                    WrongCase{"no_value", "http.port", "a value is missing"},
                    WrongCase{"no_section", "port=5", "did you mean http.port?"}),
    [](const auto& param) { return param.param.name; });

TEST(SettingsTest, AWrongVariableOfASectionIsRefusedAndOthersAreNot) {
    EXPECT_TRUE(Settings::load({"", {{"FERMATA_SHARED_DIR", "/x"}}, {}}));
    EXPECT_FALSE(Settings::load({"", {{"FERMATA_HTTP_PROT", "1"}}, {}}));
}

TEST(SettingsTest, SecretsAreNeverShown) {
    const auto settings = Settings::load({"", {{"FERMATA_PERSISTENCE_PASSWORD", "swordfish"}}, {}});
    ASSERT_TRUE(settings);

    EXPECT_EQ(settings->text("persistence", "password"), "swordfish");
    EXPECT_THAT(list_options(*settings), testing::Not(HasSubstr("swordfish")));
    EXPECT_THAT(options_toml(*settings), testing::Not(HasSubstr("swordfish")));
}

TEST(SettingsTest, ListsAreArraysInAFileAndSeparatedBySemicolonsElsewhere) {
    const TemporaryFile file("[scxml]\nsend-prefixes = [\"http://a/\", \"http://b/\"]\n");

    const auto from_file = Settings::load({file.path(), {}, {}});
    const auto from_argument =
        Settings::load({"", {}, {"scxml.send-prefixes=http://a/; http://b/;"}});

    ASSERT_TRUE(from_file && from_argument);
    EXPECT_THAT(from_file->list("scxml", "send-prefixes"),
                testing::ElementsAre("http://a/", "http://b/"));
    EXPECT_THAT(from_argument->list("scxml", "send-prefixes"),
                testing::ElementsAre("http://a/", "http://b/"));
}

TEST(OptionTableTest, NamesAreUnique) {
    std::set<std::string> names;
    for (const Option& option : option_table()) {
        EXPECT_TRUE(names.insert(environment_name(option)).second) << full_name(option);
        EXPECT_FALSE(option.meaning.empty()) << full_name(option);
    }
}

// The table writes defaults down a second time, for people: they must be the ones of the code.
TEST(OptionTableTest, DefaultsAreThoseOfTheOptionStructs) {
    const Settings settings;
    const engine::Options engine = engine_options(settings);
    const engine::Options engine_default;
    const http::ServerOptions server = server_options(settings);
    const http::ServerOptions server_default;
    const OutsideOptions outside = outside_options(settings);
    const OutsideOptions outside_default;
    const store::EmbeddedOptions store = embedded_options(settings);
    const store::EmbeddedOptions store_default;
    const auto member = *member_options(settings, {"redis", 256, true}, "http://a:1", 0);
    const cluster::MemberOptions member_default;

    EXPECT_EQ(api_options(settings).forwarding, api::Options().forwarding);
    EXPECT_EQ(api_options(settings).answer_timeout, api::Options().answer_timeout);
    EXPECT_EQ(member.timing.lease, member_default.timing.lease);
    EXPECT_EQ(member.timing.hand_over_window, member_default.timing.hand_over_window);
    EXPECT_EQ(member.format_limit, member_default.format_limit);
    EXPECT_EQ(member.auto_rebalance, member_default.auto_rebalance);
    EXPECT_EQ(member.backup, member_default.backup);
    EXPECT_EQ(member.node, member_default.node);
    EXPECT_EQ(engine.shards, engine_default.shards);
    EXPECT_EQ(engine.node, engine_default.node);
    EXPECT_EQ(engine.session.microstep_count_max, engine_default.session.microstep_count_max);
    EXPECT_EQ(engine.session.state_entry_count_max, engine_default.session.state_entry_count_max);
    EXPECT_EQ(engine.session.pending_events_max, engine_default.session.pending_events_max);
    EXPECT_EQ(engine.session.macrosteps_per_run_max, engine_default.session.macrosteps_per_run_max);
    EXPECT_EQ(engine.session.effects_per_run_max, engine_default.session.effects_per_run_max);
    EXPECT_EQ(engine.session.process_event_timeout, engine_default.session.process_event_timeout);
    EXPECT_EQ(engine.session.event_bytes_max, engine_default.session.event_bytes_max);
    EXPECT_EQ(engine.session.session_bytes_max, engine_default.session.session_bytes_max);
    EXPECT_EQ(engine.session.timers_max, engine_default.session.timers_max);
    EXPECT_EQ(engine.session.invokes_max, engine_default.session.invokes_max);
    EXPECT_EQ(engine.session.script_memory_max, engine_default.session.script_memory_max);
    EXPECT_EQ(engine.session.script_stack_max, engine_default.session.script_stack_max);
    EXPECT_EQ(engine.document.bytes_max, engine_default.document.bytes_max);
    EXPECT_EQ(engine.document.includes_max, engine_default.document.includes_max);
    EXPECT_EQ(engine.document.depth_max, engine_default.document.depth_max);
    EXPECT_EQ(engine.document.nodes_max, engine_default.document.nodes_max);
    EXPECT_EQ(engine.session_age_max, engine_default.session_age_max);
    EXPECT_EQ(engine.active_max, engine_default.active_max);
    EXPECT_EQ(engine.passivate_after, engine_default.passivate_after);
    EXPECT_EQ(engine.ended_retention, engine_default.ended_retention);
    EXPECT_EQ(engine.answer_retention, engine_default.answer_retention);
    EXPECT_EQ(engine.answer_timeout, engine_default.answer_timeout);
    EXPECT_EQ(engine.queue_length_max, engine_default.queue_length_max);
    EXPECT_EQ(engine.charts_max, engine_default.charts_max);
    EXPECT_EQ(engine.live_buffer_max, engine_default.live_buffer_max);
    EXPECT_EQ(server.address, server_default.address);
    EXPECT_EQ(server.threads, server_default.threads);
    EXPECT_EQ(server.body_bytes_max, server_default.body_bytes_max);
    EXPECT_EQ(server.header_bytes_max, server_default.header_bytes_max);
    EXPECT_EQ(server.header_timeout, server_default.header_timeout);
    EXPECT_EQ(server.body_timeout, server_default.body_timeout);
    EXPECT_EQ(server.body_bytes_per_second_min, server_default.body_bytes_per_second_min);
    EXPECT_EQ(server.idle_timeout, server_default.idle_timeout);
    EXPECT_EQ(server.write_timeout, server_default.write_timeout);
    EXPECT_EQ(server.connections_max, server_default.connections_max);
    EXPECT_EQ(server.requests_in_flight_max, server_default.requests_in_flight_max);
    EXPECT_EQ(server.pipelined_max, server_default.pipelined_max);
    EXPECT_EQ(server.stream_buffer_bytes_max, server_default.stream_buffer_bytes_max);
    EXPECT_EQ(outside.timeout, outside_default.timeout);
    EXPECT_EQ(outside.bytes_max, outside_default.bytes_max);
    EXPECT_EQ(outside.client.in_flight_max, outside_default.client.in_flight_max);
    EXPECT_EQ(outside.client.queued_max, outside_default.client.queued_max);
    EXPECT_EQ(outside.client.connect_timeout, outside_default.client.connect_timeout);
    EXPECT_EQ(store.cache_bytes, store_default.cache_bytes);
    EXPECT_EQ(store.write_buffer_bytes, store_default.write_buffer_bytes);
    EXPECT_EQ(store.open_files_max, store_default.open_files_max);
    EXPECT_EQ(store.background_jobs, store_default.background_jobs);
    EXPECT_EQ(store.queue_length_max, store_default.queue_length_max);
    EXPECT_EQ(store.queue_bytes_max, store_default.queue_bytes_max);
    EXPECT_EQ(store.group_bytes_max, store_default.group_bytes_max);
}

TEST(OptionTableTest, EveryOptionHasItsRowInTheReference) {
    std::ifstream file(FERMATA_SOURCE_DIR "/docs/reference/configuration.md");
    std::stringstream page;
    page << file.rdbuf();

    for (const Option& option : option_table()) {
        EXPECT_THAT(page.str(), HasSubstr(markdown_row(option) + "\n"))
            << "`fermata options --format markdown` has it";
    }
    EXPECT_THAT(page.str(), HasSubstr(options_markdown()))
        << "the reference has rows of options that do not exist";
}

TEST(AmountTest, ReadsUnits) {
    EXPECT_EQ(parse_duration("250ms")->count(), 250);
    EXPECT_EQ(parse_duration("10s")->count(), 10'000);
    EXPECT_EQ(parse_duration("2h")->count(), 7'200'000);
    EXPECT_EQ(parse_duration("90d")->count(), 7'776'000'000);
    EXPECT_EQ(parse_duration("5")->count(), 5);
    EXPECT_EQ(parse_duration("5", 1000)->count(), 5'000);
    EXPECT_EQ(*parse_size("512"), 512);
    EXPECT_EQ(*parse_size("64KiB"), 65'536);
    EXPECT_EQ(*parse_size("8 MiB"), 8'388'608);
    EXPECT_EQ(*parse_size("1g"), 1'073'741'824);
}

TEST(AmountTest, RefusesWhatIsNoAmount) {
    for (const char* text : {"", "s", "-5s", "5 weeks", "9999999999999999d"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
    for (const char* text : {"", "MiB", "-1", "5XiB", "9999999999999999GiB"}) {
        EXPECT_FALSE(parse_size(text)) << text;
    }
}

}  // namespace
}  // namespace fermata::app

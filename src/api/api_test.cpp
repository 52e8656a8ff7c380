// What the interface promises on paper: every route, error code and metric is documented, and
// nothing else is.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/forwarding.h"
#include "api/metrics.h"
#include "api/openapi.h"
#include "api/problem.h"
#include "api/service.h"
#include "engine/engine.h"
#include "store/memory_store.h"

namespace fermata::api {
namespace {

using testing::HasSubstr;

std::string read(const std::string& path) {
    std::ifstream file(std::string(FERMATA_SOURCE_DIR) + "/" + path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// Nothing is reachable.
class NoOutside final : public engine::Outside {
  public:
    void fetch(engine::FetchRequest request,
               std::function<void(Result<engine::FetchAnswer>)> done) override {
        done(Error(ErrorCode::kForbidden, request.url));
    }
    void send(engine::HttpSend send, std::function<void(Result<void>)> done) override {
        done(Error(ErrorCode::kForbidden, send.url));
    }
    [[nodiscard]] std::string basic_http_location(const std::string&) const override { return ""; }
};

class InterfaceTest : public testing::Test {
  protected:
    void SetUp() override {
        engine::Options engine_options;
        engine_options.shards = 1;
        auto created = engine::Engine::create(engine_options, store_, outside_, clock_);
        ASSERT_TRUE(created) << created.error().to_string();
        engine_ = std::move(*created);
        streams_ = std::make_unique<Streams>(*engine_, 1, std::chrono::seconds(1));
        forwarding_ = std::make_unique<Forwarding>(*engine_, options_);
        context_ = std::make_unique<Context>(
            Context{*engine_, store_, clock_, *streams_, *forwarding_, http_metrics_, options_});
    }

    store::MemoryStore store_;
    NoOutside outside_;
    SystemClock clock_;
    HttpMetrics http_metrics_{false};
    Options options_;
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<Streams> streams_;
    std::unique_ptr<Forwarding> forwarding_;
    std::unique_ptr<Context> context_;
};

TEST_F(InterfaceTest, EveryRouteIsInTheReferenceAndViceVersa) {
    std::set<std::string> routes;
    for (const Route& route : all_routes(*context_)) {
        routes.insert(std::string(route.method) + " " + std::string(route.pattern));
    }

    std::set<std::string> documented;
    std::istringstream page(read("docs/reference/http-api.md"));
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with("| `")) {
            documented.insert(line.substr(3, line.find('`', 3) - 3));
        }
    }

    EXPECT_EQ(routes, documented);
}

TEST_F(InterfaceTest, TheOpenApiDocumentHasEveryRouteWithItsSchemas) {
    const Routes routes = all_routes(*context_);

    const std::string document = openapi_json(routes, "1.2.3");

    ASSERT_TRUE(value::Value::from_json(document)) << document;
    std::set<std::string_view> operations;
    for (const Route& route : routes) {
        EXPECT_THAT(document,
                    HasSubstr("\"operationId\":\"" + std::string(route.operation) + "\""));
        EXPECT_TRUE(operations.insert(route.operation).second)
            << route.operation << " is not unique";
        EXPECT_FALSE(route.answers.empty()) << route.operation;
        for (const Answer& answer : route.answers) {
            if (!answer.schema.empty()) {
                EXPECT_THAT(document, HasSubstr("\"" + std::string(answer.schema) + "\":{\""))
                    << route.operation;
            }
        }
    }
}

TEST_F(InterfaceTest, EveryRouteThatChangesSomethingNeedsARole) {
    for (const Route& route : all_routes(*context_)) {
        if (route.method != "GET") {
            EXPECT_NE(route.access, Access::kOpen) << route.pattern;
            EXPECT_NE(route.access, Access::kRead) << route.pattern;
        }
    }
}

TEST_F(InterfaceTest, EveryRouteOfASessionIsAnsweredByItsOwner) {
    for (const Route& route : all_routes(*context_)) {
        const bool names_a_session = route.pattern.starts_with("/api/v1/sessions/{id}") ||
                                     route.pattern.starts_with("/scxml/session/{id}");
        const bool starts_one = route.method == "POST" && (route.pattern == "/api/v1/sessions" ||
                                                           route.pattern == "/scxml/session/start");
        const Subject expected = names_a_session ? Subject::kSession
                                 : starts_one    ? Subject::kStart
                                                 : Subject::kInstance;
        EXPECT_EQ(route.belonging.subject, expected) << route.method << " " << route.pattern;
        EXPECT_EQ(static_cast<bool>(route.belonging.read_start), starts_one) << route.pattern;
        EXPECT_EQ(route.belonging.is_held, route.pattern.find("/request") != std::string_view::npos)
            << route.pattern;
        const bool may_wait =
            std::any_of(route.answers.begin(), route.answers.end(),
                        [](const Answer& answer) { return answer.status == 202; });
        if (names_a_session) {
            EXPECT_EQ(static_cast<bool>(route.belonging.read_event), may_wait) << route.pattern;
        }
    }
}

TEST_F(InterfaceTest, EveryMetricIsInTheReferenceAndViceVersa) {
    const auto metrics =
        collect_metrics({engine_->counters(), store_.counters(), http_metrics_, 0, true, {}, {}});
    std::set<std::string> exported;
    for (const Metric& metric : metrics) {
        EXPECT_FALSE(metric.samples.empty()) << metric.name;
        exported.insert(std::string(metric.name));
    }

    std::set<std::string> documented;
    // Those of the store on Redis have a section and a test of their own, in app/.
    std::istringstream page(read("docs/reference/metrics.md"));
    for (std::string line; std::getline(page, line) && !line.starts_with("## ");) {
        if (line.starts_with("| `")) {
            documented.insert(line.substr(3, line.find('`', 3) - 3));
        }
    }

    EXPECT_EQ(exported, documented);
}

TEST(MetricsTest, WritesWhatPrometheusReads) {
    const std::vector<Metric> metrics{
        {"a_total", "counter", "things", {{"{kind=\"x\"}", 2}, {"", 0.5}}}};

    EXPECT_EQ(
        format_metrics(metrics),
        "# HELP a_total things\n# TYPE a_total counter\na_total{kind=\"x\"} 2\na_total 0.5\n");
}

TEST(ProblemTest, EveryCodeHasAPageThatNamesItsStatus) {
    for (const ProblemKind& kind : problem_kinds()) {
        const std::string page = read("docs/errors/" + std::string(kind.code) + ".md");
        EXPECT_THAT(page, HasSubstr("# " + std::string(kind.code) + "\n"));
        EXPECT_THAT(page, HasSubstr("HTTP " + std::to_string(kind.status)));
    }
}

TEST(ProblemTest, EveryPageBelongsToACode) {
    for (const auto& entry :
         std::filesystem::directory_iterator(FERMATA_SOURCE_DIR "/docs/errors")) {
        const std::string name = entry.path().stem().string();
        const bool known = name == "README" ||
                           std::any_of(problem_kinds().begin(), problem_kinds().end(),
                                       [&](const ProblemKind& kind) { return kind.code == name; });
        EXPECT_TRUE(known) << name;
    }
}

TEST(ProblemTest, EveryErrorCodeHasAKind) {
    for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
        const Error error(static_cast<ErrorCode>(code), "why");

        const http::Response response = to_response(error);

        EXPECT_GE(response.status, 400);
        EXPECT_THAT(response.body,
                    HasSubstr("\"code\":\"" + std::string(to_string(error.code())) + "\""));
        EXPECT_THAT(response.body, HasSubstr("\"detail\":\"why\""));
    }
}

TEST(ProblemTest, TellsWhenToComeBack) {
    EXPECT_EQ(problem("overloaded", "").headers.get("Retry-After"), "1");
    EXPECT_EQ(problem("not-found", "").headers.get("Retry-After"), "");
}

TEST(ProblemTest, ARefusedDocumentCarriesItsFindings) {
    scxml::Finding finding;
    finding.rule = "unknown-target";
    finding.message = "no state 'x'";
    finding.url = "file:///a.scxml";
    finding.line = 3;

    const http::Response response = refused_document({finding});

    EXPECT_EQ(response.status, 422);
    EXPECT_THAT(response.body, HasSubstr("\"rule\":\"unknown-target\""));
    EXPECT_THAT(response.body, HasSubstr("a.scxml:3:0: no state 'x'"));
}

}  // namespace
}  // namespace fermata::api

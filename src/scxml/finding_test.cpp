#include "scxml/finding.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fermata::scxml {
namespace {

using testing::HasSubstr;

Finding sample() {
    Finding finding;
    finding.severity = Severity::kWarning;
    finding.rule = "unused-data";
    finding.message = "data \"x\" is never used";
    finding.hint = "remove it";
    finding.url = "file:///charts/order.scxml";
    finding.line = 12;
    finding.column = 5;
    return finding;
}

TEST(FindingTest, TextHasAPlaceThatEditorsJumpTo) {
    EXPECT_EQ(findings_text({sample()}),
              "/charts/order.scxml:12:5: warning: data \"x\" is never used [unused-data]\n"
              "  hint: remove it\n");
}

TEST(FindingTest, JsonHasEveryMember) {
    const boost::json::value list = boost::json::parse(findings_json({sample()}));

    const boost::json::object& finding = list.at(0).as_object();
    EXPECT_EQ(finding.at("severity"), "warning");
    EXPECT_EQ(finding.at("rule"), "unused-data");
    EXPECT_EQ(finding.at("message"), "data \"x\" is never used");
    EXPECT_EQ(finding.at("hint"), "remove it");
    EXPECT_EQ(finding.at("url"), "file:///charts/order.scxml");
    EXPECT_EQ(finding.at("line"), 12);
    EXPECT_EQ(finding.at("column"), 5);
}

TEST(FindingTest, SarifNamesRuleLevelAndRegion) {
    const boost::json::value log = boost::json::parse(findings_sarif({sample(), sample()}));

    EXPECT_EQ(log.at("version"), "2.1.0");
    const boost::json::value& run = log.at("runs").at(0);
    EXPECT_EQ(run.at("tool").at("driver").at("rules").as_array().size(), 1U);
    EXPECT_EQ(run.at("results").as_array().size(), 2U);
    const boost::json::value& result = run.at("results").at(0);
    EXPECT_EQ(result.at("ruleId"), "unused-data");
    EXPECT_EQ(result.at("level"), "warning");
    EXPECT_EQ(result.at("message").at("text"), "data \"x\" is never used; remove it");
    const boost::json::value& place = result.at("locations").at(0).at("physicalLocation");
    EXPECT_EQ(place.at("artifactLocation").at("uri"), "file:///charts/order.scxml");
    EXPECT_EQ(place.at("region").at("startLine"), 12);
    EXPECT_EQ(place.at("region").at("startColumn"), 5);
}

TEST(FindingTest, SarifOfAFindingWithoutPlaceHasNoRegion) {
    Finding finding = sample();
    finding.line = 0;

    EXPECT_THAT(findings_sarif({finding}), testing::Not(HasSubstr("region")));
}

TEST(FindingTest, SortsErrorsFirstThenByPlace) {
    Finding early = sample();
    early.line = 3;
    Finding error = sample();
    error.severity = Severity::kError;
    error.line = 90;
    Findings findings{sample(), early, error};

    sort_findings(findings);

    EXPECT_EQ(findings[0].line, 90U);
    EXPECT_EQ(findings[1].line, 3U);
    EXPECT_EQ(findings[2].line, 12U);
}

TEST(FindingTest, StopsAtTheBoundButNeverLosesThatThereIsAnError) {
    const std::vector<std::string> sources{"file:///a"};
    Findings findings;
    FindingWriter writer(sources, findings);
    for (std::size_t at = 0; at < 2 * kFindingsMax; ++at) {
        writer.warning({}, "unused-data", "unused");
    }
    EXPECT_EQ(findings.size(), kFindingsMax);
    EXPECT_EQ(findings.back().hint, "further findings are not shown");

    writer.error({}, "unknown-target", "unknown");
    writer.error({}, "unknown-target", "unknown");

    EXPECT_EQ(findings.size(), kFindingsMax + 1);
    EXPECT_TRUE(has_errors(findings));
}

}  // namespace
}  // namespace fermata::scxml

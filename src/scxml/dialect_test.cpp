#include "scxml/dialect.h"

#include <gtest/gtest.h>

namespace fermata::scxml {
namespace {

value::XmlNode root_with(const std::vector<std::pair<std::string, std::string>>& attributes) {
    value::XmlNode root;
    for (const auto& [name, text] : attributes) {
        value::XmlAttribute attribute;
        attribute.name = name;
        attribute.value = text;
        root.attributes.push_back(attribute);
    }
    return root;
}

TEST(DialectTest, ProfileWithoutDatamodelIsTheOrsDialect) {
    EXPECT_EQ(dialect_of(root_with({{"profile", "ecmascript"}})), Dialect::kOrs);
    EXPECT_EQ(dialect_of(root_with({{"profile", "ecmascript"}, {"datamodel", "ecmascript"}})),
              Dialect::kW3c);
    EXPECT_EQ(dialect_of(root_with({})), Dialect::kW3c);
}

TEST(DialectTest, RefusesTheOrsDialectWithAWayOut) {
    const Findings findings = refuse_dialect(Dialect::kOrs);

    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].rule, "unavailable-dialect");
    EXPECT_NE(findings[0].hint.find("datamodel=\"ecmascript\""), std::string::npos);
    EXPECT_TRUE(refuse_dialect(Dialect::kW3c).empty());
}

TEST(DialectTest, FindsActionsWithAndWithoutTheSchemeOfTheirNamespace) {
    ActionRegistry actions;
    ActionKind submit;
    submit.ns = "www.example.com/queue";
    submit.name = "submit";
    actions.add(submit);

    EXPECT_NE(actions.find("http://www.example.com/queue", "submit"), nullptr);
    EXPECT_NE(actions.find("www.example.com/queue", "submit"), nullptr);
    EXPECT_EQ(actions.find("www.example.com/queue", "cancel"), nullptr);
    EXPECT_EQ(actions.find("https://www.example.com/queue", "submit"), nullptr);
}

}  // namespace
}  // namespace fermata::scxml

#include "scxml/lint_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fermata::scxml {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(LintTextTest, FindsNamesButNotProperties) {
    EXPECT_TRUE(mentions("eval(x)", "eval"));
    EXPECT_TRUE(mentions("f(...eval)", "eval"));
    EXPECT_FALSE(mentions("x.eval(1)", "eval"));
    EXPECT_FALSE(mentions("medieval", "eval"));
    EXPECT_FALSE(mentions("evaluate", "eval"));
}

TEST(LintTextTest, FindsTheLiteralArgumentsOfIn) {
    EXPECT_THAT(in_arguments("In('a') && !In( \"b\" )"), ElementsAre("a", "b"));
    EXPECT_THAT(in_arguments("In(x) || In('a' + y) || BeginsIn('c') || x.In('d')"), IsEmpty());
    EXPECT_THAT(in_arguments("In('"), IsEmpty());
    EXPECT_THAT(in_arguments("In("), IsEmpty());
}

TEST(LintTextTest, TellsAssignmentsFromComparisons) {
    EXPECT_TRUE(assigns("x = 1"));
    EXPECT_TRUE(assigns("x.y=1"));
    EXPECT_TRUE(assigns("x += 1"));
    for (const char* text : {"x == 1", "x === 1", "x != 1", "x !== 1", "x <= 1", "x >= 1",
                             "list.some(item => item)", "x == '='", "x == '\\'=' ", ""}) {
        EXPECT_FALSE(assigns(text)) << text;
    }
}

TEST(LintTextTest, KnowsWhatHidesNames) {
    EXPECT_TRUE(hides_names("with (x) { y }"));
    EXPECT_TRUE(hides_names("new Function('y')"));
    EXPECT_FALSE(hides_names("function f() {}"));
}

}  // namespace
}  // namespace fermata::scxml

#include "script/tokens.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "script/declarations.h"
#include "script/names.h"
#include "script/script_fixture.h"

namespace fermata::script {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> texts(std::string_view script, TokenKind kind) {
    std::vector<std::string> found;
    for (const Token& token : tokenize(script, TextBegins::kWithStatement)) {
        if (token.kind == kind) {
            found.emplace_back(token.text);
        }
    }
    return found;
}

TEST(Tokens, RegularExpressionsAndDivisions) {
    EXPECT_THAT(texts("a / b / c", TokenKind::kRegExp), IsEmpty());
    EXPECT_THAT(texts("(a) / b / c", TokenKind::kRegExp), IsEmpty());
    EXPECT_THAT(texts("x = /b/g.test(y)", TokenKind::kRegExp), ElementsAre("/b/g"));
    EXPECT_THAT(texts("if (a) /b/.exec(c)", TokenKind::kRegExp), ElementsAre("/b/"));
    EXPECT_THAT(texts("return /[/]\\//", TokenKind::kRegExp), ElementsAre("/[/]\\//"));
    EXPECT_THAT(texts("{} /a/g", TokenKind::kRegExp), ElementsAre("/a/g"));
    EXPECT_THAT(texts("x = {} / a / g", TokenKind::kRegExp), IsEmpty());
    EXPECT_THAT(texts("function f() {} /a/g", TokenKind::kRegExp), ElementsAre("/a/g"));
    EXPECT_THAT(texts("x = function () {} / a / g", TokenKind::kRegExp), IsEmpty());
    EXPECT_THAT(texts("a++ / b / c", TokenKind::kRegExp), IsEmpty());
}

TEST(Tokens, StringsTemplatesAndComments) {
    EXPECT_THAT(texts("'a\\'b' + \"c\" // 'd'\n/* 'e' */ 'f'", TokenKind::kString),
                ElementsAre("'a\\'b'", "\"c\"", "'f'"));
    EXPECT_THAT(texts("`a${b + `c${d}`}e`", TokenKind::kTemplate),
                ElementsAre("`a${", "`c${", "}`", "}e`"));
    EXPECT_THAT(texts("`a${{b: 1}.b}c`", TokenKind::kName), ElementsAre("b", "b"));
}

TEST(Tokens, BracesKnowWhatTheyOpen) {
    const auto kinds = [](std::string_view script) {
        std::vector<BracketKind> found;
        for (const Token& token : tokenize(script, TextBegins::kWithStatement)) {
            if (token.is("{")) {
                found.push_back(token.bracket);
            }
        }
        return found;
    };
    EXPECT_THAT(kinds("if (a) { b = { c: { } } } else { }"),
                ElementsAre(BracketKind::kBlock, BracketKind::kObject, BracketKind::kObject,
                            BracketKind::kBlock));
    EXPECT_THAT(kinds("class A extends f({}) { m() { } static { } }"),
                ElementsAre(BracketKind::kObject, BracketKind::kClassBody,
                            BracketKind::kFunctionBody, BracketKind::kFunctionBody));
    EXPECT_THAT(kinds("x = a => { }; switch (x) { case 1: { } } y = a ? { } : { }"),
                ElementsAre(BracketKind::kFunctionBody, BracketKind::kBlock, BracketKind::kBlock,
                            BracketKind::kObject, BracketKind::kObject));
}

TEST(Declarations, TopLevelNames) {
    const ScopedScript script = move_declarations_to_scope(
        "var a = 1, b = [x, y], {c, d: [e = 5, ...f]} = z\nlet g; const h = () => { var no1 }\n"
        "function i() { var no2; let no3 } async function j() {} function* k() {}\n"
        "class L { m() { var no4 } } if (q) { var n; let no5 } for (var o of p) for (let no6;;) "
        "{}\n"
        "x = function no7() {}; y = class no8 {}; z.var; ({let: 1, class: 2})");
    EXPECT_THAT(script.variables, ElementsAre("a", "b", "c", "e", "f", "g", "h", "L", "n", "o"));
    EXPECT_THAT(script.functions, ElementsAre("i", "j", "k"));
}

TEST(Declarations, LinesStay) {
    const ScopedScript script =
        move_declarations_to_scope("let a = 1;\nconst b = 2;\nclass C {\n}\nlet\nd");
    EXPECT_EQ(script.text, "var a = 1;\nvar   b = 2;\nC=class C {\n};\nvar\nd");
}

TEST(Names, FromOutside) {
    const auto names = [](std::string_view text) {
        return names_from_outside(text, TextBegins::kWithExpression);
    };
    EXPECT_THAT(names("a.b.c + d[e] * f(g)"), ElementsAre("a", "d", "e", "f", "g"));
    EXPECT_THAT(names("({a: b, c, d() { return e }, [f]: 1})"), ElementsAre("b", "c", "e", "f"));
    EXPECT_THAT(names("(a, {b, c: [d]}, ...e) => a + b + c + d + e + f"), ElementsAre("c", "f"));
    EXPECT_THAT(names("function f(a) { var b = a; try { c(b) } catch (e) { f(e) } }"),
                ElementsAre("c"));
    EXPECT_THAT(names("`a${b}c` + 'd' + /e/.source"), ElementsAre("b"));
    EXPECT_THAT(names("x => { out: for (const y of x) { break out } }"), IsEmpty());
}

TEST(Linter, FreeNamesLeaveOutWhatIsAlwaysThere) {
    const auto runtime = std::move(*Runtime::create({}));
    EXPECT_THAT(runtime->free_names(DataModelKind::kEcmascript, ExpressionKind::kValue,
                                    "Math.max(n, _event.data.x) + In('s') + undefined + NaN"),
                ElementsAre("n"));
    EXPECT_THAT(runtime->declared_names("var a; function b() {} let c"),
                UnorderedElementsAre("a", "b", "c"));
}

TEST(Linter, SyntaxProblemsHavePlaces) {
    const auto runtime = std::move(*Runtime::create({}));
    const auto check = [&runtime](ExpressionKind kind, std::string_view text) {
        return runtime->check_syntax(DataModelKind::kEcmascript, kind, text);
    };
    EXPECT_THAT(check(ExpressionKind::kValue, "{a: 1}"), IsEmpty());
    EXPECT_THAT(check(ExpressionKind::kLocation, "a.b[0]"), IsEmpty());
    EXPECT_THAT(check(ExpressionKind::kScript, "let a = 1; function f() { return a }"), IsEmpty());
    EXPECT_EQ(check(ExpressionKind::kLocation, "f()").size(), 1U);
    EXPECT_EQ(check(ExpressionKind::kValue, "").size(), 1U);
    const auto problems = check(ExpressionKind::kScript, "var a;\nvar b = ;\n");
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].line, 1U);
    EXPECT_EQ(problems[0].column, 8U);
    EXPECT_EQ(
        runtime->check_syntax(DataModelKind::kNull, ExpressionKind::kCondition, "true").size(), 1U);
}

TEST(Linter, ChangesOfBuiltins) {
    for (const char* changing :
         {"Array.prototype.last = f", "String.prototype['x'] = 1", "Math.two = 2", "Math.n++",
          "Object.defineProperty(Array.prototype, 'x', {})", "Object.assign(Date.prototype, {})",
          "delete Object.prototype.toString", "Object.prototype.x ||= 1"}) {
        EXPECT_TRUE(changes_builtins(changing)) << changing;
    }
    for (const char* harmless :
         {"x = Array.prototype.slice", "Array.prototype.slice.call(a)", "a.Array.x = 1",
          "Math.max(1, 2)", "Object.assign({}, Array.prototype)", "if (Math.PI == 3) x = 1",
          "'Array.prototype.x = 1'"}) {
        EXPECT_FALSE(changes_builtins(harmless)) << harmless;
    }
}

}  // namespace
}  // namespace fermata::script

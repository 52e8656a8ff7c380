// A small tokenizer of JavaScript: enough of the grammar to tell a regular expression from a
// division and what kind of thing each brace opens.
//
// It never fails: what is no JavaScript gives some tokens or other, and QuickJS says what is wrong.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace fermata::script {

enum class TokenKind : std::uint8_t {
    kName,  // identifiers and keywords, private names too
    kNumber,
    kString,
    kTemplate,  // one stretch of characters of a template, with its quote or braces
    kRegExp,
    kPunctuator,
};

enum class BracketKind : std::uint8_t {
    kNone,  // no opening bracket
    kParenthesis,
    kControl,  // the parenthesis of if, for, while, with, switch, catch
    kSquare,
    kBlock,
    kObject,  // also patterns
    kFunctionBody,
    kClassBody,
    kTemplate,  // ${ … }
};

inline constexpr std::uint32_t kNoToken = ~std::uint32_t{0};

struct Token {
    TokenKind kind = TokenKind::kPunctuator;
    BracketKind bracket = BracketKind::kNone;  // of an opening bracket, and of its closing one
    bool after_newline = false;
    // A function body or class body that is part of an expression.
    bool in_expression = false;
    std::uint32_t offset = 0;
    std::string_view text;
    std::uint32_t match = kNoToken;  // the other bracket
    std::uint32_t outer = kNoToken;  // the opening bracket that this token stands in

    [[nodiscard]] bool is(std::string_view wanted) const {
        return (kind == TokenKind::kName || kind == TokenKind::kPunctuator) && text == wanted;
    }
};

enum class TextBegins : std::uint8_t { kWithStatement, kWithExpression };

std::vector<Token> tokenize(std::string_view text, TextBegins begins);

// Can an expression end with this token, so that a line break behind it may end a statement?
bool ends_operand(const Token& token);
// Does a statement begin at this token?
bool begins_statement(const std::vector<Token>& tokens, std::uint32_t at);
bool is_keyword(std::string_view name);

}  // namespace fermata::script

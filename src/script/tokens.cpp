#include "script/tokens.h"

#include <algorithm>
#include <array>
#include <utility>

namespace fermata::script {
namespace {

template <std::size_t kSize>
using Words = std::array<std::string_view, kSize>;

constexpr Words<36> kKeywords = {
    "break",    "case",   "catch",  "class",  "const",      "continue", "debugger", "default",
    "delete",   "do",     "else",   "export", "extends",    "false",    "finally",  "for",
    "function", "if",     "import", "in",     "instanceof", "new",      "null",     "return",
    "super",    "switch", "this",   "throw",  "true",       "try",      "typeof",   "var",
    "void",     "while",  "with",   "enum"};
// Behind these an expression begins.
constexpr Words<14> kBeforeOperand = {"return", "typeof", "instanceof", "in",    "of",
                                      "new",    "delete", "void",       "throw", "case",
                                      "do",     "else",   "yield",      "await"};
constexpr Words<4> kBeforeBlock = {"do", "else", "try", "finally"};
constexpr Words<6> kControlWords = {"if", "for", "while", "with", "switch", "catch"};
constexpr Words<25> kLongPunctuators = {
    ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "?\?=", "=>", "==",
    "!=",   "<=",  ">=",  "++",  "--",  "&&",  "||",  "??",  "?.",  "**",  "<<",   ">>"};

template <std::size_t kSize>
bool contains(const Words<kSize>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_name_start(char character) {
    const auto byte = static_cast<unsigned char>(character);
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           byte == '$' || byte == '\\' || byte == '#' || byte >= 0x80;
}
bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

class Tokenizer {
  public:
    Tokenizer(std::string_view text, TextBegins begins) : text_(text), begins_(begins) {}

    std::vector<Token> run() {
        while (skip_space()) {
            next();
        }
        return std::move(tokens_);
    }

  private:
    [[nodiscard]] char at(std::size_t offset) const {
        return offset < text_.size() ? text_[offset] : '\0';
    }
    [[nodiscard]] bool starts(std::string_view wanted) const {
        return text_.substr(position_).starts_with(wanted);
    }
    [[nodiscard]] const Token* last() const { return tokens_.empty() ? nullptr : &tokens_.back(); }

    // White space and comments. False at the end.
    bool skip_space() {
        while (position_ < text_.size()) {
            const char character = text_[position_];
            if (character == '\n' || character == '\r' || starts("\u2028") || starts("\u2029")) {
                newline_ = true;
                ++position_;
            } else if (character == ' ' || character == '\t' || character == '\v' ||
                       character == '\f' || starts("\u00a0") || starts("\ufeff")) {
                position_ += static_cast<unsigned char>(character) < 0x80 ? 1 : at_wide_space();
            } else if (starts("//") || starts("<!--")) {
                position_ = std::min(text_.find_first_of("\r\n", position_), text_.size());
            } else if (starts("/*")) {
                const std::size_t end = text_.find("*/", position_ + 2);
                const std::size_t stop = end == std::string_view::npos ? text_.size() : end + 2;
                newline_ = newline_ || text_.substr(position_, stop - position_).find('\n') !=
                                           std::string_view::npos;
                position_ = stop;
            } else {
                return true;
            }
        }
        return false;
    }
    [[nodiscard]] std::size_t at_wide_space() const { return starts("\u00a0") ? 2 : 3; }

    void next() {
        const char character = text_[position_];
        if (is_name_start(character)) {
            add(TokenKind::kName, name_end());
            if (tokens_.back().text == "class" && !is_property_name()) {
                classes_.push_back({stack_.size(), !statement_may_begin()});
            }
        } else if (is_digit(character) || (character == '.' && is_digit(at(position_ + 1)))) {
            add(TokenKind::kNumber, number_end());
        } else if (character == '"' || character == '\'') {
            add(TokenKind::kString, quoted_end(character));
        } else if (character == '`') {
            template_stretch();
        } else if (character == '}' && !stack_.empty() &&
                   tokens_[stack_.back()].bracket == BracketKind::kTemplate) {
            close();
            template_stretch();
        } else if (character == '/' && regexp_may_begin()) {
            add(TokenKind::kRegExp, regexp_end());
        } else {
            punctuator(character);
        }
    }

    void add(TokenKind kind, std::size_t end) {
        Token token;
        token.kind = kind;
        token.after_newline = std::exchange(newline_, false);
        token.offset = static_cast<std::uint32_t>(position_);
        token.text = text_.substr(position_, end - position_);
        token.outer = stack_.empty() ? kNoToken : stack_.back();
        tokens_.push_back(token);
        position_ = end;
    }

    [[nodiscard]] std::size_t name_end() const {
        std::size_t end = position_ + 1;
        while (end < text_.size() &&
               (is_name_start(text_[end]) || is_digit(text_[end]) ||
                (text_[end] == '{' && at(end - 1) == 'u' && at(end - 2) == '\\'))) {
            if (text_[end] == '{') {
                end = std::min(text_.find('}', end), text_.size() - 1);
            }
            if (text_.substr(end).starts_with("\u2028") ||
                text_.substr(end).starts_with("\u2029")) {
                break;
            }
            ++end;
        }
        return end;
    }
    [[nodiscard]] std::size_t number_end() const {
        std::size_t end = position_ + 1;
        while (end < text_.size()) {
            const char character = text_[end];
            const bool exponent_sign = (character == '+' || character == '-') &&
                                       (at(end - 1) == 'e' || at(end - 1) == 'E') &&
                                       !text_.substr(position_).starts_with("0x");
            if (!is_digit(character) && character != '.' && !exponent_sign &&
                !(is_name_start(character) && character != '\\' && character != '#')) {
                break;
            }
            ++end;
        }
        return end;
    }
    [[nodiscard]] std::size_t quoted_end(char quote) const {
        std::size_t end = position_ + 1;
        while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
            end += text_[end] == '\\' ? 2 : 1;
        }
        return std::min(end + 1, text_.size());
    }
    [[nodiscard]] std::size_t regexp_end() const {
        bool in_class = false;
        std::size_t end = position_ + 1;
        for (; end < text_.size() && text_[end] != '\n'; ++end) {
            if (text_[end] == '\\') {
                ++end;
            } else if (text_[end] == '[') {
                in_class = true;
            } else if (text_[end] == ']') {
                in_class = false;
            } else if (text_[end] == '/' && !in_class) {
                ++end;
                break;
            }
        }
        while (end < text_.size() && is_name_start(text_[end])) {
            ++end;
        }
        return std::min(end, text_.size());
    }
    // From ` or } to the next ${ or `, both included.
    void template_stretch() {
        std::size_t end = position_ + 1;
        while (end < text_.size() && text_[end] != '`') {
            if (text_.substr(end).starts_with("${")) {
                add(TokenKind::kTemplate, end + 2);
                open(BracketKind::kTemplate);
                return;
            }
            end += text_[end] == '\\' ? 2 : 1;
        }
        add(TokenKind::kTemplate, std::min(end + 1, text_.size()));
    }

    void punctuator(char character) {
        switch (character) {
            case '(': {
                const BracketKind kind =
                    is_control() ? BracketKind::kControl : BracketKind::kParenthesis;
                add(TokenKind::kPunctuator, position_ + 1);
                return open(kind);
            }
            case '[':
                add(TokenKind::kPunctuator, position_ + 1);
                return open(BracketKind::kSquare);
            case '{':
                return open_brace();
            case ')':
            case ']':
            case '}':
                add(TokenKind::kPunctuator, position_ + 1);
                return close();
            default:
                break;
        }
        for (const std::string_view candidate : kLongPunctuators) {
            if (starts(candidate) && !(candidate == "?." && is_digit(at(position_ + 2)))) {
                return add(TokenKind::kPunctuator, position_ + candidate.size());
            }
        }
        add(TokenKind::kPunctuator, position_ + 1);
        count_conditionals();
    }
    // Which colons belong to a conditional and which to a label, a case or a key.
    void count_conditionals() {
        std::uint32_t& open_questions = questions_[stack_.size()];
        if (tokens_.back().text == "?") {
            ++open_questions;
        } else if (tokens_.back().text == ":") {
            colon_of_conditional_ = open_questions > 0;
            open_questions -= open_questions > 0 ? 1 : 0;
        }
    }

    void open(BracketKind kind) {
        tokens_.back().bracket = kind;
        stack_.push_back(static_cast<std::uint32_t>(tokens_.size() - 1));
        questions_.resize(stack_.size() + 1);
        questions_.back() = 0;
    }
    // For the last token, or for the } before the next stretch of a template.
    void close() {
        if (stack_.empty()) {
            return;
        }
        const std::uint32_t opening = stack_.back();
        stack_.pop_back();
        questions_.resize(stack_.size() + 1);
        while (!classes_.empty() && classes_.back().depth > stack_.size()) {
            classes_.pop_back();
        }
        if (tokens_[opening].bracket == BracketKind::kTemplate) {
            return;
        }
        Token& closing = tokens_.back();
        closing.bracket = tokens_[opening].bracket;
        closing.in_expression = tokens_[opening].in_expression;
        closing.match = opening;
        closing.outer = tokens_[opening].outer;
        tokens_[opening].match = static_cast<std::uint32_t>(tokens_.size() - 1);
    }

    void open_brace() {
        bool in_expression = false;
        const BracketKind kind = brace_kind(in_expression);
        add(TokenKind::kPunctuator, position_ + 1);
        tokens_.back().in_expression = in_expression;
        open(kind);
    }
    BracketKind brace_kind(bool& in_expression) {
        if (!classes_.empty() && classes_.back().depth == stack_.size()) {
            in_expression = classes_.back().in_expression;
            classes_.pop_back();
            return BracketKind::kClassBody;
        }
        const Token* before = last();
        if (before == nullptr) {
            return begins_ == TextBegins::kWithStatement ? BracketKind::kBlock
                                                         : BracketKind::kObject;
        }
        if (before->is("=>")) {
            in_expression = true;
            return BracketKind::kFunctionBody;
        }
        if (before->is(")")) {
            if (before->bracket == BracketKind::kControl) {
                return BracketKind::kBlock;
            }
            in_expression = is_function_expression(before->match);
            return BracketKind::kFunctionBody;
        }
        if (before->is("static") && in_bracket(BracketKind::kClassBody)) {
            return BracketKind::kFunctionBody;
        }
        return operand_may_begin(*before) ? BracketKind::kObject : BracketKind::kBlock;
    }
    // Is the parenthesis at `opening` that of a function expression, or of a method?
    [[nodiscard]] bool is_function_expression(std::uint32_t opening) const {
        if (opening == kNoToken) {
            return true;
        }
        std::uint32_t before = opening;
        for (int steps = 0; steps < 3 && before > 0; ++steps) {
            --before;
            if (tokens_[before].is("function")) {
                const bool async = before > 0 && tokens_[before - 1].is("async");
                return !begins_statement(tokens_, async ? before - 1 : before);
            }
        }
        return true;
    }
    [[nodiscard]] bool in_bracket(BracketKind kind) const {
        return !stack_.empty() && tokens_[stack_.back()].bracket == kind;
    }
    [[nodiscard]] bool is_property_name() const {
        return tokens_.size() > 1 &&
               (tokens_[tokens_.size() - 2].is(".") || tokens_[tokens_.size() - 2].is("?."));
    }
    [[nodiscard]] bool statement_may_begin() const {
        return begins_ == TextBegins::kWithStatement
                   ? begins_statement(tokens_, static_cast<std::uint32_t>(tokens_.size() - 1))
                   : tokens_.size() > 1 &&
                         begins_statement(tokens_, static_cast<std::uint32_t>(tokens_.size() - 1));
    }
    // Is the ( to come that of if, for, while …?
    [[nodiscard]] bool is_control() const {
        if (tokens_.empty() || tokens_.back().kind != TokenKind::kName) {
            return false;
        }
        const bool after_dot = tokens_.size() > 1 && (tokens_[tokens_.size() - 2].is(".") ||
                                                      tokens_[tokens_.size() - 2].is("?."));
        const bool for_await = tokens_.back().text == "await" && tokens_.size() > 1 &&
                               tokens_[tokens_.size() - 2].is("for");
        return !after_dot && (for_await || contains(kControlWords, tokens_.back().text));
    }
    [[nodiscard]] bool regexp_may_begin() const {
        const Token* before = last();
        if (before == nullptr) {
            return true;
        }
        if (before->is(")")) {
            return before->bracket == BracketKind::kControl;
        }
        if (before->is("}")) {
            return before->bracket == BracketKind::kBlock ||
                   ((before->bracket == BracketKind::kFunctionBody ||
                     before->bracket == BracketKind::kClassBody) &&
                    !before->in_expression);
        }
        if (before->kind == TokenKind::kTemplate) {
            return before->text.ends_with("${");
        }
        if (before->kind == TokenKind::kName) {
            return contains(kBeforeOperand, before->text) && !is_name_after_dot(*before);
        }
        return before->kind == TokenKind::kPunctuator && !before->is("]") && !before->is("++") &&
               !before->is("--");
    }
    [[nodiscard]] bool is_name_after_dot(const Token& token) const {
        return &token != tokens_.data() && ((&token)[-1].is(".") || (&token)[-1].is("?."));
    }
    // Decides between object and block behind this token.
    [[nodiscard]] bool operand_may_begin(const Token& before) const {
        switch (before.kind) {
            case TokenKind::kName:
                return !contains(kBeforeBlock, before.text) &&
                       (contains(kBeforeOperand, before.text) ||
                        contains_declarator(before.text)) &&
                       !is_name_after_dot(before);
            case TokenKind::kTemplate:
                return before.text.ends_with("${");
            case TokenKind::kPunctuator:
                break;
            default:
                return false;
        }
        if (before.is(":")) {
            return colon_of_conditional_ || !stands_in_statements();
        }
        if (before.is("{")) {
            return before.bracket == BracketKind::kObject;
        }
        return !before.is(";") && !before.is("}") && !before.is("]");
    }
    static bool contains_declarator(std::string_view word) {
        return word == "var" || word == "let" || word == "const";
    }
    [[nodiscard]] bool stands_in_statements() const {
        if (stack_.empty()) {
            return begins_ == TextBegins::kWithStatement;
        }
        const BracketKind kind = tokens_[stack_.back()].bracket;
        return kind == BracketKind::kBlock || kind == BracketKind::kFunctionBody;
    }

    struct PendingClass {
        std::size_t depth;
        bool in_expression;
    };

    std::string_view text_;
    TextBegins begins_;
    std::size_t position_ = 0;
    bool newline_ = false;
    bool colon_of_conditional_ = false;
    std::vector<Token> tokens_;
    std::vector<std::uint32_t> stack_;            // open brackets
    std::vector<std::uint32_t> questions_ = {0};  // open ? per bracket
    std::vector<PendingClass> classes_;           // whose body is still to come
};

}  // namespace

std::vector<Token> tokenize(std::string_view text, TextBegins begins) {
    return Tokenizer(text, begins).run();
}

bool is_keyword(std::string_view name) {
    return contains(kKeywords, name);
}

bool ends_operand(const Token& token) {
    switch (token.kind) {
        case TokenKind::kName:
            return !contains(kBeforeOperand, token.text) && !contains(kBeforeBlock, token.text);
        case TokenKind::kTemplate:
            return !token.text.ends_with("${");
        case TokenKind::kPunctuator:
            return token.is(")") || token.is("]") || token.is("}") || token.is("++") ||
                   token.is("--");
        default:
            return true;
    }
}

bool begins_statement(const std::vector<Token>& tokens, std::uint32_t at) {
    if (at == 0) {
        return true;
    }
    const Token& before = tokens[at - 1];
    if (before.is("{")) {
        return before.bracket == BracketKind::kBlock ||
               before.bracket == BracketKind::kFunctionBody;
    }
    if (before.is(")") && before.bracket == BracketKind::kControl) {
        return true;
    }
    return before.is(";") || before.is("}") || before.is("else") || before.is("do") ||
           (tokens[at].after_newline && ends_operand(before));
}

}  // namespace fermata::script

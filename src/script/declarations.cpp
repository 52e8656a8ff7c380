#include "script/declarations.h"

#include <algorithm>

#include "script/tokens.h"

namespace fermata::script {
namespace {

class Declarations {
  public:
    explicit Declarations(std::string_view script)
        : script_(script), tokens_(tokenize(script, TextBegins::kWithStatement)) {}

    ScopedScript run() {
        for (std::uint32_t at = 0; at < size(); ++at) {
            const Token& token = tokens_[at];
            if (opens_a_function(token)) {
                at = token.match == kNoToken ? size() : token.match;
                continue;
            }
            if (token.kind == TokenKind::kName && !is_property(at)) {
                declaration(at);
            }
        }
        result_.text.append(script_.substr(copied_));
        return std::move(result_);
    }

  private:
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(tokens_.size()); }
    static bool opens_a_function(const Token& token) {
        return token.is("{") && (token.bracket == BracketKind::kFunctionBody ||
                                 token.bracket == BracketKind::kClassBody);
    }
    [[nodiscard]] bool is_property(std::uint32_t at) const {
        const bool after_dot = at > 0 && (tokens_[at - 1].is(".") || tokens_[at - 1].is("?."));
        const bool is_key = at + 1 < size() && tokens_[at + 1].is(":") &&
                            tokens_[at].outer != kNoToken &&
                            tokens_[tokens_[at].outer].bracket == BracketKind::kObject;
        return after_dot || is_key;
    }
    [[nodiscard]] bool is_top_level(std::uint32_t at) const {
        return tokens_[at].outer == kNoToken && begins_statement(tokens_, at);
    }

    void declaration(std::uint32_t at) {
        const std::string_view word = tokens_[at].text;
        if (word == "var") {
            return variables(at + 1);
        }
        if (word == "const" && is_top_level(at)) {
            replace(at, "var  ");
            return variables(at + 1);
        }
        if (word == "let" && is_top_level(at) && at + 1 < size() &&
            begins_binding(tokens_[at + 1])) {
            replace(at, "var");
            return variables(at + 1);
        }
        if (word == "function") {
            return function(at);
        }
        if (word == "class" && is_top_level(at)) {
            return class_declaration(at);
        }
    }
    static bool begins_binding(const Token& token) {
        return (token.kind == TokenKind::kName && token.text != "in" &&
                token.text != "instanceof" && token.text != "of") ||
               token.is("[") || token.is("{");
    }

    void function(std::uint32_t at) {
        const bool async = at > 0 && tokens_[at - 1].is("async") && !tokens_[at].after_newline;
        if (!is_top_level(async ? at - 1 : at)) {
            return;
        }
        const std::uint32_t name = at + 1 < size() && tokens_[at + 1].is("*") ? at + 2 : at + 1;
        if (name < size() && tokens_[name].kind == TokenKind::kName) {
            add(result_.functions, tokens_[name].text);
        }
    }

    // class C { … } becomes C=class C { … };
    void class_declaration(std::uint32_t at) {
        if (at + 1 >= size() || tokens_[at + 1].kind != TokenKind::kName) {
            return;
        }
        const std::string name(tokens_[at + 1].text);
        std::uint32_t body = at + 2;
        while (body < size() && !(tokens_[body].bracket == BracketKind::kClassBody &&
                                  tokens_[body].outer == kNoToken)) {
            ++body;
        }
        if (body == size() || tokens_[body].match == kNoToken) {
            return;
        }
        add(result_.variables, name);
        insert(tokens_[at].offset, name + "=");
        insert(tokens_[tokens_[body].match].offset + 1U, ";");
    }

    // The declarators behind var, let or const.
    void variables(std::uint32_t at) {
        while (at < size()) {
            at = binding(at);
            at = skip_initialiser(at);
            if (at >= size() || !tokens_[at].is(",")) {
                return;
            }
            ++at;
        }
    }
    // A name or a pattern; returns what stands behind it.
    std::uint32_t binding(std::uint32_t at) {
        const Token& token = tokens_[at];
        if (token.kind == TokenKind::kName) {
            if (!is_keyword(token.text)) {
                add(result_.variables, token.text);
            }
            return at + 1;
        }
        if ((token.is("[") || token.is("{")) && token.match != kNoToken) {
            pattern(at, token.match);
            return token.match + 1;
        }
        return size();
    }
    void pattern(std::uint32_t opening, std::uint32_t closing) {
        const bool object = tokens_[opening].is("{");
        for (std::uint32_t at = opening + 1; at < closing; ++at) {
            if (tokens_[at].is(",") || tokens_[at].is("...")) {
                continue;
            }
            if (object) {
                at = behind_key(at, closing);
            }
            at = skip_initialiser(binding(at));
        }
    }
    // `key: target` gives target; `name` alone gives itself.
    [[nodiscard]] std::uint32_t behind_key(std::uint32_t at, std::uint32_t closing) const {
        const std::uint32_t key_end =
            tokens_[at].is("[") && tokens_[at].match != kNoToken ? tokens_[at].match : at;
        return key_end + 2 < closing && tokens_[key_end + 1].is(":") ? key_end + 2 : at;
    }
    // To the comma, semicolon, closing bracket, in, of or line break that ends a declarator.
    [[nodiscard]] std::uint32_t skip_initialiser(std::uint32_t at) const {
        bool first = true;
        for (; at < size(); ++at, first = false) {
            const Token& token = tokens_[at];
            if (token.is(",") || token.is(";") || token.is(")") || token.is("]") || token.is("}") ||
                (first && !token.is("="))) {
                return at;
            }
            if (!first && token.after_newline && token.kind == TokenKind::kName &&
                token.text != "in" && token.text != "instanceof" && ends_operand(tokens_[at - 1])) {
                return at;
            }
            if (token.bracket != BracketKind::kNone && token.match != kNoToken &&
                token.match > at) {
                at = token.match;
            }
        }
        return at;
    }

    static void add(std::vector<std::string>& names, std::string_view name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            names.emplace_back(name);
        }
    }
    void replace(std::uint32_t at, std::string_view word) {
        insert(tokens_[at].offset, word);
        copied_ = tokens_[at].offset + tokens_[at].text.size();
    }
    void insert(std::size_t offset, std::string_view text) {
        if (offset >= copied_) {
            result_.text.append(script_.substr(copied_, offset - copied_));
            copied_ = offset;
        }
        result_.text.append(text);
    }

    std::string_view script_;
    std::vector<Token> tokens_;
    std::size_t copied_ = 0;
    ScopedScript result_;
};

}  // namespace

ScopedScript move_declarations_to_scope(std::string_view script) {
    return Declarations(script).run();
}

}  // namespace fermata::script

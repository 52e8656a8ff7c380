#include "script/names.h"

#include <algorithm>
#include <set>

namespace fermata::script {
namespace {

class NameCollector {
  public:
    NameCollector(std::string_view text, TextBegins begins) : tokens_(tokenize(text, begins)) {}

    std::vector<std::string> run() {
        for (std::uint32_t at = 0; at < size(); ++at) {
            declare_at(at);
        }
        std::vector<std::string> outside;
        for (std::uint32_t at = 0; at < size(); ++at) {
            const Token& token = tokens_[at];
            if (token.kind == TokenKind::kName && is_reference(at) &&
                declared_.count(token.text) == 0 &&
                std::find(outside.begin(), outside.end(), token.text) == outside.end()) {
                outside.emplace_back(token.text);
            }
        }
        return outside;
    }

  private:
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(tokens_.size()); }
    [[nodiscard]] bool is(std::uint32_t at, std::string_view text) const {
        return at < size() && tokens_[at].is(text);
    }

    void declare_at(std::uint32_t at) {
        const Token& token = tokens_[at];
        if (token.is("var") || token.is("const") || token.is("let")) {
            return declare_bindings(at + 1);
        }
        if (token.is("function") || token.is("class")) {
            const std::uint32_t name = is(at + 1, "*") ? at + 2 : at + 1;
            if (name < size() && !is(name, "extends")) {
                declare(name);
            }
            return;
        }
        if (token.is("=>")) {
            return declare_before_arrow(at);
        }
        if (token.is("catch") && is(at + 1, "(")) {
            return declare_group(at + 1);
        }
        if (token.is("{") && token.bracket == BracketKind::kFunctionBody && at > 0 &&
            is(at - 1, ")")) {
            const std::uint32_t opening = tokens_[at - 1].match;
            if (opening != kNoToken) {
                declare_group(opening);
                declare_function_name(opening);
            }
        }
    }
    // A method's name is no reference, nor is a label.
    void declare_function_name(std::uint32_t opening) {
        if (opening > 0 && tokens_[opening - 1].kind == TokenKind::kName) {
            not_references_.insert(opening - 1);
        }
    }
    void declare(std::uint32_t at) {
        if (tokens_[at].kind == TokenKind::kName && !is_keyword(tokens_[at].text)) {
            declared_.insert(tokens_[at].text);
        }
    }
    void declare_before_arrow(std::uint32_t arrow) {
        if (arrow == 0) {
            return;
        }
        if (is(arrow - 1, ")") && tokens_[arrow - 1].match != kNoToken) {
            return declare_group(tokens_[arrow - 1].match);
        }
        declare(arrow - 1);
    }
    // The names bound by a list of parameters or a pattern.
    void declare_group(std::uint32_t opening) {
        const std::uint32_t closing = tokens_[opening].match;
        if (closing == kNoToken || closing < opening) {
            return;
        }
        declare_list(opening + 1, closing, tokens_[opening].is("{"));
    }
    void declare_bindings(std::uint32_t at) {
        while (at < size()) {
            declare_target(at);
            at = behind_initialiser(behind(at), size());
            if (!is(at, ",")) {
                return;
            }
            ++at;
        }
    }
    void declare_list(std::uint32_t at, std::uint32_t end, bool keyed) {
        while (at < end) {
            if (is(at, ",") || is(at, "...")) {
                ++at;
                continue;
            }
            if (keyed && is(behind(at), ":")) {
                at = behind(at) + 1;
            }
            if (at < end) {
                declare_target(at);
                at = behind_initialiser(behind(at), end);
            }
        }
    }
    void declare_target(std::uint32_t at) {
        if (tokens_[at].kind == TokenKind::kName) {
            return declare(at);
        }
        if (is(at, "[") || is(at, "{")) {
            declare_group(at);
        }
    }
    [[nodiscard]] std::uint32_t behind(std::uint32_t at) const {
        const Token& token = tokens_[at];
        return token.match != kNoToken && token.match > at ? token.match + 1 : at + 1;
    }
    [[nodiscard]] std::uint32_t behind_initialiser(std::uint32_t at, std::uint32_t end) const {
        if (!is(at, "=")) {
            return at;
        }
        for (++at; at < end && !is(at, ",") && !is(at, ";") && !is(at, ")") && !is(at, "]") &&
                   !is(at, "}");) {
            at = behind(at);
        }
        return at;
    }

    [[nodiscard]] bool is_reference(std::uint32_t at) const {
        static constexpr std::string_view kContextual[] = {
            "let", "of",  "async",  "await",     "yield",
            "get", "set", "static", "undefined", "arguments"};
        const std::string_view text = tokens_[at].text;
        const bool after_dot = at > 0 && (is(at - 1, ".") || is(at - 1, "?."));
        if (after_dot || is_keyword(text) || text.front() == '#' ||
            not_references_.count(at) != 0) {
            return false;
        }
        if (std::find(std::begin(kContextual), std::end(kContextual), text) !=
            std::end(kContextual)) {
            return false;
        }
        return !is_key(at) && !is_label(at);
    }
    [[nodiscard]] bool is_key(std::uint32_t at) const {
        const std::uint32_t outer = tokens_[at].outer;
        if (outer == kNoToken) {
            return false;
        }
        const BracketKind kind = tokens_[outer].bracket;
        const bool first = at == outer + 1 || is(at - 1, ",") || is(at - 1, ";") || is(at - 1, "}");
        if (kind == BracketKind::kObject) {
            return first && is(at + 1, ":");
        }
        return kind == BracketKind::kClassBody &&
               (is(at + 1, "=") || is(at + 1, ";") || is(at + 1, "}")) &&
               (first || is(at - 1, "static") || tokens_[at].after_newline);
    }
    [[nodiscard]] bool is_label(std::uint32_t at) const {
        if (at > 0 && (is(at - 1, "break") || is(at - 1, "continue")) &&
            !tokens_[at].after_newline) {
            return true;
        }
        return is(at + 1, ":") && begins_statement(tokens_, at) &&
               (tokens_[at].outer == kNoToken ||
                tokens_[tokens_[at].outer].bracket != BracketKind::kObject) &&
               at != 0;
    }

    std::vector<Token> tokens_;
    std::set<std::string_view> declared_;
    std::set<std::uint32_t> not_references_;
};

}  // namespace

std::vector<std::string> names_from_outside(std::string_view text, TextBegins begins) {
    return NameCollector(text, begins).run();
}

}  // namespace fermata::script

#include "scxml/lint_text.h"

#include <cctype>

namespace fermata::scxml {

namespace {

bool is_word(char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte >= 0x80 || std::isalnum(byte) != 0 || letter == '_' || letter == '$';
}

bool is_quote(char letter) {
    return letter == '"' || letter == '\'' || letter == '`';
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
    const std::size_t found = text.find_first_not_of(" \t\r\n", at);
    return found == std::string_view::npos ? text.size() : found;
}

// The end of the string that starts at `at`, behind its closing quote.
std::size_t skip_string(std::string_view text, std::size_t at) {
    const char quote = text[at];
    for (++at; at < text.size() && text[at] != quote; ++at) {
        at += text[at] == '\\' ? 1 : 0;
    }
    return at < text.size() ? at + 1 : text.size();
}

// Calls visit(position) for each place where `name` stands as a word.
template <typename Visit>
void for_each_word(std::string_view text, std::string_view name, const Visit& visit) {
    for (std::size_t at = text.find(name); at != std::string_view::npos;
         at = text.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        const bool starts = at == 0 || !is_word(text[at - 1]);
        if (starts && (end == text.size() || !is_word(text[end]))) {
            visit(at);
        }
    }
}

}  // namespace

bool mentions(std::string_view text, std::string_view name) {
    bool found = false;
    for_each_word(text, name, [&](std::size_t at) {
        // "...name" spreads it; ".name" is somebody else's property.
        const bool is_property = at > 0 && text[at - 1] == '.' && (at < 2 || text[at - 2] != '.');
        found = found || !is_property;
    });
    return found;
}

std::vector<std::string> in_arguments(std::string_view text) {
    std::vector<std::string> ids;
    for_each_word(text, "In", [&](std::size_t at) {
        if (at > 0 && text[at - 1] == '.') {
            return;
        }
        const std::size_t open = skip_blanks(text, at + 2);
        const std::size_t quote = skip_blanks(text, open + 1);
        const bool is_literal = open < text.size() && text[open] == '(' && quote < text.size() &&
                                (text[quote] == '\'' || text[quote] == '"');
        if (!is_literal) {
            return;
        }
        const std::size_t end = skip_string(text, quote);
        const std::size_t close = skip_blanks(text, end);
        if (close < text.size() && text[close] == ')' && end > quote + 1) {
            ids.emplace_back(text.substr(quote + 1, end - quote - 2));
        }
    });
    return ids;
}

bool assigns(std::string_view text) {
    if (text.find('/') != std::string_view::npos || mentions(text, "function")) {
        return false;
    }
    std::size_t at = 0;
    while (at < text.size()) {
        if (is_quote(text[at])) {
            at = skip_string(text, at);
            continue;
        }
        if (text[at] != '=') {
            ++at;
            continue;
        }
        const char before = at == 0 ? ' ' : text[at - 1];
        const std::size_t end = text.find_first_not_of('=', at);
        const std::size_t length = (end == std::string_view::npos ? text.size() : end) - at;
        const bool is_arrow = end != std::string_view::npos && text[end] == '>';
        if (length == 1 && !is_arrow && before != '!' && before != '<' && before != '>') {
            return true;
        }
        at += length;
    }
    return false;
}

bool hides_names(std::string_view text) {
    return mentions(text, "eval") || mentions(text, "with") || mentions(text, "Function");
}

}  // namespace fermata::scxml

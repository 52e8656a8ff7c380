#include "scxml/url.h"

#include <cctype>

namespace fermata::scxml {

namespace {

// A URL cut at its delimiters. "No authority" and "empty authority" (file:///x) are two things.
struct Parts {
    std::string_view scheme;
    std::string_view authority;
    bool has_authority = false;
    std::string_view path;
    std::string_view query;     // with its '?'
    std::string_view fragment;  // with its '#'
};

bool is_scheme(std::string_view text) {
    if (text.empty() || std::isalpha(static_cast<unsigned char>(text.front())) == 0) {
        return false;
    }
    for (const char letter : text) {
        const bool allowed = std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
                             letter == '+' || letter == '-' || letter == '.';
        if (!allowed) {
            return false;
        }
    }
    return true;
}

// Cuts [at, end) off `text` and returns it; nothing when `at` is npos.
std::string_view cut_tail(std::string_view& text, std::size_t at) {
    if (at == std::string_view::npos) {
        return {};
    }
    const std::string_view tail = text.substr(at);
    text = text.substr(0, at);
    return tail;
}

Parts split(std::string_view url) {
    Parts parts;
    parts.fragment = cut_tail(url, url.find('#'));
    parts.query = cut_tail(url, url.find('?'));
    const std::size_t colon = url.find(':');
    if (colon != std::string_view::npos && is_scheme(url.substr(0, colon))) {
        parts.scheme = url.substr(0, colon);
        url.remove_prefix(colon + 1);
    }
    if (url.starts_with("//")) {
        url.remove_prefix(2);
        parts.has_authority = true;
        const std::size_t slash = url.find('/');
        parts.authority = url.substr(0, slash);
        url = slash == std::string_view::npos ? std::string_view() : url.substr(slash);
    }
    parts.path = url;
    return parts;
}

// RFC 3986 5.2.4
std::string remove_dot_segments(std::string_view path) {
    std::string out;
    const bool rooted = path.starts_with('/');
    while (!path.empty()) {
        const std::size_t start = path.front() == '/' ? 1 : 0;
        const std::size_t slash = path.find('/', start);
        const std::string_view segment = path.substr(0, slash);
        const std::string_view name = segment.substr(start);
        const bool is_last = slash == std::string_view::npos;
        path = is_last ? std::string_view() : path.substr(slash);
        if (name != "." && name != "..") {
            out.append(segment);
            continue;
        }
        if (name == "..") {
            const std::size_t parent = out.rfind('/');
            out.resize(parent == std::string::npos ? 0 : parent);
        }
        if (is_last) {
            out.push_back('/');
        }
    }
    if (!rooted && out.starts_with('/')) {
        out.erase(0, 1);
    }
    return out;
}

// RFC 3986 5.2.3
std::string merge(const Parts& base, std::string_view path) {
    if (base.has_authority && base.path.empty()) {
        return "/" + std::string(path);
    }
    const std::size_t slash = base.path.rfind('/');
    const std::string_view folder =
        slash == std::string_view::npos ? std::string_view() : base.path.substr(0, slash + 1);
    return std::string(folder) + std::string(path);
}

std::string percent_encoded(std::string_view url) {
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    out.reserve(url.size());
    for (const char letter : url) {
        const auto byte = static_cast<unsigned char>(letter);
        const bool legal = byte > 0x20 && byte < 0x7f &&
                           std::string_view("\"<>\\^`{|}").find(letter) == std::string_view::npos;
        if (legal) {
            out.push_back(letter);
            continue;
        }
        out.push_back('%');
        out.push_back(kHex[byte >> 4U]);
        out.push_back(kHex[byte & 0xfU]);
    }
    return out;
}

std::string joined(const Parts& from, std::string_view scheme, std::string_view path,
                   std::string_view query, std::string_view fragment) {
    std::string url;
    if (!scheme.empty()) {
        for (const char letter : scheme) {
            url.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(letter))));
        }
        url.push_back(':');
    }
    if (from.has_authority) {
        url.append("//").append(from.authority);
    }
    url.append(path).append(query).append(fragment);
    return percent_encoded(url);
}

}  // namespace

std::string resolve_url(std::string_view base, std::string_view reference) {
    Parts to = split(reference);
    const Parts from = split(base);
    // RFC 3986 5.2.2, the lenient form: "file:child.scxml" inside a file: document means its
    // neighbour, as charts in the field (and the W3C suite) have it.
    const bool is_same_scheme =
        to.scheme == from.scheme && !to.has_authority && !to.path.starts_with('/');
    if (is_same_scheme && !to.path.empty()) {
        to.scheme = {};
    }
    if (!to.scheme.empty()) {
        return joined(to, to.scheme, remove_dot_segments(to.path), to.query, to.fragment);
    }
    if (to.has_authority) {
        return joined(to, from.scheme, remove_dot_segments(to.path), to.query, to.fragment);
    }
    if (to.path.empty()) {
        const std::string_view query = to.query.empty() ? from.query : to.query;
        return joined(from, from.scheme, from.path, query, to.fragment);
    }
    const std::string path = to.path.starts_with('/') ? std::string(to.path) : merge(from, to.path);
    return joined(from, from.scheme, remove_dot_segments(path), to.query, to.fragment);
}

}  // namespace fermata::scxml

#include "http/router.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"

namespace fermata::http {
namespace {

// One part of a pattern between slashes.
struct Part {
    enum class Kind { kLiteral, kName, kRest };  // in the order of preference

    Kind kind = Kind::kLiteral;
    std::string text;  // the literal, or the parameter's name
};

struct Method {
    std::string name;
    Router::RouteHandler handler;
    RouteOptions options;
};

struct Route {
    std::string pattern;
    std::vector<Part> parts;
    std::vector<Method> methods;

    [[nodiscard]] const Method* find(std::string_view method) const {
        for (const Method& candidate : methods) {
            if (candidate.name == method) {
                return &candidate;
            }
        }
        return nullptr;
    }
    // HEAD goes to GET where it has no handler of its own.
    [[nodiscard]] const Method* find_for(std::string_view method) const {
        const Method* found = find(method);
        return found == nullptr && method == "HEAD" ? find("GET") : found;
    }
};

Part parse_part(std::string_view text) {
    constexpr std::string_view kRestMark = "...}";
    if (text.size() < 2 || text.front() != '{' || text.back() != '}') {
        return {Part::Kind::kLiteral, std::string(text)};
    }
    if (text.size() > kRestMark.size() &&
        text.substr(text.size() - kRestMark.size()) == kRestMark) {
        return {Part::Kind::kRest, std::string(text.substr(1, text.size() - 1 - kRestMark.size()))};
    }
    return {Part::Kind::kName, std::string(text.substr(1, text.size() - 2))};
}

std::vector<Part> parse_pattern(std::string_view pattern) {
    FERMATA_CHECK(!pattern.empty() && pattern.front() == '/');
    std::vector<Part> parts;
    while (!pattern.empty()) {
        FERMATA_CHECK(parts.empty() || parts.back().kind != Part::Kind::kRest);
        pattern.remove_prefix(1);
        const std::size_t slash = pattern.find('/');
        parts.push_back(parse_part(pattern.substr(0, slash)));
        pattern.remove_prefix(slash == std::string_view::npos ? pattern.size() : slash);
    }
    return parts;
}

// The earlier segment decides first.
bool is_preferred(const Route& left, const Route& right) {
    return std::lexicographical_compare(
        left.parts.begin(), left.parts.end(), right.parts.begin(), right.parts.end(),
        [](const Part& a, const Part& b) { return a.kind < b.kind; });
}

bool matches(const Route& route, const std::vector<std::string>& segments) {
    for (std::size_t i = 0; i < route.parts.size(); ++i) {
        const Part& part = route.parts[i];
        if (i >= segments.size()) {
            return false;
        }
        if (part.kind == Part::Kind::kRest) {
            return true;
        }
        const bool fits =
            part.kind == Part::Kind::kLiteral ? part.text == segments[i] : !segments[i].empty();
        if (!fits) {
            return false;
        }
    }
    return route.parts.size() == segments.size();
}

std::string join_from(const std::vector<std::string>& segments, std::size_t first) {
    std::string out;
    for (std::size_t i = first; i < segments.size(); ++i) {
        out += i == first ? "" : "/";
        out += segments[i];
    }
    return out;
}

void fill_params(Request& request, const Route& route) {
    for (std::size_t i = 0; i < route.parts.size(); ++i) {
        const Part& part = route.parts[i];
        if (part.kind == Part::Kind::kName) {
            request.params.push_back({part.text, request.segments[i]});
        } else if (part.kind == Part::Kind::kRest) {
            request.params.push_back({part.text, join_from(request.segments, i)});
        }
    }
}

}  // namespace

struct Router::Table {
    std::vector<Route> routes;  // preferred first
    ErrorWriter write_error = [](const Request& /*request*/, const Problem& problem) {
        return to_response(problem);
    };

    // The route and method, or no method and everything the path allows.
    struct Match {
        const Route* route = nullptr;
        const Method* method = nullptr;
        std::string allow;
    };
    [[nodiscard]] Match match(const Request& request) const;
    void serve(Request request, const Responder& responder) const;
};

Router::Table::Match Router::Table::match(const Request& request) const {
    Match result;
    std::vector<std::string> allowed;
    for (const Route& route : routes) {
        if (!matches(route, request.segments)) {
            continue;
        }
        const Method* method = route.find_for(request.method);
        if (method != nullptr) {
            result.route = &route;
            result.method = method;
            return result;
        }
        for (const Method& candidate : route.methods) {
            allowed.push_back(candidate.name);
            if (candidate.name == "GET") {
                allowed.emplace_back("HEAD");
            }
        }
    }
    if (!allowed.empty()) {
        allowed.emplace_back("OPTIONS");
    }
    std::sort(allowed.begin(), allowed.end());
    allowed.erase(std::unique(allowed.begin(), allowed.end()), allowed.end());
    for (const std::string& name : allowed) {
        result.allow += (result.allow.empty() ? "" : ", ") + name;
    }
    return result;
}

void Router::Table::serve(Request request, const Responder& responder) const {
    const Match found = match(request);
    if (found.method != nullptr) {
        fill_params(request, *found.route);
        found.method->handler(std::move(request), responder);
        return;
    }
    if (found.allow.empty() && request.path != "*") {
        responder.send(write_error(request, {404, {}, "nothing at " + request.path, {}}));
        return;
    }
    Response response = Response::empty(204);
    if (request.method != "OPTIONS") {
        response = write_error(
            request, {405, {}, request.method + " is not allowed at " + request.path, {}});
    }
    if (!found.allow.empty()) {
        response.headers.set("Allow", found.allow);
    }
    responder.send(std::move(response));
}

Router::Router() : table_(std::make_shared<Table>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(std::string_view method, std::string_view pattern, RouteHandler handler,
                 RouteOptions options) {
    std::vector<Route>& routes = table_->routes;
    auto route = std::find_if(routes.begin(), routes.end(),
                              [&](const Route& existing) { return existing.pattern == pattern; });
    if (route == routes.end()) {
        const Route added{std::string(pattern), parse_pattern(pattern), {}};
        route = routes.insert(std::upper_bound(routes.begin(), routes.end(), added, is_preferred),
                              added);
    }
    FERMATA_CHECK(route->find(method) == nullptr);
    route->methods.push_back({std::string(method), std::move(handler), options});
}

void Router::set_error_writer(ErrorWriter writer) {
    table_->write_error = std::move(writer);
}

void Router::serve(Request request, const Responder& responder) const {
    table_->serve(std::move(request), responder);
}

std::size_t Router::body_bytes_max(const Request& request, std::size_t otherwise) const {
    const Table::Match found = table_->match(request);
    return found.method == nullptr ? otherwise
                                   : found.method->options.body_bytes_max.value_or(otherwise);
}

Handler Router::handler() const {
    const std::shared_ptr<const Table> table = table_;
    Handler handler;
    handler.serve = [table](Request request, const Responder& responder) {
        table->serve(std::move(request), responder);
    };
    handler.body_bytes_max = [table](const Request& request, std::size_t otherwise) {
        const Table::Match found = table->match(request);
        return found.method == nullptr ? otherwise
                                       : found.method->options.body_bytes_max.value_or(otherwise);
    };
    return handler;
}

}  // namespace fermata::http

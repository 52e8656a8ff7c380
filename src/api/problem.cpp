#include "api/problem.h"

#include <algorithm>
#include <array>

#include "api/hop.h"
#include "api/json_writer.h"
#include "base/check.h"

namespace fermata::api {

namespace {

constexpr std::string_view kTypePrefix = "https://fermata.dev/errors/";
// Also the smallest pause that makes sense: queues drain in milliseconds, restarts take about this
// long.
constexpr std::string_view kRetryAfterSeconds = "1";

constexpr std::array kKinds = std::to_array<ProblemKind>({
    {"invalid-argument", 400, "The request is wrong"},
    {"unauthorized", 401, "A token is needed"},
    {"forbidden", 403, "Not allowed"},
    {"not-found", 404, "There is no such thing"},
    {"method-not-allowed", 405, "The method does not fit"},
    {"conflict", 409, "It exists already, or changed meanwhile"},
    {"precondition-failed", 412, "It changed meanwhile"},
    {"too-large", 413, "A limit on size is reached"},
    {"unsupported-media-type", 415, "The content type is not understood"},
    {"document-refused", 422, "The document has errors"},
    {"overloaded", 429, "Too much work is waiting", true},
    {"internal", 500, "The server failed"},
    {"corrupt", 500, "Stored data is damaged"},
    {"unavailable", 503, "Not able to work now", true},
    {"fenced", 503, "Another server took over", true, true},
    {"not-owner", 503, "Another instance owns the session", true, true},
    {"timeout", 504, "No answer in time"},
});

http::Response write(const ProblemKind& kind, std::string_view detail, std::string_view findings) {
    JsonWriter json;
    json.begin_object()
        .member("type", std::string(kTypePrefix) + std::string(kind.code))
        .member("title", kind.title)
        .member("status", kind.status)
        .member("code", kind.code);
    if (!detail.empty()) {
        json.member("detail", detail);
    }
    if (!findings.empty()) {
        json.key("findings").raw(findings);
    }
    json.end_object();
    http::Response response{
        kind.status, {{"Content-Type", "application/problem+json"}}, json.take()};
    if (kind.retry) {
        response.headers.set("Retry-After", std::string(kRetryAfterSeconds));
    }
    if (kind.not_here) {
        response.headers.set(kNotHereHeader, "true");
    }
    return response;
}

}  // namespace

std::span<const ProblemKind> problem_kinds() {
    return kKinds;
}

// The code is the error's own text: one name in logs, answers and docs.
const ProblemKind& problem_kind(ErrorCode code) {
    return problem_kind(fermata::to_string(code));
}

const ProblemKind& problem_kind(std::string_view code) {
    const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                   [&](const ProblemKind& known) { return known.code == code; });
    FERMATA_CHECK(kind != kKinds.end());
    return *kind;
}

http::Response to_response(const ProblemKind& kind, std::string_view detail) {
    return write(kind, detail, {});
}

http::Response to_response(const Error& error) {
    return write(problem_kind(error.code()), error.message(), {});
}

http::Response problem(std::string_view code, std::string_view detail) {
    return write(problem_kind(code), detail, {});
}

http::Response problem_of_status(const http::Problem& problem) {
    const auto kind = std::find_if(kKinds.begin(), kKinds.end(), [&](const ProblemKind& known) {
        return known.status == problem.status;
    });
    return kind == kKinds.end() ? http::to_response(problem) : write(*kind, problem.detail, {});
}

http::Response refused_document(const scxml::Findings& findings) {
    const ProblemKind& kind = problem_kind("document-refused");
    std::string detail;
    if (!findings.empty()) {
        const scxml::Finding& first = findings.front();
        detail = first.url + ":" + std::to_string(first.line) + ":" + std::to_string(first.column) +
                 ": " + first.message;
    }
    return write(kind, detail, scxml::findings_json(findings));
}

}  // namespace fermata::api

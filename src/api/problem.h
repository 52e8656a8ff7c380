// Problems: how failures are told over HTTP (RFC 9457), each with a stable code.
//
// One table maps the server's ErrorCode to code and status; docs/errors/<code>.md explains each.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/problem.h"
#include "http/response.h"
#include "scxml/finding.h"

namespace fermata::api {

struct ProblemKind {
    std::string_view code;
    int status = 500;
    std::string_view title;
    bool retry = false;     // the answer carries Retry-After
    bool not_here = false;  // nothing was done, for the session is elsewhere: kNotHereHeader
};

std::span<const ProblemKind> problem_kinds();
const ProblemKind& problem_kind(ErrorCode code);
const ProblemKind& problem_kind(std::string_view code);

http::Response to_response(const ProblemKind& kind, std::string_view detail);
http::Response to_response(const Error& error);
http::Response problem(std::string_view code, std::string_view detail);
// What the router and the token check refuse: the status says which kind it is.
http::Response problem_of_status(const http::Problem& problem);
// document-refused, with the findings as a member.
http::Response refused_document(const scxml::Findings& findings);

}  // namespace fermata::api

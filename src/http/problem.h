// Problem: an error answer as application/problem+json (RFC 9457).
#pragma once

#include <string>
#include <string_view>

#include "http/response.h"

namespace fermata::http {

struct Problem {
    int status = 500;
    std::string title;   // empty: the status's reason phrase
    std::string detail;  // what is wrong this time; empty: left out
    // A URI naming the kind of problem; empty: about:blank, which is left out.
    std::string type;
};

Response to_response(const Problem& problem);

// Appends text as a JSON string, with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace fermata::http

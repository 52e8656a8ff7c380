// Finding: one thing the loader or the linter has to say about a document, with its place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fermata::scxml {

enum class Severity : std::uint8_t {
    kError,    // the document is refused
    kWarning,  // it runs, but surely not as meant
    kNote,
};

struct Finding {
    Severity severity = Severity::kError;
    // Stable id of the rule, such as "unknown-target"; docs/reference/lint-rules.md has a section for each.
    std::string rule;
    std::string message;  // lower case, with the offending value
    std::string hint;     // what to do about it; may be empty
    std::string url;      // the file it is in
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

using Findings = std::vector<Finding>;

}  // namespace fermata::scxml

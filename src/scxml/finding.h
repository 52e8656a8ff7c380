// Finding: one thing the loader or the linter has to say about a document, with its place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "value/xml.h"

namespace fermata::scxml {

enum class Severity : std::uint8_t {
    kError,    // the document is refused
    kWarning,  // it runs, but surely not as meant
    kNote,
};

// "error", "warning" or "note": also what SARIF calls them.
std::string_view to_string(Severity severity);

struct Finding {
    Severity severity = Severity::kError;
    // Stable id of the rule, such as "unknown-target"; docs/reference/lint-rules.md has a section
    // for each.
    std::string rule;
    std::string message;  // lower case, with the offending value
    std::string hint;     // what to do about it; may be empty
    std::string url;      // the file it is in
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

using Findings = std::vector<Finding>;

// A document never gets more findings than this: nobody reads them, and a hostile one could ask for
// millions. The last one then says that there were more.
inline constexpr std::size_t kFindingsMax = 500;

bool has_errors(const Findings& findings);
// Errors first, then warnings, then notes; within each by file in order of appearance, line and
// column.
void sort_findings(Findings& findings);

// What findings are written through while a document is looked at: knows the names of its files.
//
// Ownership: keeps references to both arguments. Limits: kFindingsMax.
class FindingWriter {
  public:
    FindingWriter(const std::vector<std::string>& sources, Findings& findings)
        : sources_(sources), findings_(findings) {}

    void error(const value::XmlPlace& place, std::string_view rule, std::string message,
               std::string hint = {});
    void warning(const value::XmlPlace& place, std::string_view rule, std::string message,
                 std::string hint = {});
    void note(const value::XmlPlace& place, std::string_view rule, std::string message,
              std::string hint = {});

  private:
    void add(Severity severity, const value::XmlPlace& place, std::string_view rule,
             std::string message, std::string hint);

    const std::vector<std::string>& sources_;
    Findings& findings_;
};

// For people: "file:line:column: severity: message [rule]", a line each, and "  hint: …" below.
// file: URLs are shown as paths.
std::string findings_text(const Findings& findings);
// An array of objects with the members of Finding.
std::string findings_json(const Findings& findings);
// SARIF 2.1.0, for code-scanning services and editors.
std::string findings_sarif(const Findings& findings);

}  // namespace fermata::scxml

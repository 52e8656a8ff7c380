#include "scxml/finding.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace fermata::scxml {

namespace {

constexpr std::string_view kRulesPage = "docs/reference/lint-rules.md";

// People know files by path, not by URL.
std::string shown_path(const std::string& url) {
    constexpr std::string_view kFile = "file://";
    return url.starts_with(kFile) ? url.substr(kFile.size()) : url;
}

boost::json::object sarif_result(const Finding& finding) {
    std::string text = finding.message;
    if (!finding.hint.empty()) {
        text += "; " + finding.hint;
    }
    boost::json::object location{{"artifactLocation", {{"uri", finding.url}}}};
    if (finding.line > 0) {
        boost::json::object region{{"startLine", finding.line}};
        if (finding.column > 0) {
            region["startColumn"] = finding.column;
        }
        location["region"] = std::move(region);
    }
    boost::json::object physical{{"physicalLocation", std::move(location)}};
    return {{"ruleId", finding.rule},
            {"level", to_string(finding.severity)},
            {"message", {{"text", text}}},
            {"locations", boost::json::array{std::move(physical)}}};
}

}  // namespace

std::string_view to_string(Severity severity) {
    switch (severity) {
        case Severity::kError:
            return "error";
        case Severity::kWarning:
            return "warning";
        case Severity::kNote:
            break;
    }
    return "note";
}

bool has_errors(const Findings& findings) {
    return std::any_of(findings.begin(), findings.end(),
                       [](const Finding& finding) { return finding.severity == Severity::kError; });
}

void sort_findings(Findings& findings) {
    std::map<std::string, std::size_t> files;
    for (const Finding& finding : findings) {
        files.emplace(finding.url, files.size());
    }
    std::stable_sort(findings.begin(), findings.end(), [&](const Finding& a, const Finding& b) {
        return std::tuple(a.severity, files[a.url], a.line, a.column) <
               std::tuple(b.severity, files[b.url], b.line, b.column);
    });
}

void FindingWriter::error(const value::XmlPlace& place, std::string_view rule, std::string message,
                          std::string hint) {
    add(Severity::kError, place, rule, std::move(message), std::move(hint));
}

void FindingWriter::warning(const value::XmlPlace& place, std::string_view rule,
                            std::string message, std::string hint) {
    add(Severity::kWarning, place, rule, std::move(message), std::move(hint));
}

void FindingWriter::note(const value::XmlPlace& place, std::string_view rule, std::string message,
                         std::string hint) {
    add(Severity::kNote, place, rule, std::move(message), std::move(hint));
}

void FindingWriter::add(Severity severity, const value::XmlPlace& place, std::string_view rule,
                        std::string message, std::string hint) {
    // An error is never dropped for the sake of the bound before there is one: it decides about the
    // load.
    if (findings_.size() >= kFindingsMax &&
        (severity != Severity::kError || has_errors(findings_))) {
        return;
    }
    Finding finding;
    finding.severity = severity;
    finding.rule = rule;
    finding.message = std::move(message);
    finding.hint = std::move(hint);
    finding.url = place.source < sources_.size() ? sources_[place.source] : std::string();
    finding.line = place.line;
    finding.column = place.column;
    if (findings_.size() + 1 == kFindingsMax) {
        finding.hint += finding.hint.empty() ? "" : "; ";
        finding.hint += "further findings are not shown";
    }
    findings_.push_back(std::move(finding));
}

std::string findings_text(const Findings& findings) {
    std::string text;
    for (const Finding& finding : findings) {
        text +=
            fmt::format("{}:{}:{}: {}: {} [{}]\n", shown_path(finding.url), finding.line,
                        finding.column, to_string(finding.severity), finding.message, finding.rule);
        if (!finding.hint.empty()) {
            text += fmt::format("  hint: {}\n", finding.hint);
        }
    }
    return text;
}

std::string findings_json(const Findings& findings) {
    boost::json::array list;
    for (const Finding& finding : findings) {
        list.push_back({{"severity", to_string(finding.severity)},
                        {"rule", finding.rule},
                        {"message", finding.message},
                        {"hint", finding.hint},
                        {"url", finding.url},
                        {"line", finding.line},
                        {"column", finding.column}});
    }
    return boost::json::serialize(list);
}

std::string findings_sarif(const Findings& findings) {
    std::set<std::string> ids;
    boost::json::array results;
    for (const Finding& finding : findings) {
        ids.insert(finding.rule);
        results.push_back(sarif_result(finding));
    }
    boost::json::array rules;
    for (const std::string& id : ids) {
        rules.push_back({{"id", id}, {"helpUri", fmt::format("{}#{}", kRulesPage, id)}});
    }
    boost::json::object driver{{"name", "fermata"}, {"rules", std::move(rules)}};
    boost::json::object run{{"tool", {{"driver", std::move(driver)}}},
                            {"columnKind", "unicodeCodePoints"},
                            {"results", std::move(results)}};
    boost::json::object log{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                            {"version", "2.1.0"},
                            {"runs", boost::json::array{std::move(run)}}};
    return boost::json::serialize(log);
}

}  // namespace fermata::scxml

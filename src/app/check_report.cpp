#include "app/check_report.h"

#include <algorithm>

#include "api/json_writer.h"

namespace fermata::app {

namespace {

std::string padded(std::string_view text, std::size_t width) {
    std::string wide(text);
    wide.resize(std::max(wide.size(), width), ' ');
    return wide;
}

std::string summary(const CheckReport& report) {
    const auto count = [&](Severity severity) {
        return std::count_if(
            report.findings().begin(), report.findings().end(),
            [severity](const CheckFinding& finding) { return finding.severity == severity; });
    };
    const auto errors = count(Severity::kError);
    const auto warnings = count(Severity::kWarning);
    if (errors == 0 && warnings == 0) {
        return "everything is fine";
    }
    return std::to_string(errors) + " errors, " + std::to_string(warnings) + " warnings";
}

}  // namespace

std::string_view to_string(Severity severity) {
    switch (severity) {
        case Severity::kFine:
            return "ok";
        case Severity::kNote:
            return "note";
        case Severity::kWarning:
            return "warning";
        case Severity::kError:
            break;
    }
    return "error";
}

Severity CheckReport::worst() const {
    Severity worst = Severity::kFine;
    for (const CheckFinding& finding : findings_) {
        worst = std::max(worst, finding.severity);
    }
    return worst;
}

std::string report_text(const CheckReport& report) {
    constexpr std::size_t kSeverityWidth = 9;
    constexpr std::size_t kStepWidth = 14;
    std::string text;
    std::string place;
    for (const CheckFinding& finding : report.findings()) {
        if (finding.place != place) {
            place = finding.place;
            text += place.empty() ? "" : "\n" + place + "\n";
        }
        text += padded(to_string(finding.severity), kSeverityWidth) +
                padded(finding.step, kStepWidth) + finding.text + "\n";
        if (!finding.advice.empty()) {
            text += std::string(kSeverityWidth + kStepWidth, ' ') + "-> " + finding.advice + "\n";
        }
    }
    return text + "\n" + summary(report) + "\n";
}

std::string report_json(const CheckReport& report) {
    api::JsonWriter json;
    json.begin_object().member("worst", to_string(report.worst())).key("findings").begin_array();
    for (const CheckFinding& finding : report.findings()) {
        json.begin_object().member("severity", to_string(finding.severity));
        if (!finding.place.empty()) {
            json.member("place", finding.place);
        }
        json.member("step", finding.step).member("text", finding.text);
        if (!finding.advice.empty()) {
            json.member("advice", finding.advice);
        }
        json.end_object();
    }
    json.end_array().end_object();
    return json.take() + "\n";
}

}  // namespace fermata::app

// CheckReport: what `fermata store check` found, step by step, with advice.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fermata::app {

enum class Severity : std::uint8_t { kFine, kNote, kWarning, kError };

// "ok", "note", "warning", "error"
std::string_view to_string(Severity severity);

struct CheckFinding {
    Severity severity = Severity::kFine;
    std::string place;  // a node's address, or empty: the whole
    std::string step;   // "TLS", "login", ...
    std::string text;
    std::string advice;  // what to do, with the option that mends it; empty: nothing
};

class CheckReport {
  public:
    void add(CheckFinding finding) { findings_.push_back(std::move(finding)); }
    [[nodiscard]] const std::vector<CheckFinding>& findings() const { return findings_; }
    [[nodiscard]] Severity worst() const;

  private:
    std::vector<CheckFinding> findings_;
};

std::string report_text(const CheckReport& report);
std::string report_json(const CheckReport& report);

}  // namespace fermata::app

// Dialect: the one seam where kinds of SCXML documents differ, and the registry of foreign
// executable content.
//
// A document with `datamodel` (or neither attribute) is W3C SCXML 1.0 (2015). One with
// profile="ecmascript" and no `datamodel` is the ORS dialect. A dialect says which elements and
// attributes exist and how attributes that hold values are read (literal, or expression);
// everything else is common.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scxml/finding.h"
#include "value/xml.h"

namespace fermata::scxml {

enum class Dialect : std::uint8_t { kW3c, kOrs };

// Which dialect the document element asks for.
Dialect dialect_of(const value::XmlNode& root);

// Why documents of this dialect cannot be loaded by this build, as a finding without a place; empty
// when they can.
Findings refuse_dialect(Dialect dialect);

// Executable content of a foreign namespace (<queue:submit …>) that this build can run. Modules
// register theirs at start-up, before the first document is loaded; a document that uses an action
// which is not here is refused with a finding that names namespace and element.
struct ActionKind {
    std::string ns;    // namespace name, without "http://" (both spellings are accepted)
    std::string name;  // local name
    // Attributes whose value is an expression; the others are literal text.
    std::vector<std::string> expression_attributes;
    // Attributes that are locations, assigned when the action runs (requestid).
    std::vector<std::string> location_attributes;
};

class ActionRegistry {
  public:
    // Not thread-safe; call before the first load.
    void add(ActionKind kind);
    [[nodiscard]] const ActionKind* find(std::string_view ns, std::string_view name) const;

  private:
    std::map<std::pair<std::string, std::string>, ActionKind> kinds_;
};

}  // namespace fermata::scxml

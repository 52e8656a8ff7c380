#include "scxml/dialect.h"

#include "scxml/rule_ids.h"

namespace fermata::scxml {

namespace {

constexpr std::string_view kHttp = "http://";

std::string_view without_scheme(std::string_view ns) {
    return ns.starts_with(kHttp) ? ns.substr(kHttp.size()) : ns;
}

}  // namespace

Dialect dialect_of(const value::XmlNode& root) {
    const std::string* profile = root.find_attribute("profile");
    const bool is_ors = profile != nullptr && *profile == "ecmascript" &&
                        root.find_attribute("datamodel") == nullptr;
    return is_ors ? Dialect::kOrs : Dialect::kW3c;
}

Findings refuse_dialect(Dialect dialect) {
    if (dialect == Dialect::kW3c) {
        return {};
    }
    Finding finding;
    finding.rule = rule::kUnavailableDialect;
    finding.message =
        "the ORS dialect (profile=\"ecmascript\" without datamodel) is not available in this build";
    finding.hint = "write datamodel=\"ecmascript\" for W3C SCXML";
    return {finding};
}

void ActionRegistry::add(ActionKind kind) {
    std::pair<std::string, std::string> key(without_scheme(kind.ns), kind.name);
    kinds_.insert_or_assign(std::move(key), std::move(kind));
}

const ActionKind* ActionRegistry::find(std::string_view ns, std::string_view name) const {
    const auto kind = kinds_.find({std::string(without_scheme(ns)), std::string(name)});
    return kind == kinds_.end() ? nullptr : &kind->second;
}

}  // namespace fermata::scxml

// Loader: from document text to a Chart, in steps without IO.
//
//   ResourceSet resources;
//   LoadOutcome outcome = load(document, resources, options);
//   while (!outcome.missing.empty()) {  fetch each; resources.add(…);  outcome = load(document,
//   resources, options); }
//
// Resources are xi:include (parse="xml" and "text"), <script src>, <data src> and <assign src>. A
// script or include that cannot be had refuses the document (SCXML 5.8, XInclude without fallback);
// a <data> that cannot be had is an error.execution when the session initialises it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "scxml/chart.h"
#include "scxml/dialect.h"
#include "scxml/finding.h"
#include "scxml/url.h"

namespace fermata::scxml {

struct DocumentText {
    std::string url;    // absolute; the base of relative references
    std::string bytes;  // in its own encoding
};

// What was fetched so far, by absolute URL: bytes, or why it could not be had.
class ResourceSet {
  public:
    void add(const std::string& url, Result<std::string> bytes) {
        entries_.insert_or_assign(url, std::move(bytes));
    }
    [[nodiscard]] const Result<std::string>* find(const std::string& url) const {
        const auto entry = entries_.find(url);
        return entry == entries_.end() ? nullptr : &entry->second;
    }
    [[nodiscard]] const std::map<std::string, Result<std::string>>& entries() const {
        return entries_;
    }

  private:
    std::map<std::string, Result<std::string>> entries_;
};

struct LoadOptions {
    DocumentLimits limits;
    // Executable content of foreign namespaces that this build can run; null for none. Must outlive
    // the call.
    const ActionRegistry* actions = nullptr;
    // Also look for what runs but is surely not meant (`fermata check`); slower.
    bool lint = false;
};

struct LoadOutcome {
    std::vector<std::string> missing;    // absolute URLs to fetch before the next call
    std::shared_ptr<const Chart> chart;  // set when nothing is missing and no finding is an error
    Findings findings;                   // errors first
};

LoadOutcome load(const DocumentText& document, const ResourceSet& resources,
                 const LoadOptions& options);

}  // namespace fermata::scxml

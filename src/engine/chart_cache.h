// ChartCache: from a URL, a text or a hash to a compiled chart, shared by all shards.
//
// An answer with a chart means that all texts it was compiled from are durable in the store under
// chart->hash(), so a session that is bound to the hash can always be recovered. Loads of the same
// thing at the same time are one load.
//
// URLs: file:, http:, https: through Outside, following HTTP's caching rules (resource_cache.h): a
// chart is used again while every text it was compiled from is fresh, and after that as long as the
// origins say that nothing changed. document:<name> is the current version of an uploaded document.
//
// Limits: charts that no session uses are kept up to charts_max and bytes_max, least recently used
// first out. Charts in use are always found. loads_max loads at a time, more are answered
// kOverloaded.
//
// Threads: every method from any thread. `done` is called exactly once, from within the call (when
// the chart is at hand, and for texts without includes that the store takes at once), or from a
// thread of Outside or the store; never under a lock. Compiling happens on the thread that has the
// last missing text, so on the caller's for plain texts. Ownership: keeps references to Store,
// Outside and Clock. The destructor answers nothing: destroy it when the store is closed and
// Outside has answered.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"
#include "engine/outside.h"
#include "engine/ownership.h"
#include "scxml/chart.h"
#include "scxml/dialect.h"
#include "scxml/finding.h"
#include "store/store.h"

namespace fermata::engine {

struct ChartCacheOptions {
    DocumentLimits document;
    // Executable content that this build can run; null for none. Must outlive the cache.
    const scxml::ActionRegistry* actions = nullptr;
    // Says in which format documents are stored; null: in the newest. Must outlive the cache.
    const Ownership* ownership = nullptr;
    // max-compiler-cached-docs: compiled charts kept that no session uses.
    std::size_t charts_max = 1000;
    // chart-cache-size: about how many bytes those may hold, texts included (ours).
    std::size_t bytes_max = 256U << 20U;
    // resource-cache-size: bytes of fetched texts kept for revalidation (ours).
    std::size_t resource_bytes_max = 64U << 20U;
    // chart-loads: loads under way at a time (ours).
    std::size_t loads_max = 10'000;
    // chart-stale-if-error: for how long after its freshness a text may still be used when its
    // origin does not answer (RFC 5861); 0: never (ours).
    std::chrono::milliseconds stale_if_error{0};
    // document-name-refresh: how long the version of an uploaded document is believed to be
    // current; another node may have changed it (ours).
    std::chrono::milliseconds name_refresh{1000};
};

struct ChartAnswer {
    // Null: the findings refuse the document. Else they are warnings.
    std::shared_ptr<const scxml::Chart> chart;
    scxml::Findings findings;
};
using ChartDone = std::function<void(Result<ChartAnswer>)>;

struct PutDocumentAnswer {
    store::DocumentName name;  // hash is empty when the findings refuse the document
    scxml::Findings findings;
};

struct NamedDocument {
    store::DocumentName name;
    std::string bytes;
};

class ChartCache {
  public:
    ChartCache(const ChartCacheOptions& options, store::Store& store, Outside& outside,
               const Clock& clock);
    ~ChartCache();
    ChartCache(const ChartCache&) = delete;
    ChartCache& operator=(const ChartCache&) = delete;

    // kNotFound, kForbidden, kUnavailable, … when the document itself cannot be had; an include
    // that cannot be had is a finding.
    void load_url(const std::string& url, ChartDone done);
    // `base_url` is what relative references are resolved against: for <invoke><content> the URL of
    // the parent's document, empty for a text that came in a request.
    void load_text(std::string text, const std::string& base_url, ChartDone done);
    // For recovery, with a hash that a chart had before. kNotFound when the store does not have it.
    void load_hash(const std::string& hash, ChartDone done);

    // Checks an uploaded document, keeps it and makes it the current version of `name`.
    void put_document(std::string name, std::string bytes,
                      std::function<void(Result<PutDocumentAnswer>)> done);
    void find_document(const std::string& name, std::function<void(Result<NamedDocument>)> done);

    // Charts in memory, those in use included.
    [[nodiscard]] std::size_t chart_count() const;
    [[nodiscard]] std::size_t load_count() const;  // under way

  private:
    class State;
    // Shared with the callbacks under way.
    std::shared_ptr<State> state_;
};

}  // namespace fermata::engine

// ChartLoad: one load of a chart, from its first text to the compiled chart, in rounds of fetching
// what is missing.
//
// With a previous result it first asks whether the sources of that changed, and is done when none
// did.
//
// Threads: answers to its fetches may come from any thread; compiling happens on the thread of the
// last one of a round, or on the one that calls start(). Ownership: keeps itself until `done` was
// called, exactly once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "engine/chart_table.h"
#include "engine/document_bundle.h"
#include "engine/resource_cache.h"
#include "scxml/loader.h"

namespace fermata::engine {

struct LoadedChart {
    scxml::LoadOutcome outcome;
    // All texts it came from, for the store.
    DocumentBundle bundle;
    std::vector<ChartSource> sources;
    std::int64_t fresh_until_ms = 0;
    // The previous result still holds; outcome and bundle are empty.
    bool unchanged = false;
};

class ChartLoad : public std::enable_shared_from_this<ChartLoad> {
  public:
    using Fetch = std::function<void(const std::string& url, ResourceCache::Done done)>;
    using Done = std::function<void(Result<LoadedChart>)>;

    struct Request {
        std::string url;                          // of the document, or the base of `text`
        std::shared_ptr<const std::string> text;  // null: to be fetched from url
        std::shared_ptr<const CachedChart> previous;
    };

    // `clock` must outlive it, and so must what `options` points to.
    ChartLoad(Request request, const scxml::LoadOptions& options, const Clock& clock, Fetch fetch,
              Done done);

    void start();

  private:
    void fetch_all(const std::vector<std::string>& urls, std::function<void()> next);
    void arrived(const std::string& url, Result<Resource> answer);
    void compare_with_previous();
    void take_document();
    void compile();
    void take_missing(const std::vector<std::string>& urls);
    [[nodiscard]] ChartSource source_of(const std::string& url) const;
    void use(const std::string& url);
    void finish(Result<LoadedChart> result);

    const Request request_;
    const scxml::LoadOptions options_;
    const Clock& clock_;
    const Fetch fetch_;
    Done done_;

    // Touched by one round at a time, after all its answers arrived.
    DocumentBundle bundle_;
    std::vector<ChartSource> sources_;
    std::int64_t fresh_until_ms_;
    std::uint32_t rounds_ = 0;

    std::mutex mutex_;
    // All below guarded by mutex_ while answers arrive.
    std::map<std::string, Result<Resource>> fetched_;
    std::size_t awaited_ = 0;
    std::function<void()> next_;
};

}  // namespace fermata::engine

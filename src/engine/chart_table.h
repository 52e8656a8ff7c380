// ChartTable: the charts that are at hand, by the way they were asked for and by hash. The memory
// of ChartCache, without IO.
//
// An entry under a key keeps its chart; entries are bounded by count and bytes, least recently used
// first out. Beyond that every chart that somebody uses is found by its hash through a weak_ptr.
//
// Threads: every method from any thread.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "scxml/chart.h"
#include "scxml/finding.h"

namespace fermata::engine {

// A text that a chart was compiled from.
struct ChartSource {
    std::string url;
    std::shared_ptr<const std::string> bytes;  // null: it could not be had
    bool operator==(const ChartSource&) const = default;
};

struct CachedChart {
    std::shared_ptr<const scxml::Chart> chart;
    scxml::Findings findings;  // warnings
    // For charts asked for by their text: the whole text, since keys only hold a hash of it.
    std::shared_ptr<const std::string> text;
    std::vector<ChartSource> sources;  // fetched
    // As Resource::fresh_until_ms, of the source that gets stale first.
    std::int64_t fresh_until_ms = 0;

    // About what it keeps in memory.
    [[nodiscard]] std::size_t bytes() const;
};

class ChartTable {
  public:
    ChartTable(std::size_t entries_max, std::size_t bytes_max);

    // Null when there is none; fresh or not.
    [[nodiscard]] std::shared_ptr<const CachedChart> find(const std::string& key);
    void put(const std::string& key, std::shared_ptr<const CachedChart> entry);
    // A chart that is in use or kept.
    [[nodiscard]] std::shared_ptr<const scxml::Chart> find_chart(const std::string& hash) const;
    // Makes it findable by hash. Returns the one that is there already, if so: equal charts are
    // shared.
    std::shared_ptr<const scxml::Chart> adopt(std::shared_ptr<const scxml::Chart> chart);
    // Charts in use or kept.
    [[nodiscard]] std::size_t chart_count() const;

  private:
    struct Slot {
        std::shared_ptr<const CachedChart> entry;
        std::size_t bytes = 0;
        std::list<std::string>::iterator recent;
    };

    const std::size_t entries_max_;
    const std::size_t bytes_max_;

    mutable std::mutex mutex_;
    // All below guarded by mutex_.
    std::unordered_map<std::string, Slot> slots_;
    std::list<std::string> recent_;  // most recently used first
    std::size_t bytes_ = 0;
    std::unordered_map<std::string, std::weak_ptr<const scxml::Chart>> charts_;
    std::size_t sweep_at_;  // charts_ is cleared of expired ones when it has grown to this
};

}  // namespace fermata::engine

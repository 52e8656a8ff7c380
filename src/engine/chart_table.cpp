#include "engine/chart_table.h"

#include <algorithm>
#include <utility>

namespace fermata::engine {

namespace {

constexpr std::size_t kSweepMin = 1024;

}  // namespace

std::size_t CachedChart::bytes() const {
    std::size_t bytes = sizeof *this + chart->memory_bytes() + (text == nullptr ? 0 : text->size());
    for (const ChartSource& source : sources) {
        bytes += source.url.size() + (source.bytes == nullptr ? 0 : source.bytes->size());
    }
    return bytes;
}

ChartTable::ChartTable(std::size_t entries_max, std::size_t bytes_max)
    : entries_max_(entries_max), bytes_max_(bytes_max), sweep_at_(kSweepMin) {}

std::shared_ptr<const CachedChart> ChartTable::find(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    const auto slot = slots_.find(key);
    if (slot == slots_.end()) {
        return nullptr;
    }
    recent_.splice(recent_.begin(), recent_, slot->second.recent);
    return slot->second.entry;
}

void ChartTable::put(const std::string& key, std::shared_ptr<const CachedChart> entry) {
    // Dropped charts are destroyed behind the lock: that may take a while.
    std::vector<std::shared_ptr<const CachedChart>> dropped;
    const std::size_t bytes = entry->bytes() + 2 * key.size();
    const std::scoped_lock lock(mutex_);
    const auto drop = [&](const std::string& old_key) {
        const auto slot = slots_.find(old_key);
        if (slot != slots_.end()) {
            bytes_ -= slot->second.bytes;
            dropped.push_back(std::move(slot->second.entry));
            const auto recent = slot->second.recent;
            slots_.erase(slot);
            recent_.erase(recent);
        }
    };
    drop(key);
    recent_.push_front(key);
    slots_.emplace(key, Slot{std::move(entry), bytes, recent_.begin()});
    bytes_ += bytes;
    while (slots_.size() > entries_max_ || bytes_ > bytes_max_) {
        drop(recent_.back());
    }
}

std::shared_ptr<const scxml::Chart> ChartTable::find_chart(const std::string& hash) const {
    const std::scoped_lock lock(mutex_);
    const auto found = charts_.find(hash);
    return found == charts_.end() ? nullptr : found->second.lock();
}

std::shared_ptr<const scxml::Chart> ChartTable::adopt(std::shared_ptr<const scxml::Chart> chart) {
    const std::scoped_lock lock(mutex_);
    auto& known = charts_[chart->hash()];
    if (auto there = known.lock()) {
        return there;
    }
    known = chart;
    if (charts_.size() >= sweep_at_) {
        std::erase_if(charts_, [](const auto& entry) { return entry.second.expired(); });
        sweep_at_ = std::max(kSweepMin, 2 * charts_.size());
    }
    return chart;
}

std::size_t ChartTable::chart_count() const {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        charts_.begin(), charts_.end(), [](const auto& entry) { return !entry.second.expired(); }));
}

}  // namespace fermata::engine

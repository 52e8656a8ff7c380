#include "engine/resource_cache.h"

#include <utility>

namespace fermata::engine {

std::int64_t steady_ms(const Clock& clock) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady()).count();
}

ResourceCache::ResourceCache(std::size_t bytes_max, std::chrono::milliseconds stale_if_error,
                             Outside& outside, const Clock& clock)
    : bytes_max_(bytes_max),
      stale_if_error_ms_(stale_if_error.count()),
      outside_(outside),
      clock_(clock) {}

void ResourceCache::fetch(const std::string& url, Done done) {
    std::unique_lock lock(mutex_);
    Kept previous;
    const auto entry = entries_.find(url);
    if (entry != entries_.end()) {
        previous = entry->second.kept;
        recent_.splice(recent_.begin(), recent_, entry->second.recent);
        if (steady_ms(clock_) < previous.resource.fresh_until_ms) {
            lock.unlock();
            done(std::move(previous.resource));
            return;
        }
    }
    Flight& flight = flights_[url];
    flight.waiting.push_back(std::move(done));
    if (flight.waiting.size() > 1) {
        return;
    }
    flight.previous = previous;
    lock.unlock();
    outside_.fetch(FetchRequest{url, previous.etag, previous.last_modified},
                   [self = shared_from_this(), url](Result<FetchAnswer> answer) {
                       self->arrived(url, std::move(answer));
                   });
}

std::size_t ResourceCache::bytes() const {
    const std::scoped_lock lock(mutex_);
    return bytes_;
}

void ResourceCache::arrived(const std::string& url, Result<FetchAnswer> answer) {
    std::unique_lock lock(mutex_);
    const auto node = flights_.extract(url);
    const Flight& flight = node.mapped();
    const Result<Kept> kept = judge(url, flight.previous, std::move(answer));
    if (kept) {
        keep(url, *kept);
    }
    lock.unlock();
    for (const Done& done : flight.waiting) {
        if (kept) {
            done(kept->resource);
        } else {
            done(kept.error());
        }
    }
}

// What there is to use after an answer: the new text, the old one that still holds, or an error.
Result<ResourceCache::Kept> ResourceCache::judge(const std::string& url, const Kept& previous,
                                                 Result<FetchAnswer> answer) const {
    const std::int64_t now_ms = steady_ms(clock_);
    const bool had_one = previous.resource.bytes != nullptr;
    if (!answer) {
        const ErrorCode code = answer.error().code();
        const bool unreachable = code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout;
        if (unreachable && had_one &&
            now_ms < previous.resource.fresh_until_ms + stale_if_error_ms_) {
            return previous;
        }
        return std::move(answer).error();
    }
    if (answer->not_modified) {
        if (!had_one) {
            return Error(ErrorCode::kUnavailable,
                         url + ": answered \"not modified\" to a request without validators");
        }
        Kept kept = previous;
        kept.resource.fresh_until_ms = now_ms + answer->fresh_ms;
        return kept;
    }
    Kept kept;
    const bool same = had_one && *previous.resource.bytes == answer->bytes;
    kept.resource.bytes = same ? previous.resource.bytes
                               : std::make_shared<const std::string>(std::move(answer->bytes));
    kept.resource.url = answer->url.empty() ? url : answer->url;
    kept.resource.fresh_until_ms = now_ms + answer->fresh_ms;
    kept.etag = std::move(answer->etag);
    kept.last_modified = std::move(answer->last_modified);
    return kept;
}

void ResourceCache::keep(const std::string& url, const Kept& kept) {
    drop(url);
    recent_.push_front(url);
    bytes_ += kept.resource.bytes->size();
    entries_.emplace(url, Entry{kept, recent_.begin()});
    while (bytes_ > bytes_max_) {
        drop(std::string(recent_.back()));
    }
}

void ResourceCache::drop(const std::string& url) {
    const auto entry = entries_.find(url);
    if (entry == entries_.end()) {
        return;
    }
    bytes_ -= entry->second.kept.resource.bytes->size();
    recent_.erase(entry->second.recent);
    entries_.erase(entry);
}

}  // namespace fermata::engine

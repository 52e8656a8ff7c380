// ResourceCache: texts by URL, fetched through Outside and kept by HTTP's caching rules (RFC 9111).
//
// A fresh text is given at once; a stale one is asked for again with its validators and never used
// unasked. Only when the origin does not answer at all, and stale_if_error allows it (RFC 5861), a
// stale text is used. One request for a URL is under way at a time; whoever asks meanwhile gets its
// answer. Failures are not kept.
//
// Limits: bytes_max; least recently used texts go first. Threads: every method from any thread;
// `done` is called exactly once, from within the call or from Outside's thread, never under the
// lock. Held by shared_ptr, since requests under way keep it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "engine/outside.h"

namespace fermata::engine {

struct Resource {
    // The same pointer as before as long as the text is the same.
    std::shared_ptr<const std::string> bytes;
    std::string url;  // after redirects
    // Of Clock::steady(), in milliseconds; it may be used without asking until just before.
    std::int64_t fresh_until_ms = 0;
};

std::int64_t steady_ms(const Clock& clock);

class ResourceCache : public std::enable_shared_from_this<ResourceCache> {
  public:
    using Done = std::function<void(Result<Resource>)>;

    ResourceCache(std::size_t bytes_max, std::chrono::milliseconds stale_if_error, Outside& outside,
                  const Clock& clock);

    void fetch(const std::string& url, Done done);
    [[nodiscard]] std::size_t bytes() const;

  private:
    struct Kept {
        Resource resource;
        std::string etag;
        std::string last_modified;
    };
    struct Entry {
        Kept kept;
        std::list<std::string>::iterator recent;
    };
    struct Flight {
        // What the validators of the request belong to; no bytes when there was nothing.
        Kept previous;
        std::vector<Done> waiting;
    };

    void arrived(const std::string& url, Result<FetchAnswer> answer);
    Result<Kept> judge(const std::string& url, const Kept& previous,
                       Result<FetchAnswer> answer) const;
    void keep(const std::string& url, const Kept& kept);
    void drop(const std::string& url);

    const std::size_t bytes_max_;
    const std::int64_t stale_if_error_ms_;
    Outside& outside_;
    const Clock& clock_;

    mutable std::mutex mutex_;
    // All below guarded by mutex_.
    std::unordered_map<std::string, Entry> entries_;
    std::list<std::string> recent_;  // most recently used first
    std::unordered_map<std::string, Flight> flights_;
    std::size_t bytes_ = 0;
};

}  // namespace fermata::engine

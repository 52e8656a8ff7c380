// NamedDocuments: the current versions of uploaded documents, remembered for a moment so that
// starting sessions from one does not ask the store each time.
//
// Limits: names_max names are remembered. Threads: every method from any thread; `done` is called
// exactly once, from within the call or from a thread of the store, never under the lock. Held by
// shared_ptr, since requests under way keep it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace fermata::engine {

class NamedDocuments : public std::enable_shared_from_this<NamedDocuments> {
  public:
    using Done = std::function<void(Result<store::DocumentName>)>;

    static constexpr std::size_t kNamesMax = 10'000;

    // `refresh`: how long a name is remembered; another node may give it a new version.
    NamedDocuments(std::chrono::milliseconds refresh, store::Store& store, const Clock& clock);

    // kNotFound for an unknown name.
    void find(const std::string& name, Done done);
    // Durable when answered.
    void put(const store::DocumentName& name, Done done);

  private:
    struct Entry {
        store::DocumentName name;
        std::int64_t fresh_until_ms = 0;
    };

    void remember(const store::DocumentName& name);

    const std::int64_t refresh_ms_;
    store::Store& store_;
    const Clock& clock_;
    std::mutex mutex_;
    std::unordered_map<std::string, Entry> names_;  // guarded by mutex_
};

}  // namespace fermata::engine

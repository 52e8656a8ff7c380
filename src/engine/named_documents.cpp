#include "engine/named_documents.h"

#include <utility>

#include "engine/resource_cache.h"

namespace fermata::engine {

NamedDocuments::NamedDocuments(std::chrono::milliseconds refresh, store::Store& store,
                               const Clock& clock)
    : refresh_ms_(refresh.count()), store_(store), clock_(clock) {}

void NamedDocuments::find(const std::string& name, Done done) {
    {
        std::unique_lock lock(mutex_);
        const auto entry = names_.find(name);
        if (entry != names_.end() && steady_ms(clock_) < entry->second.fresh_until_ms) {
            store::DocumentName known = entry->second.name;
            lock.unlock();
            done(std::move(known));
            return;
        }
    }
    store_.find_document_name(name, [self = shared_from_this(), name, done = std::move(done)](
                                        Result<std::optional<store::DocumentName>> found) {
        if (!found) {
            done(std::move(found).error());
        } else if (!*found) {
            done(Error(ErrorCode::kNotFound, "no document \"" + name + "\""));
        } else {
            self->remember(**found);
            done(**std::move(found));
        }
    });
}

void NamedDocuments::put(const store::DocumentName& name, Done done) {
    store_.put_document_name(
        name, [self = shared_from_this(), name, done = std::move(done)](Result<bool> answer) {
            if (!answer) {
                done(std::move(answer).error());
                return;
            }
            self->remember(name);
            done(name);
        });
}

// A look-up may end behind a put that began later; the version changed last counts.
void NamedDocuments::remember(const store::DocumentName& name) {
    const std::scoped_lock lock(mutex_);
    if (names_.size() >= kNamesMax) {
        names_.clear();
    }
    Entry& entry = names_[name.name];
    if (name.changed_ms >= entry.name.changed_ms) {
        entry.name = name;
        entry.fresh_until_ms = steady_ms(clock_) + refresh_ms_;
    }
}

}  // namespace fermata::engine

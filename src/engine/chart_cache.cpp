#include "engine/chart_cache.h"

#include <functional>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "engine/chart_load.h"
#include "engine/chart_table.h"
#include "engine/document_bundle.h"
#include "engine/named_documents.h"
#include "engine/resource_cache.h"
#include "scxml/loader.h"

namespace fermata::engine {

namespace {

constexpr std::string_view kDocumentScheme = "document:";
// The base of texts that came without a URL: relative references in them lead nowhere.
constexpr std::string_view kNoUrl = "inline:document";

bool is_document_url(std::string_view url) {
    return url.substr(0, kDocumentScheme.size()) == kDocumentScheme;
}

std::string document_name(const std::string& url) {
    return url.substr(kDocumentScheme.size());
}

Result<NamedDocument> named_document(const store::DocumentName& name,
                                     Result<std::optional<std::string>> bytes) {
    if (!bytes) {
        return std::move(bytes).error();
    }
    if (!*bytes) {
        return Error(ErrorCode::kCorrupt, "document " + name.name + " is not in the store");
    }
    auto bundle = decode_bundle(**bytes);
    if (!bundle) {
        return bundle.error().with_context("document " + name.name);
    }
    return NamedDocument{name, std::move(bundle->document.bytes)};
}

}  // namespace

class ChartCache::State : public std::enable_shared_from_this<State> {
  public:
    State(const ChartCacheOptions& options, store::Store& store, Outside& outside,
          const Clock& clock)
        : options_(options),
          store_(store),
          clock_(clock),
          table_(options.charts_max, options.bytes_max),
          resources_(std::make_shared<ResourceCache>(options.resource_bytes_max,
                                                     options.stale_if_error, outside, clock)),
          names_(std::make_shared<NamedDocuments>(options.name_refresh, store, clock)) {}

    void load_url(const std::string& url, ChartDone done);
    void load_text(std::string text, const std::string& base_url, ChartDone done);
    void load_hash(const std::string& hash, ChartDone done);
    void put_document(std::string name, std::string bytes,
                      std::function<void(Result<PutDocumentAnswer>)> done);
    void find_document(const std::string& name, std::function<void(Result<NamedDocument>)> done);

    [[nodiscard]] std::size_t chart_count() const { return table_.chart_count(); }
    [[nodiscard]] std::size_t load_count() const {
        const std::scoped_lock lock(mutex_);
        return flights_.size();
    }

  private:
    [[nodiscard]] bool is_fresh(const CachedChart& entry) const {
        return steady_ms(clock_) < entry.fresh_until_ms;
    }
    [[nodiscard]] scxml::LoadOptions load_options() const {
        return {options_.document, options_.actions, false};
    }

    using Text = std::shared_ptr<const std::string>;
    struct Flight {
        Text text;
        std::vector<ChartDone> waiting;
    };

    // Waits with all who want the same now. True for the first one, who has to load under `key`.
    // When there is no room, kOverloaded is answered.
    bool join(std::string& key, const Text& text, ChartDone& done);
    void answer(const std::string& key, const Result<ChartAnswer>& result);

    void load(const std::string& key, const ChartLoad::Request& request);
    void loaded(const std::string& key, const ChartLoad::Request& request,
                Result<LoadedChart> result);
    void keep(const std::string& key, const Text& text, std::shared_ptr<const scxml::Chart> chart,
              const LoadedChart& loaded);
    void fetch(const std::string& url, ResourceCache::Done done);
    Result<ChartAnswer> restore(const std::string& key, const std::string& hash,
                                std::string_view bytes);

    const ChartCacheOptions options_;
    store::Store& store_;
    const Clock& clock_;
    ChartTable table_;
    const std::shared_ptr<ResourceCache> resources_;
    const std::shared_ptr<NamedDocuments> names_;

    mutable std::mutex mutex_;
    std::unordered_map<std::string, Flight> flights_;  // guarded by mutex_
};

void ChartCache::State::load_url(const std::string& url, ChartDone done) {
    if (is_document_url(url)) {
        names_->find(document_name(url), [self = shared_from_this(), done = std::move(done)](
                                             Result<store::DocumentName> name) mutable {
            if (name) {
                self->load_hash(name->hash, std::move(done));
            } else {
                done(std::move(name).error());
            }
        });
        return;
    }
    std::string key = "url:" + url;
    const auto entry = table_.find(key);
    if (entry != nullptr && is_fresh(*entry)) {
        done(ChartAnswer{entry->chart, entry->findings});
    } else if (join(key, nullptr, done)) {
        load(key, {url, nullptr, entry});
    }
}

void ChartCache::State::load_text(std::string text, const std::string& base_url, ChartDone done) {
    const std::string url = base_url.empty() ? std::string(kNoUrl) : base_url;
    // A fast hash finds the entry, the text itself decides: nobody can be given another's chart.
    std::string key = "text:" + std::to_string(std::hash<std::string_view>()(text)) + ":" + url;
    auto entry = table_.find(key);
    if (entry != nullptr && (entry->text == nullptr || *entry->text != text)) {
        entry = nullptr;
    }
    if (entry != nullptr && is_fresh(*entry)) {
        done(ChartAnswer{entry->chart, entry->findings});
        return;
    }
    const auto shared = std::make_shared<const std::string>(std::move(text));
    if (join(key, shared, done)) {
        load(key, {url, shared, entry});
    }
}

void ChartCache::State::load_hash(const std::string& hash, ChartDone done) {
    if (auto chart = table_.find_chart(hash)) {
        done(ChartAnswer{std::move(chart), {}});
        return;
    }
    std::string key = "hash:" + hash;
    if (!join(key, nullptr, done)) {
        return;
    }
    store_.find_document(
        hash, [self = shared_from_this(), key, hash](Result<std::optional<std::string>> found) {
            if (!found) {
                self->answer(key, std::move(found).error());
            } else if (!*found) {
                self->answer(key, Error(ErrorCode::kNotFound, "no stored document " + hash));
            } else {
                self->answer(key, self->restore(key, hash, **found));
            }
        });
}

void ChartCache::State::put_document(std::string name, std::string bytes,
                                     std::function<void(Result<PutDocumentAnswer>)> done) {
    std::string url = std::string(kDocumentScheme) + name;
    load_text(std::move(bytes), url,
              [self = shared_from_this(), name = std::move(name),
               done = std::move(done)](Result<ChartAnswer> answer) {
                  if (!answer) {
                      done(std::move(answer).error());
                      return;
                  }
                  if (answer->chart == nullptr) {
                      done(PutDocumentAnswer{{name, "", 0}, std::move(answer->findings)});
                      return;
                  }
                  self->names_->put({name, answer->chart->hash(), self->clock_.now_ms()},
                                    [done, findings = std::move(answer->findings)](
                                        Result<store::DocumentName> put) {
                                        if (put) {
                                            done(PutDocumentAnswer{*std::move(put), findings});
                                        } else {
                                            done(std::move(put).error());
                                        }
                                    });
              });
}

void ChartCache::State::find_document(const std::string& name,
                                      std::function<void(Result<NamedDocument>)> done) {
    names_->find(name, [self = shared_from_this(),
                        done = std::move(done)](Result<store::DocumentName> found) {
        if (!found) {
            done(std::move(found).error());
            return;
        }
        self->store_.find_document(found->hash,
                                   [name = *found, done](Result<std::optional<std::string>> bytes) {
                                       done(named_document(name, std::move(bytes)));
                                   });
    });
}

bool ChartCache::State::join(std::string& key, const Text& text, ChartDone& done) {
    std::unique_lock lock(mutex_);
    auto flight = flights_.find(key);
    while (flight != flights_.end() && text != nullptr && *flight->second.text != *text) {
        // Another text with the same hash is on its way.
        key += '+';
        flight = flights_.find(key);
    }
    if (flight != flights_.end()) {
        flight->second.waiting.push_back(std::move(done));
        return false;
    }
    if (flights_.size() >= options_.loads_max) {
        lock.unlock();
        done(Error(ErrorCode::kOverloaded, "too many documents are being loaded"));
        return false;
    }
    Flight& mine = flights_[key];
    mine.text = text;
    mine.waiting.push_back(std::move(done));
    return true;
}

void ChartCache::State::answer(const std::string& key, const Result<ChartAnswer>& result) {
    std::unique_lock lock(mutex_);
    const auto flight = flights_.extract(key);
    lock.unlock();
    for (const ChartDone& done : flight.mapped().waiting) {
        done(result);
    }
}

void ChartCache::State::load(const std::string& key, const ChartLoad::Request& request) {
    const auto load = std::make_shared<ChartLoad>(
        request, load_options(), clock_,
        [self = shared_from_this()](const std::string& url, ResourceCache::Done done) {
            self->fetch(url, std::move(done));
        },
        [self = shared_from_this(), key, request](Result<LoadedChart> result) {
            self->loaded(key, request, std::move(result));
        });
    load->start();
}

void ChartCache::State::loaded(const std::string& key, const ChartLoad::Request& request,
                               Result<LoadedChart> result) {
    if (!result) {
        answer(key, std::move(result).error());
        return;
    }
    if (result->unchanged) {
        result->outcome.findings = request.previous->findings;
        keep(key, request.text, request.previous->chart, *result);
        return;
    }
    const auto& chart = result->outcome.chart;
    if (chart == nullptr) {
        answer(key, ChartAnswer{nullptr, std::move(result->outcome.findings)});
        return;
    }
    if (auto known = table_.find_chart(chart->hash())) {
        keep(key, request.text, std::move(known), *result);
        return;
    }
    // Only what is durable may be found: sessions will be bound to the hash.
    const std::string bundle = encode(result->bundle, format_to_write(options_.ownership));
    const auto shared = std::make_shared<LoadedChart>(*std::move(result));
    store_.put_document(
        shared->outcome.chart->hash(), bundle,
        [self = shared_from_this(), key, text = request.text, shared](Result<bool> stored) {
            if (stored) {
                self->keep(key, text, self->table_.adopt(shared->outcome.chart), *shared);
            } else {
                self->answer(key, std::move(stored).error().with_context("store document"));
            }
        });
}

void ChartCache::State::keep(const std::string& key, const Text& text,
                             std::shared_ptr<const scxml::Chart> chart, const LoadedChart& loaded) {
    auto entry = std::make_shared<CachedChart>();
    entry->chart = std::move(chart);
    entry->findings = loaded.outcome.findings;
    entry->text = text;
    entry->sources = loaded.sources;
    entry->fresh_until_ms = loaded.fresh_until_ms;
    table_.put(key, entry);
    answer(key, ChartAnswer{entry->chart, entry->findings});
}

void ChartCache::State::fetch(const std::string& url, ResourceCache::Done done) {
    if (!is_document_url(url)) {
        resources_->fetch(url, std::move(done));
        return;
    }
    find_document(document_name(url), [self = shared_from_this(), url,
                                       done = std::move(done)](Result<NamedDocument> document) {
        if (!document) {
            done(std::move(document).error());
            return;
        }
        done(Resource{std::make_shared<const std::string>(std::move(document->bytes)), url,
                      steady_ms(self->clock_) + self->options_.name_refresh.count()});
    });
}

Result<ChartAnswer> ChartCache::State::restore(const std::string& key, const std::string& hash,
                                               std::string_view bytes) {
    auto bundle = decode_bundle(bytes);
    if (!bundle) {
        return bundle.error().with_context("stored document " + hash);
    }
    const scxml::LoadOutcome outcome =
        scxml::load(bundle->document, bundle->resources, load_options());
    if (outcome.chart == nullptr || outcome.chart->hash() != hash) {
        const std::string why = outcome.findings.empty() ? "its texts are not those of the hash"
                                                         : outcome.findings.front().message;
        return Error(ErrorCode::kCorrupt, "stored document " + hash + ": " + why);
    }
    auto entry = std::make_shared<CachedChart>();
    entry->chart = table_.adopt(outcome.chart);
    entry->findings = outcome.findings;
    table_.put(key, entry);
    return ChartAnswer{entry->chart, entry->findings};
}

ChartCache::ChartCache(const ChartCacheOptions& options, store::Store& store, Outside& outside,
                       const Clock& clock)
    : state_(std::make_shared<State>(options, store, outside, clock)) {}

ChartCache::~ChartCache() = default;

void ChartCache::load_url(const std::string& url, ChartDone done) {
    state_->load_url(url, std::move(done));
}

void ChartCache::load_text(std::string text, const std::string& base_url, ChartDone done) {
    state_->load_text(std::move(text), base_url, std::move(done));
}

void ChartCache::load_hash(const std::string& hash, ChartDone done) {
    state_->load_hash(hash, std::move(done));
}

void ChartCache::put_document(std::string name, std::string bytes,
                              std::function<void(Result<PutDocumentAnswer>)> done) {
    state_->put_document(std::move(name), std::move(bytes), std::move(done));
}

void ChartCache::find_document(const std::string& name,
                               std::function<void(Result<NamedDocument>)> done) {
    state_->find_document(name, std::move(done));
}

std::size_t ChartCache::chart_count() const {
    return state_->chart_count();
}

std::size_t ChartCache::load_count() const {
    return state_->load_count();
}

}  // namespace fermata::engine

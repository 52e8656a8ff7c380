#include "engine/chart_load.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace fermata::engine {

namespace {

// An include that cannot be had is asked for again after this time, not at every start.
constexpr std::int64_t kFailureFreshMs = 1000;

}  // namespace

ChartLoad::ChartLoad(Request request, const scxml::LoadOptions& options, const Clock& clock,
                     Fetch fetch, Done done)
    : request_(std::move(request)),
      options_(options),
      clock_(clock),
      fetch_(std::move(fetch)),
      done_(std::move(done)),
      fresh_until_ms_(std::numeric_limits<std::int64_t>::max()) {}

void ChartLoad::start() {
    if (request_.previous != nullptr) {
        std::vector<std::string> urls;
        for (const ChartSource& source : request_.previous->sources) {
            urls.push_back(source.url);
        }
        fetch_all(urls, [this] { compare_with_previous(); });
    } else {
        take_document();
    }
}

// Fetches what was not fetched yet, all at once, then goes on with `next`.
void ChartLoad::fetch_all(const std::vector<std::string>& urls, std::function<void()> next) {
    std::vector<std::string> absent;
    std::copy_if(urls.begin(), urls.end(), std::back_inserter(absent),
                 [this](const std::string& url) { return !fetched_.contains(url); });
    if (absent.empty()) {
        next();
        return;
    }
    {
        const std::scoped_lock lock(mutex_);
        awaited_ = absent.size();
        next_ = std::move(next);
    }
    for (const std::string& url : absent) {
        fetch_(url, [self = shared_from_this(), url](Result<Resource> answer) {
            self->arrived(url, std::move(answer));
        });
    }
}

void ChartLoad::arrived(const std::string& url, Result<Resource> answer) {
    std::function<void()> next;
    {
        const std::scoped_lock lock(mutex_);
        fetched_.insert_or_assign(url, std::move(answer));
        if (--awaited_ > 0) {
            return;
        }
        next = std::move(next_);
    }
    next();
}

void ChartLoad::compare_with_previous() {
    const std::vector<ChartSource>& sources = request_.previous->sources;
    const bool unchanged =
        std::all_of(sources.begin(), sources.end(),
                    [this](const ChartSource& source) { return source_of(source.url) == source; });
    if (!unchanged) {
        take_document();
        return;
    }
    for (const ChartSource& source : sources) {
        use(source.url);
    }
    LoadedChart loaded;
    loaded.unchanged = true;
    loaded.sources = std::move(sources_);
    loaded.fresh_until_ms = fresh_until_ms_;
    finish(std::move(loaded));
}

void ChartLoad::take_document() {
    if (request_.text != nullptr) {
        bundle_.document = {request_.url, *request_.text};
        compile();
        return;
    }
    fetch_all({request_.url}, [this] {
        const Result<Resource>& answer = fetched_.at(request_.url);
        if (!answer) {
            finish(answer.error());
            return;
        }
        use(request_.url);
        // RFC 3986 5.1.3: references are relative to where the document was found in the end.
        bundle_.document = {answer->url, *answer->bytes};
        compile();
    });
}

void ChartLoad::compile() {
    scxml::LoadOutcome outcome = scxml::load(bundle_.document, bundle_.resources, options_);
    if (!outcome.missing.empty()) {
        // Every round brings at least one resource, and the loader refuses more than max-includes.
        if (++rounds_ > options_.limits.includes_max + 1) {
            finish(Error(ErrorCode::kInternal, request_.url + ": loading does not come to an end"));
            return;
        }
        const std::vector<std::string> missing = std::move(outcome.missing);
        fetch_all(missing, [this, missing] { take_missing(missing); });
        return;
    }
    LoadedChart loaded;
    loaded.outcome = std::move(outcome);
    loaded.bundle = std::move(bundle_);
    loaded.sources = std::move(sources_);
    loaded.fresh_until_ms = fresh_until_ms_;
    finish(std::move(loaded));
}

void ChartLoad::take_missing(const std::vector<std::string>& urls) {
    for (const std::string& url : urls) {
        const Result<Resource>& answer = fetched_.at(url);
        if (answer) {
            bundle_.resources.add(url, *answer->bytes);
        } else {
            bundle_.resources.add(url, answer.error());
        }
        use(url);
    }
    compile();
}

ChartSource ChartLoad::source_of(const std::string& url) const {
    const Result<Resource>& answer = fetched_.at(url);
    return {url, answer ? answer->bytes : nullptr};
}

void ChartLoad::use(const std::string& url) {
    const Result<Resource>& answer = fetched_.at(url);
    fresh_until_ms_ = std::min(
        fresh_until_ms_, answer ? answer->fresh_until_ms : steady_ms(clock_) + kFailureFreshMs);
    sources_.push_back(source_of(url));
}

void ChartLoad::finish(Result<LoadedChart> result) {
    // Callers may let go of everything from within.
    const auto self = shared_from_this();
    std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace fermata::engine

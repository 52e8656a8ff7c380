#include "app/chart_loading.h"

#include <chrono>
#include <utility>

#include "app/waiting.h"
#include "http/percent.h"

namespace fermata::app {

namespace {

// Longer than any [fetch] timeout that makes sense at a prompt.
constexpr std::chrono::minutes kFetchMax{5};
constexpr std::string_view kFilePrefix = "file://";

Result<std::string> fetch(WorldOutside& outside, const std::string& url) {
    FERMATA_TRY_ASSIGN(engine::FetchAnswer answer,
                       wait_for<engine::FetchAnswer>(kFetchMax, [&](auto done) {
                           outside.fetch({url, "", ""}, std::move(done));
                       }));
    return std::move(answer.bytes);
}

}  // namespace

Result<scxml::LoadOutcome> load_chart(WorldOutside& outside, const std::string& url,
                                      const scxml::LoadOptions& options) {
    FERMATA_TRY_ASSIGN(std::string bytes, fetch(outside, url));
    const scxml::DocumentText document{url, std::move(bytes)};
    scxml::ResourceSet resources;
    scxml::LoadOutcome outcome = scxml::load(document, resources, options);
    while (!outcome.missing.empty()) {
        for (const std::string& missing : outcome.missing) {
            resources.add(missing, fetch(outside, missing));
        }
        outcome = scxml::load(document, resources, options);
    }
    return outcome;
}

void allow_surroundings(OutsidePolicy& policy, const std::string& url) {
    const std::string folder = url.substr(0, url.rfind('/') + 1);
    if (folder.starts_with(kFilePrefix)) {
        policy.folders.push_back(
            http::percent_decode(folder.substr(kFilePrefix.size())).value_or(""));
    } else {
        policy.fetch_prefixes.push_back(folder);
    }
}

}  // namespace fermata::app

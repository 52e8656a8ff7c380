#include "app/outside.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "api/hop.h"
#include "app/file_reader.h"
#include "http/auth.h"
#include "http/cache_control.h"
#include "http/percent.h"

namespace fermata::app {

namespace {

constexpr std::string_view kFileScheme = "file://";
constexpr std::size_t kAnswerBytesMax = 64U << 10U;  // of a send's answer, which nobody reads

std::string_view path_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    const std::size_t start = scheme == std::string_view::npos ? 0 : url.find('/', scheme + 3);
    if (start == std::string_view::npos) {
        return {};
    }
    return url.substr(start, url.find_first_of("?#", start) - start);
}

// "." and ".." as segments, also percent-encoded: a client resolves them only after the prefix was
// judged.
bool has_dot_segments(std::string_view url) {
    const std::string path = http::percent_decode(path_of(url)).value_or("/../");
    const std::string closed = path + "/";
    return closed.find("/../") != std::string::npos || closed.find("/./") != std::string::npos ||
           closed.find('\\') != std::string::npos;
}

std::string_view host_of(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) {
        return {};
    }
    std::string_view rest = url.substr(scheme + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    if (rest.find('@') != std::string_view::npos) {
        return {};
    }
    if (rest.starts_with('[')) {
        const std::size_t shut = rest.find(']');
        return shut == std::string_view::npos ? std::string_view() : rest.substr(1, shut - 1);
    }
    return rest.substr(0, rest.find(':'));
}

Error refused(const std::string& url, std::string_view option) {
    return {ErrorCode::kForbidden, "'" + url + "' is not allowed by " + std::string(option)};
}

Error failed(const std::string& url, const http::FetchResponse& response) {
    const std::string why = response.error == http::FetchError::kNone
                                ? "status " + std::to_string(response.status)
                                : response.message;
    const ErrorCode code = response.error == http::FetchError::kTooLarge  ? ErrorCode::kTooLarge
                           : response.error == http::FetchError::kRefused ? ErrorCode::kForbidden
                           : response.status == 404 || response.status == 410
                               ? ErrorCode::kNotFound
                               : ErrorCode::kUnavailable;
    return {code, url + ": " + why};
}

Result<engine::FetchAnswer> to_answer(const std::string& url, http::FetchResponse response,
                                      UnixMillis now_ms) {
    engine::FetchAnswer answer;
    answer.not_modified = response.error == http::FetchError::kNone && response.status == 304;
    if (!response.is_success() && !answer.not_modified) {
        return failed(url, response);
    }
    const http::CachePolicy policy = http::CachePolicy::from_headers(response.headers, now_ms);
    answer.bytes = std::move(response.body);
    answer.url = std::move(response.effective_url);
    answer.etag = policy.etag;
    answer.last_modified = policy.last_modified;
    answer.fresh_ms = std::chrono::milliseconds(policy.freshness).count();
    return answer;
}

Result<http::Client::FetchId> start(const Result<http::Client*>& client, http::FetchRequest request,
                                    http::Client::Callback callback) {
    if (!client) {
        return client.error();
    }
    return (*client)->fetch(std::move(request), std::move(callback));
}

}  // namespace

bool is_below(std::string_view url, const std::vector<std::string>& prefixes) {
    if (has_dot_segments(url)) {
        return false;
    }
    return std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
        if (prefix.empty() || !url.starts_with(prefix)) {
            return false;
        }
        const std::string_view rest = url.substr(prefix.size());
        return rest.empty() || prefix.ends_with('/') ||
               std::string_view("/?#").find(rest.front()) != std::string_view::npos;
    });
}

std::string to_url(const std::string& path_or_url) {
    if (path_or_url.find("://") != std::string::npos) {
        return path_or_url;
    }
    std::string url(kFileScheme);
    const std::string path = std::filesystem::absolute(path_or_url).lexically_normal().string();
    for (std::size_t start = 0; start < path.size();) {
        const std::size_t slash = std::min(path.find('/', start + 1), path.size());
        url += "/" + http::percent_encode(path.substr(start + 1, slash - start - 1));
        start = slash;
    }
    return url;
}

WorldOutside::WorldOutside(OutsideOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

WorldOutside::~WorldOutside() {
    stop();
}

Result<http::Client*> WorldOutside::client() {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
        return Error(ErrorCode::kUnavailable, "the server is stopping");
    }
    if (client_ == nullptr) {
        http::ClientOptions options = options_.client;
        options.may_connect = [this](std::string_view url) { return may_connect(url); };
        FERMATA_TRY_ASSIGN(client_, http::Client::create(std::move(options)));
    }
    return client_.get();
}

void WorldOutside::stop() {
    http::Client* client = nullptr;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        client = client_.get();
    }
    // Not under the lock: callbacks of what is cancelled may come here.
    if (client != nullptr) {
        client->stop();
    }
}

void WorldOutside::fetch(engine::FetchRequest request,
                         std::function<void(Result<engine::FetchAnswer>)> done) {
    if (request.url.starts_with("file:")) {
        done(read_file(request));
        return;
    }
    if (Result<void> allowed = may_fetch(request.url); !allowed) {
        done(allowed.error());
        return;
    }
    http::FetchRequest fetch;
    fetch.url = request.url;
    fetch.timeout = options_.timeout;
    fetch.body_bytes_max = options_.bytes_max;
    fetch.redirects_max = options_.redirects_max;
    if (!request.etag.empty()) {
        fetch.headers.set("If-None-Match", request.etag);
    }
    if (!request.last_modified.empty()) {
        fetch.headers.set("If-Modified-Since", request.last_modified);
    }
    // The callback is shared: it is either taken by the client or, when the client refuses, called
    // here.
    const auto shared = std::make_shared<decltype(done)>(std::move(done));
    const Result<http::Client::FetchId> taken =
        start(client(), std::move(fetch),
              [this, shared, url = request.url](http::FetchResponse response) {
                  (*shared)(to_answer(url, std::move(response), clock_.now_ms()));
              });
    if (!taken) {
        (*shared)(taken.error());
    }
}

Result<engine::FetchAnswer> WorldOutside::read_file(const engine::FetchRequest& request) const {
    std::string_view rest = request.url;
    rest.remove_prefix(
        std::min(rest.size(), rest.starts_with(kFileScheme) ? kFileScheme.size() : 5));
    // file://localhost/a is this machine as well (RFC 8089); other hosts are not read.
    if (rest.starts_with("localhost/")) {
        rest.remove_prefix(std::string_view("localhost").size());
    }
    const auto path = http::percent_decode(rest.substr(0, rest.find_first_of("?#")));
    if (!path || !path->starts_with('/') || path->find('\0') != std::string::npos) {
        return Error(ErrorCode::kInvalidArgument,
                     "'" + request.url + "' is no file of this machine");
    }
    FERMATA_TRY_ASSIGN(FileText text,
                       read_file_within(*path, options_.policy.folders, options_.bytes_max));
    engine::FetchAnswer answer;
    answer.url = request.url;
    answer.etag = std::move(text.etag);
    answer.not_modified = !request.etag.empty() && request.etag == answer.etag;
    if (!answer.not_modified) {
        answer.bytes = std::move(text.bytes);
    }
    return answer;
}

void WorldOutside::send(engine::HttpSend send, std::function<void(Result<void>)> done) {
    if (Result<void> allowed = may_send(send.url); !allowed) {
        done(allowed.error());
        return;
    }
    http::FetchRequest post;
    post.url = send.url;
    post.method = "POST";
    post.headers.set("Content-Type", send.content_type);
    // The id of the effect: delivery is at least once, and receivers of our kind drop repetitions
    // by it.
    post.headers.set("Idempotency-Key", send.id);
    post.body = std::move(send.body);
    post.timeout = options_.timeout;
    post.body_bytes_max = kAnswerBytesMax;
    post.redirects_max = 0;
    if (is_own(send.url)) {
        const std::lock_guard lock(mutex_);
        if (!own_secret_.empty()) {
            post.headers.set(api::kOwnSecretHeader, own_secret_);
        }
    }
    const auto shared = std::make_shared<decltype(done)>(std::move(done));
    const Result<http::Client::FetchId> taken = start(
        client(), std::move(post), [shared, url = send.url](const http::FetchResponse& response) {
            (*shared)(response.is_success() ? Result<void>() : failed(url, response));
        });
    if (!taken) {
        (*shared)(taken.error());
    }
}

std::string WorldOutside::basic_http_location(const std::string& session_id) const {
    const std::lock_guard lock(mutex_);
    return announced_url_.empty() ? ""
                                  : announced_url_ + "/scxml/session/" + session_id + "/basichttp";
}

void WorldOutside::set_listener(const std::string& own_url, const std::string& announced_url) {
    const std::lock_guard lock(mutex_);
    own_urls_ = {own_url, announced_url};
    announced_url_ = announced_url;
}

void WorldOutside::set_own_secret(const std::string& secret) {
    const std::lock_guard lock(mutex_);
    own_secret_ = secret;
}

Result<void> WorldOutside::may_fetch(const std::string& url) const {
    if (!is_below(url, options_.policy.fetch_prefixes)) {
        return refused(url, "[documents] url-prefixes or [scxml] fetch-prefixes");
    }
    return {};
}

Result<void> WorldOutside::may_send(const std::string& url) const {
    const bool loopback = options_.policy.send_to_loopback && http::is_loopback(host_of(url));
    if (!loopback && !is_own(url) && !is_below(url, options_.policy.send_prefixes)) {
        return refused(url, "[scxml] send-prefixes");
    }
    return {};
}

bool WorldOutside::is_own(const std::string& url) const {
    const std::lock_guard lock(mutex_);
    return is_below(url, own_urls_);
}

// Redirects of fetches pass here, too. Sends follow none, and a fetch may only be redirected to
// where something is allowed.
bool WorldOutside::may_connect(std::string_view url) const {
    const std::string text(url);
    return may_fetch(text).has_value() || may_send(text).has_value();
}

}  // namespace fermata::app

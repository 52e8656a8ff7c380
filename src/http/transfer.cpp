#include "http/transfer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>

namespace fermata::http {
namespace {

struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

std::string url_part(CURLU* url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK || text == nullptr) {
        return {};
    }
    std::string out(text);
    curl_free(text);
    return out;
}

Url parse_url(const std::string& text) {
    Url url(curl_url());
    if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
        return nullptr;
    }
    return url;
}

// Scheme, host and port: what credentials belong to.
std::string origin_of(const std::string& text) {
    const Url url = parse_url(text);
    if (!url) {
        return {};
    }
    return url_part(url.get(), CURLUPART_SCHEME) + "://" + url_part(url.get(), CURLUPART_HOST) +
           ":" + url_part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

FetchError error_of(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
            return FetchError::kResolve;
        case CURLE_COULDNT_CONNECT:
        case CURLE_INTERFACE_FAILED:
            return FetchError::kConnect;
        case CURLE_OPERATION_TIMEDOUT:
            return FetchError::kTimeout;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
            return FetchError::kTls;
        case CURLE_FILESIZE_EXCEEDED:
            return FetchError::kTooLarge;
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
            return FetchError::kInvalidUrl;
        default:
            return FetchError::kProtocol;
    }
}

std::string_view without_line_end(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) {
        line.remove_suffix(1);
    }
    return line;
}

std::string_view without_leading_blanks(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

Transfer::Transfer(Client::FetchId id, FetchRequest request, Client::Callback callback)
    : id_(id),
      request_(std::move(request)),
      callback_(std::move(callback)),
      started_(std::chrono::steady_clock::now()),
      deadline_(started_ + request_.timeout) {}

Transfer::Transfer(Client::FetchId id, FetchRequest request,
                   std::shared_ptr<FetchListener> listener)
    : id_(id),
      request_(std::move(request)),
      listener_(std::move(listener)),
      started_(std::chrono::steady_clock::now()),
      deadline_(started_ + request_.timeout),
      last_byte_(started_) {
    request_.redirects_max = 0;
}

Transfer::~Transfer() = default;

void Transfer::fail(FetchError error, std::string message) {
    response_.error = error;
    response_.message = std::move(message);
    response_.body.clear();
}

void Transfer::complete() {
    response_.effective_url = request_.url;
    response_.duration = std::chrono::steady_clock::now() - started_;
    if (listener_ != nullptr) {
        response_.headers.clear();
        listener_->ended(id_, std::move(response_));
        return;
    }
    const Client::Callback callback = std::move(callback_);
    callback(std::move(response_));
}

// ---- before a hop

bool Transfer::prepare(CURL* handle, const ClientOptions& options) {
    handle_ = handle;
    options_ = &options;
    if (!check_url()) {
        return false;
    }
    if (is_late(std::chrono::steady_clock::now())) {
        fail(FetchError::kTimeout, "the time was over before the request could be sent");
        return false;
    }
    curl_easy_reset(handle_);
    set_connection_options(options);
    set_request_options(options);
    if (is_streamed()) {
        set_stream_options();
    }
    set_method();
    set_headers();
    return true;
}

bool Transfer::check_url() {
    const Url url = parse_url(request_.url);
    const std::string scheme = url ? url_part(url.get(), CURLUPART_SCHEME) : std::string();
    if (scheme != "http" && scheme != "https") {
        fail(FetchError::kInvalidUrl, "not an http or https URL");
        return false;
    }
    if (!url_part(url.get(), CURLUPART_USER).empty() ||
        !url_part(url.get(), CURLUPART_PASSWORD).empty()) {
        fail(FetchError::kInvalidUrl, "credentials in a URL are not accepted");
        return false;
    }
    if (options_->may_connect && !options_->may_connect(request_.url)) {
        fail(FetchError::kRefused, "the policy refuses this URL");
        return false;
    }
    return true;
}

void Transfer::set_connection_options(const ClientOptions& options) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline_ - std::chrono::steady_clock::now());
    curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle_, CURLOPT_FOLLOWLOCATION, 0L);
    // 0 would mean no bound at all.
    curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS,
                     static_cast<long>(std::max<std::int64_t>(1, left.count())));
    curl_easy_setopt(handle_, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(std::max<std::int64_t>(1, options.connect_timeout.count())));
    curl_easy_setopt(handle_, CURLOPT_MAXAGE_CONN,
                     static_cast<long>(options.idle_connection_age_max.count()));
    // Set also when empty, for otherwise the environment decides.
    curl_easy_setopt(handle_, CURLOPT_PROXY, options.proxy.c_str());
    curl_easy_setopt(handle_, CURLOPT_NOPROXY, options.proxy_exceptions.c_str());
    curl_easy_setopt(handle_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(handle_, CURLOPT_SSL_VERIFYPEER, options.tls_verify ? 1L : 0L);
    curl_easy_setopt(handle_, CURLOPT_SSL_VERIFYHOST, options.tls_verify ? 2L : 0L);
    if (!options.tls_ca_file.empty()) {
        curl_easy_setopt(handle_, CURLOPT_CAINFO, options.tls_ca_file.c_str());
    }
    if (!options.tls_ca_dir.empty()) {
        curl_easy_setopt(handle_, CURLOPT_CAPATH, options.tls_ca_dir.c_str());
    }
    if (options.may_connect_address && options.proxy.empty()) {
        curl_easy_setopt(handle_, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open_socket);
        curl_easy_setopt(handle_, CURLOPT_OPENSOCKETDATA, this);
    }
}

void Transfer::set_request_options(const ClientOptions& options) {
    response_.headers.clear();
    response_.body.clear();
    response_.status = 0;
    header_bytes_ = 0;
    error_text_[0] = '\0';
    curl_easy_setopt(handle_, CURLOPT_URL, request_.url.c_str());
    curl_easy_setopt(handle_, CURLOPT_PRIVATE, this);
    curl_easy_setopt(handle_, CURLOPT_ERRORBUFFER, error_text_);
    curl_easy_setopt(handle_, CURLOPT_USERAGENT, options.user_agent.c_str());
    curl_easy_setopt(handle_, CURLOPT_ACCEPT_ENCODING, "");  // all that libcurl can decode
    curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    curl_easy_setopt(handle_, CURLOPT_HEADERDATA, this);
}

// The time is watched by the client, which knows when the answer began and when it is paused.
void Transfer::set_stream_options() {
    curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS, 0L);
    curl_easy_setopt(handle_, CURLOPT_ACCEPT_ENCODING, nullptr);
    curl_easy_setopt(handle_, CURLOPT_PREREQFUNCTION, &Transfer::on_send);
    curl_easy_setopt(handle_, CURLOPT_PREREQDATA, this);
}

void Transfer::set_method() {
    if (request_.method == "HEAD") {
        curl_easy_setopt(handle_, CURLOPT_NOBODY, 1L);
        return;
    }
    const bool has_body = !request_.body.empty() || request_.method == "POST" ||
                          request_.method == "PUT" || request_.method == "PATCH";
    if (has_body) {
        curl_easy_setopt(handle_, CURLOPT_POST, 1L);
        curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request_.body.size()));
        curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, request_.body.c_str());
    }
    curl_easy_setopt(handle_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void Transfer::set_headers() {
    curl_slist* list = nullptr;
    // A name with nothing behind the colon takes out what libcurl would send of its own.
    list = curl_slist_append(list, "Expect:");
    if (!request_.headers.contains("Content-Type")) {
        list = curl_slist_append(list, "Content-Type:");
    }
    if (is_streamed() && !request_.headers.contains("Accept")) {
        list = curl_slist_append(list, "Accept:");
    }
    if (is_streamed() && !request_.headers.contains("User-Agent")) {
        list = curl_slist_append(list, "User-Agent:");
    }
    for (const Field& field : request_.headers) {
        const std::string line =
            field.value.empty() ? field.name + ";" : field.name + ": " + field.value;
        list = curl_slist_append(list, line.c_str());
    }
    header_list_.reset(list);
    curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, list);
}

// ---- during a hop

// Called before each sending of the request. A second one means that libcurl found a kept
// connection dead; whether the server has got the first is unknown, so it is not sent again.
int Transfer::on_send(void* self, char* /*peer*/, char* /*own*/, int /*peer_port*/,
                      int /*own_port*/) {
    auto& transfer = *static_cast<Transfer*>(self);
    const bool was_sent = std::exchange(transfer.response_.was_sent, true);
    return was_sent ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

std::size_t Transfer::pass_on(std::string_view bytes) {
    last_byte_ = std::chrono::steady_clock::now();
    is_paused_ = !listener_->received(id_, bytes);
    return is_paused_ ? CURL_WRITEFUNC_PAUSE : bytes.size();
}

void Transfer::resume() {
    if (std::exchange(is_paused_, false)) {
        last_byte_ = std::chrono::steady_clock::now();
        curl_easy_pause(handle_, CURLPAUSE_CONT);
    }
}

std::optional<Transfer::Instant> Transfer::stream_deadline() const {
    if (!has_started_) {
        return deadline_;
    }
    if (is_paused_ || request_.idle_timeout.count() == 0) {
        return std::nullopt;
    }
    return last_byte_ + request_.idle_timeout;
}

std::optional<Transfer::Instant> Transfer::earliest_deadline(Instant now) const {
    if (!has_started_ && request_.idle_timeout.count() != 0) {
        return std::min(deadline_, now + request_.idle_timeout);  // it may begin at once
    }
    return stream_deadline();
}

std::size_t Transfer::take_body(std::string_view bytes) {
    if (is_streamed()) {
        return pass_on(bytes);
    }
    if (response_.body.size() + bytes.size() > request_.body_bytes_max) {
        is_too_large_ = true;
        return CURL_WRITEFUNC_ERROR;
    }
    response_.body += bytes;
    return bytes.size();
}

std::size_t Transfer::take_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > options_->header_bytes_max) {
        is_too_large_ = true;
        return CURL_WRITEFUNC_ERROR;
    }
    const std::size_t size = line.size();
    line = without_line_end(line);
    if (line.substr(0, 5) == "HTTP/") {
        response_.headers.clear();  // of an interim response or of the proxy
        return size;
    }
    if (line.empty()) {
        end_of_header();
        return size;
    }
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
        response_.headers.add(std::string(line.substr(0, colon)),
                              std::string(without_leading_blanks(line.substr(colon + 1))));
    }
    return size;
}

void Transfer::end_of_header() {
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    const bool is_interim = status < 200;
    if (!is_streamed() || has_started_ || is_interim) {
        return;
    }
    has_started_ = true;
    last_byte_ = std::chrono::steady_clock::now();
    listener_->started(id_, static_cast<int>(status), std::move(response_.headers));
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take_body({data, size * count});
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take_header({data, size * count});
}

curl_socket_t Transfer::on_open_socket(void* self, curlsocktype /*purpose*/,
                                       curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(self);
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> service{};
    if (getnameinfo(&address->addr, address->addrlen, host.data(), host.size(), service.data(),
                    service.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return CURL_SOCKET_BAD;
    }
    std::uint16_t port = 0;
    const std::string_view digits(service.data());
    std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (!transfer.options_->may_connect_address(host.data(), port)) {
        transfer.is_address_refused_ = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// ---- after a hop

bool Transfer::finish_hop(CURLcode code) {
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    if (code != CURLE_OK) {
        fail_hop(code);
        return false;
    }
    if (request_.redirects_max > 0 && is_redirect(response_.status)) {
        return follow();
    }
    return false;
}

void Transfer::fail_hop(CURLcode code) {
    if (is_too_large_) {
        fail(FetchError::kTooLarge, "the response is larger than allowed");
    } else if (is_address_refused_ && code != CURLE_OPERATION_TIMEDOUT) {
        fail(FetchError::kRefused, "the policy refuses this address");
    } else {
        fail(error_of(code), error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code));
    }
}

bool Transfer::follow() {
    char* location = nullptr;
    curl_easy_getinfo(handle_, CURLINFO_REDIRECT_URL, &location);
    if (location == nullptr) {
        return false;  // no Location: the redirect is the answer
    }
    if (response_.redirects == request_.redirects_max) {
        fail(FetchError::kRedirects,
             "more than " + std::to_string(request_.redirects_max) + " redirects");
        return false;
    }
    ++response_.redirects;
    std::string next = location;
    // Credentials were meant for one origin; whoever it redirects to must not get them.
    if (origin_of(next) != origin_of(request_.url)) {
        request_.headers.remove("Authorization");
        request_.headers.remove("Cookie");
    }
    request_.url = std::move(next);
    const int status = response_.status;
    const bool becomes_get = (status == 303 && request_.method != "HEAD") ||
                             ((status == 301 || status == 302) && request_.method == "POST");
    if (becomes_get) {
        request_.method = "GET";
        request_.body.clear();
        request_.headers.remove("Content-Type");
    }
    return true;
}

}  // namespace fermata::http

// WorldOutside: engine::Outside on an HTTP client and the file system, behind a policy.
//
// Nothing is reachable that the policy does not name. A prefix ends at a boundary of the URL:
// "http://host/a" allows "http://host/a" and "http://host/a/b", not "http://host/ab". URLs with dot
// segments are refused, so a path cannot climb out of its prefix. A file is opened first and judged
// by where it really lies then: neither ".." nor a symbolic link leads out of a folder.
//
// The client, with its thread and its TLS set-up, is made when the first HTTP URL comes: `fermata
// run` starts thousands of times in a test run and mostly needs none.
//
// Threads: every method from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "engine/outside.h"
#include "http/client.h"

namespace fermata::app {

struct OutsidePolicy {
    // Folders whose files may be fetched.
    std::vector<std::string> folders;
    // URL prefixes that may be fetched from (documents and what charts load), and sent to.
    std::vector<std::string> fetch_prefixes;
    std::vector<std::string> send_prefixes;
    // Charts may also send to any port of this machine: `fermata run`. (The own listener may always
    // be sent to: BasicHTTP locations are for that.)
    bool send_to_loopback = false;
};

struct OutsideOptions {
    OutsidePolicy policy;
    std::chrono::milliseconds timeout{30'000};
    std::size_t bytes_max = 8U << 20U;
    std::size_t redirects_max = 5;
    http::ClientOptions client;
};

class WorldOutside final : public engine::Outside {
  public:
    // `clock` must outlive it.
    WorldOutside(OutsideOptions options, const Clock& clock);
    ~WorldOutside() override;

    void fetch(engine::FetchRequest request,
               std::function<void(Result<engine::FetchAnswer>)> done) override;
    void send(engine::HttpSend send, std::function<void(Result<void>)> done) override;
    [[nodiscard]] std::string basic_http_location(const std::string& session_id) const override;

    // Where this process listens, "http://host:port"; known only after the server was made.
    // `announced` is how others reach it (external-url); sends to either pass the policy.
    void set_listener(const std::string& own_url, const std::string& announced_url);
    // Sends to the own listener carry this secret, which its BasicHTTP route accepts in place of a
    // token.
    void set_own_secret(const std::string& secret);
    // Ends what is on the way; later calls fail with kUnavailable.
    void stop();

    // Blocking, for the command line: what fetch() gives for a file: URL.
    [[nodiscard]] Result<engine::FetchAnswer> read_file(const engine::FetchRequest& request) const;

  private:
    [[nodiscard]] Result<http::Client*> client();
    [[nodiscard]] Result<void> may_fetch(const std::string& url) const;
    [[nodiscard]] Result<void> may_send(const std::string& url) const;
    [[nodiscard]] bool is_own(const std::string& url) const;
    [[nodiscard]] bool may_connect(std::string_view url) const;

    const OutsideOptions options_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    std::vector<std::string> own_urls_;     // under mutex_
    std::string announced_url_;             // under mutex_
    std::string own_secret_;                // under mutex_
    bool stopped_ = false;                  // under mutex_
    std::unique_ptr<http::Client> client_;  // made under mutex_, then constant
};

// Whether the URL begins with one of the prefixes, at a boundary, and has no dot segments.
bool is_below(std::string_view url, const std::vector<std::string>& prefixes);

// "file:///a/b.scxml" for a path of this machine; an URL stays as it is.
std::string to_url(const std::string& path_or_url);

}  // namespace fermata::app

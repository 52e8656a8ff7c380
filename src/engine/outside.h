// Outside: what the engine asks of the world, as an interface: fetching documents and delivering
// HTTP sends.
//
// app/ implements it on http/ with the configured policies (where documents may come from, where
// charts may send and fetch); `fermata run` and tests bring their own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace fermata::engine {

struct FetchAnswer {
    std::string bytes;
    std::string url;   // after redirects
    std::string etag;  // validators for the next time; may be empty
    std::string last_modified;
    std::int64_t fresh_ms = 0;  // how long it may be used without asking again (HTTP caching rules)
    bool not_modified = false;  // the validators given still hold; bytes are empty
};

struct FetchRequest {
    std::string url;  // file:, http:, https:
    std::string etag;
    std::string last_modified;
};

struct HttpSend {
    std::string id;  // "<session>:<seq>:<n>", for receivers that drop repetitions
    std::string url;
    std::string body;
    std::string content_type;
};

// Threads: called by shards; callbacks may come from any thread, exactly once.
class Outside {
  public:
    Outside() = default;
    Outside(const Outside&) = delete;
    Outside& operator=(const Outside&) = delete;
    virtual ~Outside() = default;

    // kForbidden with a reason when the policy refuses the URL.
    virtual void fetch(FetchRequest request, std::function<void(Result<FetchAnswer>)> done) = 0;
    // POST; success is any 2xx.
    virtual void send(HttpSend send, std::function<void(Result<void>)> done) = 0;
    // Where a session can be reached by BasicHTTP
    // ("http://host:port/scxml/session/<id>/basichttp"); empty when there is no listener.
    [[nodiscard]] virtual std::string basic_http_location(const std::string& session_id) const = 0;
};

}  // namespace fermata::engine

// Greeting: the conversation that opens a connection: protocol, login, name, what the server is.
// Without IO: it says what to send and is fed the replies.
#pragma once

#include <string>

#include "base/result.h"
#include "redis/options.h"
#include "redis/reply.h"
#include "redis/server_facts.h"

namespace fermata::redis {

class Greeting {
  public:
    // options must outlive the greeting.
    explicit Greeting(const Options& options) : options_(options) {}

    // The first bytes to send.
    [[nodiscard]] std::string begin() const;
    // The bytes to send after this reply; empty: nothing, wait for the next reply or is_done().
    // kForbidden: login or rights are refused; kUnavailable: not now.
    Result<std::string> next(ReplyView reply);

    [[nodiscard]] bool is_done() const { return stage_ == Stage::kDone; }
    [[nodiscard]] const ServerFacts& facts() const { return facts_; }

  private:
    enum class Stage {
        kHello,  // HELLO 3, with login and name
        kLogin,  // AUTH, for a server without RESP3
        kName,   // CLIENT SETNAME; its answer does not matter
        kInfo,
        kDone,
    };

    Result<std::string> after_hello(ReplyView reply);
    std::string ask_info();

    const Options& options_;
    Stage stage_ = Stage::kHello;
    ServerFacts facts_;
};

}  // namespace fermata::redis

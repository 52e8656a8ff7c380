#include "redis/greeting.h"

#include "redis/command.h"
#include "redis/reply_error.h"

namespace fermata::redis {
namespace {

constexpr std::string_view kDefaultUser = "default";

// The name that servers give to a login without one.
std::string_view user_of(const Options& options) {
    return options.username.empty() ? kDefaultUser : std::string_view(options.username);
}

Error refusal(std::string_view what, std::string_view text) {
    const ErrorCode code = classify_error(text) == ErrorKind::kDenied ? ErrorCode::kForbidden
                                                                      : ErrorCode::kUnavailable;
    return {code, std::string(what) + " is refused: " + explain_error(text)};
}

// Servers before RESP3, or whose ACL lacks +hello.
bool wants_old_protocol(std::string_view text) {
    return text.starts_with("NOPROTO") || text.starts_with("ERR unknown command") ||
           text.starts_with("NOPERM");
}

}  // namespace

std::string Greeting::begin() const {
    Command hello("HELLO");
    hello.add("3");
    if (!options_.password.empty()) {
        hello.add("AUTH").add(user_of(options_)).add(options_.password);
    }
    if (!options_.client_name.empty()) {
        hello.add("SETNAME").add(options_.client_name);
    }
    return hello.encoded();
}

Result<std::string> Greeting::next(ReplyView reply) {
    switch (stage_) {
        case Stage::kHello:
            return after_hello(reply);
        case Stage::kLogin:
            if (reply.is_error()) {
                return refusal("login", reply.text());
            }
            stage_ = Stage::kName;
            return Command("CLIENT").add("SETNAME").add(options_.client_name).encoded();
        case Stage::kName:
            return ask_info();
        case Stage::kInfo:
            if (reply.is_error()) {
                return refusal("INFO (ACL rule +info)", reply.text());
            }
            facts_ = parse_info(reply.text());
            stage_ = Stage::kDone;
            return std::string();
        case Stage::kDone:
            break;
    }
    return std::string();
}

Result<std::string> Greeting::after_hello(ReplyView reply) {
    if (!reply.is_error()) {
        return ask_info();
    }
    if (!wants_old_protocol(reply.text())) {
        return refusal("login", reply.text());
    }
    if (options_.password.empty()) {
        stage_ = Stage::kName;
        return Command("CLIENT").add("SETNAME").add(options_.client_name).encoded();
    }
    stage_ = Stage::kLogin;
    Command login("AUTH");
    if (!options_.username.empty()) {
        login.add(options_.username);
    }
    return login.add(options_.password).encoded();
}

std::string Greeting::ask_info() {
    stage_ = Stage::kInfo;
    return Command("INFO").add("server").add("replication").encoded();
}

}  // namespace fermata::redis

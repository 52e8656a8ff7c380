// TokenFile: bearer tokens (RFC 6750) read from a file, with the role and name behind each.
//
// One token a line: `token role name`, separated by blanks; the name is the rest of the line. The
// token is plain text or `sha256:` with 64 hex digits of its hash. `#` starts a comment line.
// The file is read again when its time or size changes, looked at no more than once a second; a
// file that became unreadable or wrong leaves the last good tokens in force.
// Threads: every method from any thread. Only hashes are kept, and compared in constant time.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "http/problem.h"
#include "http/request.h"

namespace fermata::http {

// Who sent a request.
struct Principal {
    std::string name;
    std::string role;

    bool operator==(const Principal&) const = default;
};

// The answer for a request that may not pass: 401 with WWW-Authenticate, or 403.
struct Denial {
    Problem problem;
    std::string www_authenticate;  // empty for 403

    [[nodiscard]] Response to_response() const;
};

class TokenFile {
  public:
    // Fails when the file cannot be read or a line is wrong (the message names the line, never the
    // token).
    static Result<std::unique_ptr<TokenFile>> load(std::string path);

    TokenFile(const TokenFile&) = delete;
    TokenFile& operator=(const TokenFile&) = delete;
    ~TokenFile();

    // 401 without a known token; 403 when the token's role is not among the roles. No roles given:
    // every role may.
    std::variant<Principal, Denial> check(const Request& request,
                                          std::initializer_list<std::string_view> roles = {});

  private:
    class Core;
    explicit TokenFile(std::unique_ptr<Core> core);

    std::unique_ptr<Core> core_;
};

// "127.0.0.1", "127.1.2.3", "::1", "localhost", also the IPv4-mapped form.
bool is_loopback(std::string_view address);

}  // namespace fermata::http

// Probe: one blocking connection to one node, made step by step, for a tool that tells a person
// what works and what does not. The server uses Client.
//
// Every step needs the one before it. Errors say which option to mend.
// Threads: one owner at a time; every call waits, at most connect_timeout or socket_timeout.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "redis/command.h"
#include "redis/options.h"
#include "redis/reply.h"

namespace fermata::redis {

struct TlsFacts {
    std::string version;  // "TLSv1.3"
    std::string cipher;   // "TLS_AES_256_GCM_SHA384"
    std::string subject;  // of the server's certificate: "CN=redis1"
    std::string issuer;
    std::string server_name;  // that was sent (SNI); empty: none, the node is an address
    UnixMillis expires_ms = 0;
};

class Probe {
  public:
    // `options` must outlive it.
    Probe(const Options& options, Address address);
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    ~Probe();

    // Numeric addresses of the host.
    Result<std::vector<std::string>> resolve() const;
    Result<void> connect();
    // When Options::tls is enabled.
    Result<TlsFacts> start_tls();
    // HELLO with login, as the client does it.
    Result<void> log_in();
    // The answer, also an error of the server (Reply::view().is_error()). kUnavailable: the
    // connection is lost.
    Result<Reply> ask(const Command& command);

    [[nodiscard]] const Address& address() const { return address_; }

  private:
    struct Connection;

    const Options& options_;
    const Address address_;
    std::unique_ptr<Connection> connection_;
};

}  // namespace fermata::redis

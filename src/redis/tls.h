// TlsContext: one OpenSSL context for all connections of a client, so that certificates are read
// once. Included by .cpp files of this folder only (OpenSSL).
#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "base/result.h"
#include "redis/options.h"

namespace fermata::redis {

struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslHandle = std::unique_ptr<SSL, SslFree>;

class TlsContext {
  public:
    // kInvalidArgument with the name of the option whose file cannot be used.
    static Result<TlsContext> create(const TlsOptions& options);

    // For one connection to `host`: server name sent and expected name set.
    [[nodiscard]] Result<SslHandle> make(const std::string& host) const;

  private:
    struct ContextFree {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    explicit TlsContext(const TlsOptions& options) : options_(options) {}

    TlsOptions options_;
    std::unique_ptr<SSL_CTX, ContextFree> context_;
};

// Why a handshake or a read failed, with the option to mend; takes OpenSSL's queue of errors.
// `ssl` may be null.
std::string explain_tls_failure(const SSL* ssl);

}  // namespace fermata::redis

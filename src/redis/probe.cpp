#include "redis/probe.h"

#include <array>
#include <utility>

#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <netdb.h>
#include <openssl/x509.h>

#include "redis/greeting.h"
#include "redis/tls.h"

namespace fermata::redis {
namespace {

struct AddressListFree {
    void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

struct ContextFree {
    void operator()(redisContext* context) const { redisFree(context); }
};

struct CertificateFree {
    void operator()(X509* certificate) const { X509_free(certificate); }
};

struct BioFree {
    void operator()(BIO* bio) const { BIO_free(bio); }
};

timeval to_timeval(std::chrono::milliseconds time) {
    timeval value{};
    value.tv_sec = time.count() / 1000;
    value.tv_usec = time.count() % 1000 * 1000;
    return value;
}

// As `openssl x509 -subject` writes it.
std::string name_text(const X509_NAME* name) {
    const std::unique_ptr<BIO, BioFree> bio(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ);
    std::array<char, 512> text{};
    const int length = BIO_read(bio.get(), text.data(), static_cast<int>(text.size()));
    return {text.data(), static_cast<std::size_t>(std::max(length, 0))};
}

UnixMillis time_of(const ASN1_TIME* time) {
    std::tm parts{};
    return ASN1_TIME_to_tm(time, &parts) == 1 ? UnixMillis{timegm(&parts)} * 1000 : 0;
}

TlsFacts facts_of(SSL* ssl) {
    TlsFacts facts;
    facts.version = SSL_get_version(ssl);
    facts.cipher = SSL_get_cipher_name(ssl);
    if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
        facts.server_name = name;
    }
    const std::unique_ptr<X509, CertificateFree> certificate(SSL_get1_peer_certificate(ssl));
    if (certificate != nullptr) {
        facts.subject = name_text(X509_get_subject_name(certificate.get()));
        facts.issuer = name_text(X509_get_issuer_name(certificate.get()));
        facts.expires_ms = time_of(X509_get0_notAfter(certificate.get()));
    }
    return facts;
}

}  // namespace

struct Probe::Connection {
    std::unique_ptr<redisContext, ContextFree> context;
};

Probe::Probe(const Options& options, Address address)
    : options_(options), address_(std::move(address)) {}

Probe::~Probe() = default;

Result<std::vector<std::string>> Probe::resolve() const {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int problem =
        getaddrinfo(address_.host.c_str(), std::to_string(address_.port).c_str(), &hints, &found);
    const std::unique_ptr<addrinfo, AddressListFree> list(found);
    if (problem != 0) {
        return Error(ErrorCode::kUnavailable, "the name " + address_.host + " of redis-nodes is " +
                                                  "not known: " + gai_strerror(problem));
    }
    std::vector<std::string> addresses;
    for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                        NI_NUMERICHOST) == 0) {
            addresses.emplace_back(text.data());
        }
    }
    return addresses;
}

Result<void> Probe::connect() {
    const timeval connect_timeout = to_timeval(options_.connect_timeout);
    const timeval command_timeout = to_timeval(options_.socket_timeout);
    redisOptions settings{};
    REDIS_OPTIONS_SET_TCP(&settings, address_.host.c_str(), address_.port);
    settings.connect_timeout = &connect_timeout;
    settings.command_timeout = &command_timeout;
    auto made = std::make_unique<Connection>();
    made->context.reset(redisConnectWithOptions(&settings));
    if (made->context == nullptr) {
        return Error(ErrorCode::kInternal, "no memory for a connection");
    }
    if (made->context->err != 0) {
        return Error(ErrorCode::kUnavailable,
                     address_.to_string() + ": " + made->context->errstr + " (redis-nodes)");
    }
    connection_ = std::move(made);
    return {};
}

Result<TlsFacts> Probe::start_tls() {
    FERMATA_TRY_ASSIGN(const TlsContext context, TlsContext::create(options_.tls));
    FERMATA_TRY_ASSIGN(SslHandle handle, context.make(address_.host));
    SSL* const ssl = handle.get();
    if (redisInitiateSSL(connection_->context.get(), ssl) != REDIS_OK) {
        std::string why = explain_tls_failure(ssl);
        connection_.reset();
        return Error(ErrorCode::kUnavailable, std::move(why));
    }
    static_cast<void>(handle.release());  // the connection frees it from now on
    return facts_of(ssl);
}

Result<void> Probe::log_in() {
    Greeting greeting(options_);
    std::string bytes = greeting.begin();
    while (true) {
        if (!bytes.empty()) {
            redisAppendFormattedCommand(connection_->context.get(), bytes.data(), bytes.size());
        }
        void* reply = nullptr;
        if (redisGetReply(connection_->context.get(), &reply) != REDIS_OK) {
            // A server that shuts an unencrypted or an uncertified connection does it here.
            return Error(ErrorCode::kUnavailable,
                         std::string("the server closed the connection or does not answer: ") +
                             connection_->context->errstr +
                             (options_.tls.enabled ? "; does it want a client certificate "
                                                     "(tls-cert, tls-key)?"
                                                   : "; does the port want TLS (tls-enabled)?"));
        }
        const Reply answer(static_cast<redisReply*>(reply));
        FERMATA_TRY_ASSIGN(bytes, greeting.next(answer.view()));
        if (greeting.is_done()) {
            return {};
        }
    }
}

Result<Reply> Probe::ask(const Command& command) {
    if (connection_ == nullptr) {
        return Error(ErrorCode::kUnavailable, "not connected");
    }
    const std::string bytes = command.encoded();
    redisAppendFormattedCommand(connection_->context.get(), bytes.data(), bytes.size());
    void* reply = nullptr;
    if (redisGetReply(connection_->context.get(), &reply) != REDIS_OK) {
        Error lost(ErrorCode::kUnavailable, address_.to_string() + ": the connection is lost: " +
                                                connection_->context->errstr);
        connection_.reset();
        return lost;
    }
    return Reply(static_cast<redisReply*>(reply));
}

}  // namespace fermata::redis

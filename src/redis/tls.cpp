#include "redis/tls.h"

#include <array>
#include <utility>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace fermata::redis {
namespace {

std::string reason_of(unsigned long code) {  // NOLINT(google-runtime-int): OpenSSL's type
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "error " + std::to_string(code);
}

Error bad_file(std::string_view option, const std::string& path) {
    const std::string why = reason_of(ERR_peek_last_error());
    ERR_clear_error();
    return {ErrorCode::kInvalidArgument,
            std::string(option) + ": cannot use '" + path + "': " + why};
}

bool is_ip_address(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> parsed{};
    return inet_pton(AF_INET, host.c_str(), parsed.data()) == 1 ||
           inet_pton(AF_INET6, host.c_str(), parsed.data()) == 1;
}

Result<void> load_authorities(SSL_CTX* context, const TlsOptions& options) {
    if (options.cacert.empty() && options.cacertdir.empty()) {
        if (SSL_CTX_set_default_verify_paths(context) != 1) {
            return bad_file("tls-cacert", "the system's authorities");
        }
        return {};
    }
    if (!options.cacert.empty() && SSL_CTX_load_verify_file(context, options.cacert.c_str()) != 1) {
        return bad_file("tls-cacert", options.cacert);
    }
    if (!options.cacertdir.empty() &&
        SSL_CTX_load_verify_dir(context, options.cacertdir.c_str()) != 1) {
        return bad_file("tls-cacertdir", options.cacertdir);
    }
    return {};
}

Result<void> load_certificate(SSL_CTX* context, const TlsOptions& options) {
    if (options.cert.empty()) {
        return {};
    }
    if (SSL_CTX_use_certificate_chain_file(context, options.cert.c_str()) != 1) {
        return bad_file("tls-cert", options.cert);
    }
    if (SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return bad_file("tls-key", options.key);
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        return bad_file("tls-key", options.key);
    }
    return {};
}

void expect_name(SSL* ssl, const std::string& name) {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (is_ip_address(name)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str());
    } else {
        SSL_set1_host(ssl, name.c_str());
    }
}

// Advice for what X509 verification found; empty when there is none.
std::string_view advice_for(long verdict) {  // NOLINT(google-runtime-int): OpenSSL's type
    switch (verdict) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "the certificate is for another name: see redis-nodes, tls-sni and "
                   "tls-verify-hostname";
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "the server's certificate has expired";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "the server's certificate is not valid yet; is the clock right?";
        default:
            return "the authority that signed it is not among tls-cacert and tls-cacertdir";
    }
}

std::string_view advice_for_reason(int reason) {
    switch (reason) {
        case SSL_R_WRONG_VERSION_NUMBER:
            return "the port seems to speak no TLS: see tls-enabled and redis-nodes";
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
            return "the server may want a client certificate: set tls-cert and tls-key";
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
            return "the server does not accept our certificate: see tls-cert";
        case SSL_R_TLSV1_UNRECOGNIZED_NAME:
            return "the server does not know this name: see tls-sni";
        default:
            return "";
    }
}

std::string joined(std::string text, std::string_view advice) {
    if (!advice.empty()) {
        text += "; ";
        text += advice;
    }
    return text;
}

}  // namespace

Result<TlsContext> TlsContext::create(const TlsOptions& options) {
    TlsContext made(options);
    ERR_clear_error();
    made.context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* context = made.context_.get();
    if (context == nullptr) {
        return Error(ErrorCode::kInternal, "no TLS context: " + reason_of(ERR_get_error()));
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    FERMATA_TRY(load_authorities(context, options));
    FERMATA_TRY(load_certificate(context, options));
    return made;
}

Result<SslHandle> TlsContext::make(const std::string& host) const {
    SslHandle ssl(SSL_new(context_.get()));
    if (ssl == nullptr) {
        return Error(ErrorCode::kInternal, "no TLS session: " + reason_of(ERR_get_error()));
    }
    // A server name that is set by hand is also the one the certificate must be for.
    const std::string& name = options_.sni.empty() ? host : options_.sni;
    if (!is_ip_address(name)) {
        // SSL_set_tlsext_host_name without its cast.
        SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(name.c_str()));
    }
    if (options_.verify_hostname) {
        expect_name(ssl.get(), name);
    }
    return ssl;
}

std::string explain_tls_failure(const SSL* ssl) {
    const unsigned long code = ERR_peek_last_error();  // NOLINT(google-runtime-int)
    ERR_clear_error();
    const auto verdict = ssl != nullptr ? SSL_get_verify_result(ssl) : X509_V_OK;
    if (verdict != X509_V_OK) {
        return joined(std::string("the server's certificate was refused: ") +
                          X509_verify_cert_error_string(verdict),
                      advice_for(verdict));
    }
    if (code == 0) {
        return "TLS: the server closed the connection; does the port speak TLS (tls-enabled)?";
    }
    return joined("TLS: " + reason_of(code), advice_for_reason(ERR_GET_REASON(code)));
}

}  // namespace fermata::redis

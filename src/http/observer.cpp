#include "http/observer.h"

namespace fermata::http {

std::string_view to_string(Refusal refusal) {
    switch (refusal) {
        case Refusal::kConnectionsMax:
            return "connections-max";
        case Refusal::kInFlightMax:
            return "in-flight-max";
        case Refusal::kBadRequest:
            return "bad-request";
        case Refusal::kHeaderTooLarge:
            return "header-too-large";
        case Refusal::kBodyTooLarge:
            return "body-too-large";
        case Refusal::kHeaderTimeout:
            return "header-timeout";
        case Refusal::kBodyTimeout:
            return "body-timeout";
        case Refusal::kWriteTimeout:
            return "write-timeout";
        case Refusal::kTlsHandshake:
            return "tls-handshake";
    }
    return "unknown";
}

}  // namespace fermata::http

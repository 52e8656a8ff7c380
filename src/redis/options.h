// Options of the Redis client. Names in comments are those of section [persistence].
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "redis/address.h"

namespace fermata::redis {

struct TlsOptions {
    bool enabled = false;   // tls-enabled
    std::string cert;       // tls-cert: PEM chain of the client; with key or not at all
    std::string key;        // tls-key: PEM
    std::string cacert;     // tls-cacert: PEM file
    std::string cacertdir;  // tls-cacertdir: folder hashed by `openssl rehash`
    std::string sni;        // tls-sni: name sent in the handshake; empty: the node's host name
    bool verify_hostname =
        true;  // tls-verify-hostname: the certificate must be for the node's name
    // Neither cacert nor cacertdir: the system's authorities.
};

struct Options {
    // redis-nodes: any nodes of the cluster, the others are found through them; or one stand-alone
    // server. At least one.
    std::vector<Address> nodes;
    std::string username;  // empty with a password: the user "default"
    std::string password;  // empty: no login
    TlsOptions tls;
    std::string client_name = "fermata";  // as CLIENT LIST shows it

    // redis-connect-timeout: name, TCP, TLS and login of one connection together.
    std::chrono::milliseconds connect_timeout{3'000};
    // redis-socket-timeout: age of the oldest unanswered command at which its connection is given
    // up. A command that waits for replicas may be older by wait_slice.
    std::chrono::milliseconds socket_timeout{5'000};

    // redis-wait-replicas: replicas that must hold a write before it is answered; 0: none.
    unsigned wait_replicas = 1;
    // redis-degrade-after: how long a write waits for replicas before it may be answered without,
    // when the primary has none left and is known to be the primary still.
    std::chrono::milliseconds degrade_after{5'000};
    // Longest time of one WAIT; a shorter answer is followed by the next one.
    std::chrono::milliseconds wait_slice{500};

    // One write batch: what goes to a primary before one WAIT.
    std::size_t batch_requests_max = 256;
    std::size_t batch_bytes_max = 1U << 20U;
    // Reads on the wire to one primary; further ones wait.
    std::size_t reads_in_flight_max = 64;
    // Bytes of all requests that are accepted and not answered; beyond it send() answers
    // kOverloaded.
    std::size_t in_flight_bytes_max = 256U << 20U;
    // Elements of one reply's aggregate; more is a protocol error.
    std::size_t reply_elements_max = 4U << 20U;

    // The topology is asked for this often when nothing is wrong ...
    std::chrono::milliseconds refresh_interval{10'000};
    // ... and from first to last, doubling, while something is.
    std::chrono::milliseconds urgent_refresh_min{100};
    std::chrono::milliseconds urgent_refresh_max{1'000};

    // Pause between attempts to connect, and before a refused request is sent again: doubling, with
    // jitter.
    std::chrono::milliseconds retry_pause_min{20};
    std::chrono::milliseconds retry_pause_max{1'000};
    // Pause when login or rights are refused: only a person mends that.
    std::chrono::milliseconds denied_pause{3'000};
    // Connects to one node: so many at once, then so many a second.
    unsigned connects_burst = 10;
    unsigned connects_per_second = 5;
};

// kInvalidArgument with the name of the option: no nodes, tls-cert without tls-key, ...
Result<void> check(const Options& options);

}  // namespace fermata::redis

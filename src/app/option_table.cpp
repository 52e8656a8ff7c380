#include <array>

#include "app/option.h"

namespace fermata::app {

namespace {

using enum OptionType;
using enum Heritage;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kMany = 1'000'000'000;

constexpr std::array kOptions = std::to_array<Option>({
    // [orchestration]
    {"orchestration", "sessionid-with-nodeid", kBoolean, "false",
     "write the node id behind session ids (`~7`)", kOrs},
    {"orchestration", "node-id", kInteger, "1",
     "this server's node id: in session ids and in the ORSSESSIONID cookie", kOurs, 1, 65'535},
    {"orchestration", "external-url", kText, "",
     "base URL under which others reach this server, such as the load balancer's; empty: where it listens", kOrs},
    {"orchestration", "parse-start-params", kBoolean, "true",
     "read start parameters of the ORS interface as JSON where they are; false: always text", kOrs},

    // [scxml]
    {"scxml", "session-processing-threads", kInteger, "0",
     "shards, each with a thread, a script runtime and its sessions; 0: one per core", kOrs, 0, 1024},
    {"scxml", "max-microstep-count", kInteger, "1000", "microsteps in one macrostep", kOrs, 1, kMany},
    {"scxml", "max-state-entry-count", kInteger, "100", "entries into one state within one macrostep", kOrs, 1,
     kMany},
    {"scxml", "max-pending-events", kInteger, "100",
     "external events that wait for one session; also the length of its internal queue", kOrs, 1, kMany},
    {"scxml", "max-events-per-run", kInteger, "100", "macrosteps of one run, before a commit is forced", kOurs, 1,
     kMany},
    {"scxml", "process-event-timeout", kMilliseconds, "10000",
     "processing time of one event, scripts included", kOrs, 1, kDay},
    {"scxml", "max-event-size", kBytes, "1MiB", "bytes of one event's data", kOurs, 64},
    {"scxml", "max-session-size", kBytes, "4MiB", "bytes of one session's stored record", kOurs, 1024},
    {"scxml", "max-timers", kInteger, "1000", "pending delayed sends of one session", kOurs, 1, kMany},
    {"scxml", "max-invokes", kInteger, "100", "invoked children of one session that run at a time", kOurs, 1,
     kMany},
    {"scxml", "script-memory", kBytes, "256MiB",
     "bytes that the scripts of one shard may use on top of what its sessions keep", kOurs, 1 << 20},
    {"scxml", "script-stack", kBytes, "256KiB", "bytes of stack for one script", kOurs, 64 << 10, 4 << 20},
    {"scxml", "max-document-size", kBytes, "8MiB", "bytes of a document, and of each included file", kOurs, 64,
     1 << 30},
    {"scxml", "max-includes", kInteger, "500",
     "resources that one document may pull in (xi:include, script and data src)", kOrs, 0, kMany},
    {"scxml", "max-xml-depth", kInteger, "256", "nesting of elements in a document", kOurs, 1, 10'000},
    {"scxml", "max-xml-nodes", kInteger, "1000000",
     "elements, attributes and texts of one document with its includes", kOurs, 1, kMany},
    {"scxml", "max-session-age", kSeconds, "7776000", "sessions older than this are ended", kOrs, 1},
    {"scxml", "max-compiler-cached-docs", kInteger, "1000", "compiled charts kept that no session uses", kOrs, 0,
     kMany},
    {"scxml", "persistence-max-active", kInteger, "1000000",
     "sessions kept in memory; beyond it idle ones live in the store alone until an event or timer", kOrs, 1,
     kMany},
    {"scxml", "passivate-after", kMilliseconds, "10m", "a session idle for this long leaves memory", kOurs, 1},
    {"scxml", "ended-session-retention", kMilliseconds, "1h",
     "how long the result of an ended session can be asked for", kOurs, 1},
    {"scxml", "idempotency-retention", kMilliseconds, "1d",
     "how long the first answer to an Idempotency-Key is kept", kOurs, 1},
    {"scxml", "shard-queue-length", kInteger, "100000",
     "calls that wait for one shard; more are answered 429", kOurs, 1, kMany},
    {"scxml", "live-buffer-length", kInteger, "10000",
     "moments kept for event streams that resume", kOurs, 0, 10'000'000},
    {"scxml", "send-prefixes", kList, "",
     "URL prefixes to which charts may send by HTTP; empty: nowhere but this server itself", kOurs},
    {"scxml", "fetch-prefixes", kList, "",
     "URL prefixes from which charts may fetch scripts, data and invoked documents at run time", kOurs},

    // [documents]
    {"documents", "folder", kText, "",
     "folder whose files may be used as documents (`file:`); empty: none", kOurs},
    {"documents", "url-prefixes", kList, "",
     "URL prefixes from which documents may be fetched; empty: uploaded documents and the folder only", kOurs},

    // [persistence]
    {"persistence", "type", kChoice, "embedded",
     "where sessions live: `embedded` (a folder on disk) or `memory` (lost at exit)", kOrs, 0, 0,
     "embedded|memory|redis|cassandra"},
    {"persistence", "folder", kText, "fermata-data", "folder of the embedded store; one server at a time", kOurs},
    {"persistence", "partitions", kInteger, "256",
     "fixed slices of all sessions; fixed when the folder is first used", kOurs, 1, 1024},
    {"persistence", "cache-size", kBytes, "64MiB", "uncompressed blocks kept for reading", kOurs, 0},
    {"persistence", "write-buffer-size", kBytes, "32MiB",
     "collected in memory before it becomes a sorted file; up to three of them exist", kOurs, 1 << 16, 1 << 30},
    {"persistence", "max-open-files", kInteger, "512", "sorted files kept open", kOurs, 16, 1'000'000},
    {"persistence", "background-jobs", kInteger, "2", "threads that write and merge sorted files", kOurs, 1, 64},
    {"persistence", "max-waiting-commits", kInteger, "8192", "writes that wait for the disk", kOurs, 1, kMany},
    {"persistence", "max-waiting-bytes", kBytes, "256MiB", "bytes of the writes that wait", kOurs, 1 << 20},
    {"persistence", "max-group-size", kBytes, "4MiB", "bytes of one atomic write to the disk", kOurs, 1 << 10},
    {"persistence", "redis-nodes", kList, "",
     "nodes of the Redis Cluster, `host:port`; only for type `redis`, which this build refuses", kOrs},
    {"persistence", "username", kText, "", "user at Redis; only for type `redis`", kOrs},
    {"persistence", "password", kText, "", "password at Redis; only for type `redis`", kOrs, 0, 0, {}, true},

    // [journal]
    {"journal", "length", kInteger, "0", "macrosteps kept per session in the journal; 0: no journal", kOurs, 0,
     1'000'000},

    // [http]
    {"http", "address", kText, "127.0.0.1",
     "numeric address to listen on; other than loopback only together with tokens-file", kOurs},
    {"http", "port", kInteger, "8077", "port to listen on; 0: any free one, printed at start", kOurs, 0, 65'535},
    {"http", "threads", kInteger, "1", "threads that read requests and write answers", kOurs, 1, 256},
    {"http", "tokens-file", kText, "",
     "file of bearer tokens, one `token role name` a line (roles reader, operator, admin); changes are seen within "
     "a second",
     kOurs, 0, 0, {}, false, false},
    {"http", "tls-certificate", kText, "", "PEM file with the certificate chain; with tls-key: HTTPS only", kOurs},
    {"http", "tls-key", kText, "", "PEM file with the private key", kOurs},
    {"http", "max-body-size", kBytes, "1MiB", "largest request body; beyond it 413", kOurs, 1},
    {"http", "max-header-size", kBytes, "16KiB", "request line and header fields; beyond it 431", kOurs, 256},
    {"http", "header-timeout", kMilliseconds, "10s", "time to send a request's header; then 408", kOurs, 1, kDay},
    {"http", "body-timeout", kMilliseconds, "60s", "time to send a request's body; then 408", kOurs, 1, kDay},
    {"http", "min-body-rate", kBytes, "512", "bytes a second below which a body is refused with 408", kOurs},
    {"http", "body-rate-grace", kMilliseconds, "5s", "time before min-body-rate is judged", kOurs, 0, kDay},
    {"http", "idle-timeout", kMilliseconds, "75s", "an unused connection is closed after this", kOurs, 1, kDay},
    {"http", "write-timeout", kMilliseconds, "30s", "a client that reads nothing for this long is cut off", kOurs,
     1, kDay},
    {"http", "max-connections", kInteger, "10000", "open connections; further ones get 503", kOurs, 1, kMany},
    {"http", "max-requests-in-flight", kInteger, "10000", "requests being worked on; further ones get 503", kOurs,
     1, kMany},
    {"http", "max-pipelined", kInteger, "64", "requests of one connection handled at a time", kOurs, 1, 10'000},
    {"http", "retry-after", kSeconds, "1", "what a refused client is told to wait", kOurs, 1, 3600},
    {"http", "max-stream-buffer", kBytes, "256KiB",
     "bytes queued for one event stream; beyond it moments are left out and a gap is told", kOurs, 1024},
    {"http", "max-streams", kInteger, "1000", "event streams open at a time; further ones get 429", kOurs, 0,
     kMany},
    {"http", "heartbeat-interval", kMilliseconds, "15s", "pause between comment lines on event streams", kOurs, 10,
     kDay},
    {"http", "request-timeout", kMilliseconds, "30s",
     "how long a request to a chart is held open for its answer; then 504", kOurs, 1, kDay},
    {"http", "shutdown-timeout", kMilliseconds, "10s",
     "how long a stopping server finishes what it took; a second signal ends it at once", kOurs, 0, 10 * kMinute},

    // [fetch]
    {"fetch", "timeout", kMilliseconds, "30s", "time for one HTTP fetch or send, redirects included", kOurs, 1,
     kDay},
    {"fetch", "connect-timeout", kMilliseconds, "5s", "time to connect", kOurs, 1, kDay},
    {"fetch", "max-in-flight", kInteger, "256", "fetches and sends on the wire at a time", kOurs, 1, 100'000},
    {"fetch", "max-connections-per-host", kInteger, "32", "connections to one host", kOurs, 1, 100'000},
    {"fetch", "max-queued", kInteger, "10000", "fetches and sends that wait; beyond it they fail", kOurs, 1,
     kMany},
    {"fetch", "max-redirects", kInteger, "5", "redirects followed by a fetch; sends follow none", kOurs, 0, 50},
    {"fetch", "proxy", kText, "", "HTTP proxy, such as `http://proxy:3128`; empty: none", kOurs},
    {"fetch", "proxy-exceptions", kText, "", "hosts reached without the proxy, separated by commas", kOurs},
    {"fetch", "tls-ca-file", kText, "", "PEM bundle of trusted authorities; empty: the system's", kOurs},

    // [log]
    {"log", "level", kChoice, "info", "least important level written", kOurs, 0, 0,
     "trace|debug|info|warning|error|critical|off"},
    {"log", "format", kChoice, "text", "one line an entry, for people or for machines", kOurs, 0, 0, "text|json"},
    {"log", "file", kText, "", "file to append to; empty: standard error", kOurs},
    {"log", "requests", kBoolean, "false", "a line for each HTTP request", kOurs},
});

}  // namespace

std::span<const Option> option_table() { return kOptions; }

}  // namespace fermata::app

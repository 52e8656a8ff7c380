#include "app/redis_check.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "app/redis_rights.h"
#include "redis/script.h"
#include "redis_store/keys.h"

namespace fermata::app {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTrials = 20;
constexpr std::size_t kTrialBytes = 1024;
constexpr std::int64_t kDay = 86'400'000;
// A certificate that ends sooner is worth a warning.
constexpr std::int64_t kExpiresSoonDays = 30;
constexpr double kCommitSlowMs = 50;
// What a cut-off primary may acknowledge before it notices: detection, and some margin.
const char* const kMoveBack =
    "the guide says what to do, docs/guide/redis.md, \"When a move of slots was cut off\"; "
    "redis-cli --cluster fix can lose keys";
constexpr std::chrono::milliseconds kDetectionMargin{5'000};

std::string milliseconds(Clock::duration time) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    return std::to_string(micros / 1000) + "." + std::to_string(micros / 100 % 10) + " ms";
}

std::string number(std::uint64_t value) {
    return std::to_string(value);
}

std::string mebibytes(const std::string& bytes) {
    return number(std::strtoull(bytes.c_str(), nullptr, 10) >> 20U) + " MiB";
}

std::string value_of(const std::map<std::string, std::string>& info, const std::string& name) {
    const auto found = info.find(name);
    return found == info.end() ? std::string() : found->second;
}

// A commit as the server makes it: one script that writes a record with a time to live.
const redis::Script& trial_script() {
    static const redis::Script script(
        "redis.call('HSET', KEYS[1], 'state', ARGV[1]) "
        "return redis.call('PEXPIRE', KEYS[1], 60000)");
    return script;
}

// A key of ours in the range, so that the primary serves it.
std::string key_in(const std::string& cluster, const redis::SlotRange& range) {
    for (unsigned tries = 0;; ++tries) {
        std::string key = "ORS:" + cluster + ":{check." + number(tries) + "}:trial";
        const redis::Slot slot = redis::slot_of(key);
        if (slot >= range.first && slot <= range.last) {
            return key;
        }
    }
}

std::size_t slots_of(const redis::Shard& shard) {
    std::size_t slots = 0;
    for (const redis::SlotRange& range : shard.slots) {
        slots += range.last - range.first + 1U;
    }
    return slots;
}

}  // namespace

RedisCheck::RedisCheck(const redis_store::Options& options, CheckReport& report)
    : options_(options),
      report_(report),
      user_(options.client.username.empty() ? "default" : options.client.username) {}

RedisCheck::~RedisCheck() = default;

void RedisCheck::run() {
    std::unique_ptr<redis::Probe> first;
    for (const redis::Address& address : options_.client.nodes) {
        place_ = address.to_string();
        auto probe = connect(address);
        if (probe != nullptr && first == nullptr) {
            first = std::move(probe);
        }
    }
    if (first == nullptr) {
        place_.clear();
        fail("cluster", "no node of redis-nodes can be used");
        return;
    }
    place_ = "cluster, as " + first->address().to_string() + " sees it";
    check_rights(*first);
    check_topology(*first);
    for (const redis::Shard& shard : topology_.shards) {
        place_ = "primary " + shard.primary.address.to_string();
        const auto probe = connect(shard.primary.address);
        if (probe != nullptr) {
            check_server(*probe);
            note_moves(*probe);
            check_trial_commits(*probe, shard);
            check_layout(*probe);
        }
    }
    for (const redis::Node& node : topology_.idle) {
        place_ = "primary " + node.address.to_string() + ", which serves no slot";
        if (const auto probe = connect(node.address)) {
            note_moves(*probe);
        }
    }
    check_moves();
}

std::unique_ptr<redis::Probe> RedisCheck::connect(const redis::Address& address) {
    auto probe = std::make_unique<redis::Probe>(options_.client, address);
    // Nodes are met again as primaries: what was said of them is not said twice.
    is_known_ = !met_.insert(address).second;
    const auto addresses = probe->resolve();
    if (!addresses) {
        fail("name", addresses.error().message(), "mend redis-nodes, or the name service");
        return nullptr;
    }
    std::string found;
    for (const std::string& text : *addresses) {
        found += (found.empty() ? "" : ", ") + text;
    }
    fine("name", address.host + " is " + found);
    const auto begin = Clock::now();
    if (const auto connected = probe->connect(); !connected) {
        fail("connection", connected.error().message(),
             "does Redis listen there, and may this machine reach it? (redis-nodes, "
             "redis-connect-timeout)");
        return nullptr;
    }
    fine("connection", "made in " + milliseconds(Clock::now() - begin));
    const bool usable = start_tls(*probe) && log_in(*probe);
    is_known_ = false;
    return usable ? std::move(probe) : nullptr;
}

bool RedisCheck::start_tls(redis::Probe& probe) {
    const redis::TlsOptions& tls = options_.client.tls;
    if (!tls.enabled) {
        note("TLS", "off: everything, the password too, can be read on the way",
             "tls-enabled=true where the network is not your own");
        return true;
    }
    const auto facts = probe.start_tls();
    if (!facts) {
        fail("TLS", facts.error().message());
        return false;
    }
    fine("TLS", facts->version + ", " + facts->cipher + ", " +
                    (facts->server_name.empty() ? "no server name sent"
                                                : "server name " + facts->server_name));
    const std::int64_t days = (facts->expires_ms - SystemClock().now_ms()) / kDay;
    const std::string text = facts->subject + ", issued by " + facts->issuer + ", for " +
                             std::to_string(days) + " more days";
    if (days < kExpiresSoonDays) {
        warn("certificate", text, "renew the certificate of this node");
    } else {
        fine("certificate", text);
    }
    if (!tls.verify_hostname) {
        warn("certificate", "not held against the node's name", "tls-verify-hostname=true");
    }
    return true;
}

bool RedisCheck::log_in(redis::Probe& probe) {
    const auto logged_in = probe.log_in();
    if (!logged_in) {
        fail("login", logged_in.error().message());
        return false;
    }
    fine("login", options_.client.password.empty() ? "none is needed" : "as user " + user_);
    return true;
}

void RedisCheck::check_rights(redis::Probe& probe) {
    const auto lacking = lacking_rights(probe, options_.cluster);
    if (!lacking) {
        fail("rights", lacking.error().message());
        return;
    }
    if (lacking->commands.empty() && !lacking->keys) {
        fine("rights", "all " + number(needed_rights().size()) +
                           " commands that the server uses, on keys ORS:" + options_.cluster +
                           ":*");
        return;
    }
    if (lacking->keys) {
        fail("rights", "the user may not touch keys ORS:" + options_.cluster + ":*",
             "ACL SETUSER " + user_ + " ~ORS:" + options_.cluster +
                 ":* on every node, or another [cluster] name");
    }
    if (!lacking->commands.empty()) {
        std::string names;
        std::string rule;
        for (const std::string& command : lacking->commands) {
            names += " " + command;
            rule += " +" + command;
        }
        fail("rights", "the user may not use" + names,
             "ACL SETUSER " + user_ + rule + " on every node");
    }
}

void RedisCheck::check_topology(redis::Probe& probe) {
    const redis::AskedNode asked{probe.address().host, options_.client.tls.enabled};
    const auto slots = ask(probe, redis::Command("CLUSTER").add("SLOTS"));
    if (!slots) {
        if (slots.error().message().find("cluster support disabled") == std::string::npos) {
            fail("topology", slots.error().message());
            return;
        }
        warn("topology", "a stand-alone server: for development",
             "use a Redis Cluster with replicas: a single server loses the last second, or "
             "everything, when it fails");
        topology_.is_cluster = false;
        redis::Shard shard;
        shard.primary.address = probe.address();
        shard.slots = {{0, redis::kSlotCount - 1}};
        topology_.shards = {shard};
        return;
    }
    auto topology = redis::decode_cluster_slots(slots->view(), asked);
    if (!topology) {
        fail("topology", topology.error().message());
        return;
    }
    topology_ = *std::move(topology);
    // Only this tells of primaries without slots.
    const auto shards = ask(probe, redis::Command("CLUSTER").add("SHARDS"));
    const auto all = shards ? redis::decode_cluster_shards(shards->view(), asked)
                            : Result<redis::Topology>(shards.error());
    topology_.idle = all ? all->idle : std::vector<redis::Node>();
    check_coverage(topology_);
}

void RedisCheck::check_coverage(const redis::Topology& topology) {
    std::size_t covered = 0;
    for (const redis::Shard& shard : topology.shards) {
        covered += slots_of(shard);
    }
    fine("topology", number(topology.shards.size()) + " primaries");
    if (covered == redis::kSlotCount) {
        fine("slots", "all are served");
    } else {
        fail("slots", number(redis::kSlotCount - covered) + " of them are served by nobody",
             "redis-cli --cluster check, then --cluster fix or bring the missing primary back");
    }
    if (topology.shards.size() < 3) {
        warn("primaries", "fewer than 3: no majority is left when one fails",
             "a cluster has at least 3 primaries");
    }
    if (options_.client.wait_replicas == 0) {
        warn("replicas",
             "commits are acknowledged before any replica has them: a failover loses the last ones "
             "when this server fails, too",
             "redis-wait-replicas=1");
    }
}

void RedisCheck::note_moves(redis::Probe& probe) {
    if (!topology_.is_cluster) {
        return;
    }
    if (const auto nodes = ask(probe, redis::Command("CLUSTER").add("NODES"))) {
        moving_[probe.address()] = redis::decode_moving_slots(nodes->view().text());
    }
}

// A slot that one node imports and that its server does not know to be leaving there.
void RedisCheck::check_moves() {
    place_ = "cluster";
    std::set<redis::Slot> leaving;
    std::set<redis::Slot> torn;
    for (const auto& [address, moving] : moving_) {
        for (const redis::MovingSlots::Mark& mark : moving.leaving) {
            leaving.insert(mark.slot);
        }
    }
    for (const auto& [address, moving] : moving_) {
        for (const redis::MovingSlots::Mark& mark : moving.importing) {
            if (!leaving.contains(mark.slot)) {
                torn.insert(mark.slot);
            }
        }
    }
    for (const redis::Slot slot : torn) {
        fail("moves",
             "slot " + number(slot) +
                 " was being moved when its primary failed: its keys may be on two servers, and "
                 "nothing of it is served then",
             kMoveBack);
    }
    if (!leaving.empty()) {
        const std::string first = number(*leaving.begin());
        note("moves",
             leaving.size() == 1
                 ? "slot " + first + " is being moved"
                 : number(leaving.size()) + " slots are being moved, " + first + " first",
             kMoveBack);
    }
}

// As the primary itself counts them: gossip about them comes later.
void RedisCheck::check_replicas(const std::map<std::string, std::string>& info) {
    const std::string connected = value_of(info, "connected_slaves");
    const auto count = std::strtoull(connected.c_str(), nullptr, 10);
    const unsigned wanted = options_.client.wait_replicas;
    if (count < wanted) {
        fail("replicas",
             number(count) + ", redis-wait-replicas is " + number(wanted) +
                 ": each commit here waits for redis-degrade-after before it is acknowledged",
             "add replicas, or lower redis-wait-replicas");
    } else {
        fine("replicas", number(count));
    }
}

void RedisCheck::check_server(redis::Probe& probe) {
    const auto info = info_of(probe);
    const std::string valkey = value_of(info, "valkey_version");
    const std::string version = valkey.empty() ? value_of(info, "redis_version") : valkey;
    const std::string text = (valkey.empty() ? "Redis " : "Valkey ") + version;
    const int major = std::atoi(value_of(info, "redis_version").c_str());
    if (major < 7) {
        fail("version", text, "Redis 7.0 or newer, or Valkey, is needed");
    } else {
        fine("version", text);
    }
    if (const std::string role = value_of(info, "role"); role != "master") {
        warn("role", "this node calls itself " + role, "a failover goes on; check again");
    }
    if (topology_.is_cluster) {
        check_replicas(info);
    }
    check_memory(info);
    check_persistence(info);
    check_settings(probe);
}

void RedisCheck::check_memory(const std::map<std::string, std::string>& info) {
    const std::string max = value_of(info, "maxmemory");
    const std::string policy = value_of(info, "maxmemory_policy");
    const std::string used = mebibytes(value_of(info, "used_memory"));
    const bool bounded = !max.empty() && max != "0";
    if (bounded && policy != "noeviction") {
        fail("memory",
             used + " of " + mebibytes(max) + " used, maxmemory-policy " + policy +
                 ": Redis would throw sessions away when it is full",
             "maxmemory-policy noeviction");
        return;
    }
    if (!bounded) {
        warn("memory", used + " used, no maxmemory: the machine's memory is the limit",
             "set maxmemory below what the machine has, with maxmemory-policy noeviction");
        return;
    }
    const auto used_bytes = std::strtod(value_of(info, "used_memory").c_str(), nullptr);
    const auto max_bytes = std::strtod(max.c_str(), nullptr);
    if (used_bytes > 0.8 * max_bytes) {
        warn("memory", used + " of " + mebibytes(max) + " used",
             "raise maxmemory, or add primaries");
    } else {
        fine("memory", used + " of " + mebibytes(max) + " used, noeviction");
    }
}

void RedisCheck::check_persistence(const std::map<std::string, std::string>& info) {
    if (value_of(info, "aof_enabled") != "1") {
        warn("AOF", "off: when all copies of a slot restart, their sessions are gone",
             "appendonly yes, with appendfsync everysec (or always)");
    } else if (value_of(info, "aof_last_write_status") != "ok") {
        fail("AOF", "the last write to it failed", "is the disk of this node full?");
    } else {
        fine("AOF", "on");
    }
}

void RedisCheck::check_settings(redis::Probe& probe) {
    const auto reply = ask(probe, redis::Command("CONFIG").add("GET").add("cluster-node-timeout"));
    const auto min = ask(probe, redis::Command("CONFIG").add("GET").add("min-replicas-to-write"));
    const auto fsync = ask(probe, redis::Command("CONFIG").add("GET").add("appendfsync"));
    if (!reply || !min || !fsync) {
        note("settings",
             "cluster-node-timeout, min-replicas-to-write and appendfsync cannot be read",
             "allow +config|get to the one who checks, to have them looked at");
        return;
    }
    const auto node_timeout = reply->view().find("cluster-node-timeout").integer();
    if (node_timeout &&
        options_.replay_window < std::chrono::milliseconds(*node_timeout) + kDetectionMargin) {
        warn("settings",
             "cluster-node-timeout is " + std::to_string(*node_timeout) +
                 " ms: a cut-off primary may lose commits of a longer time than "
                 "redis-replay-window holds",
             "redis-replay-window of at least cluster-node-timeout and 5 s, or a smaller "
             "cluster-node-timeout");
    }
    const auto min_replicas = min->view().find("min-replicas-to-write").integer();
    fine("settings", "cluster-node-timeout " + std::to_string(node_timeout.value_or(0)) +
                         " ms, min-replicas-to-write " + std::to_string(min_replicas.value_or(0)) +
                         ", appendfsync " + std::string(fsync->view().find("appendfsync").text()));
}

void RedisCheck::check_trial_commits(redis::Probe& probe, const redis::Shard& shard) {
    if (shard.slots.empty()) {
        return;
    }
    const std::string key = key_in(options_.cluster, shard.slots.front());
    const auto loaded = ask(probe, redis::Command("SCRIPT").add("LOAD").add(trial_script().text()));
    if (!loaded) {
        fail("commit", loaded.error().message());
        return;
    }
    const unsigned wanted = topology_.is_cluster ? options_.client.wait_replicas : 0;
    std::vector<Clock::duration> times;
    for (int trial = 0; trial < kTrials; ++trial) {
        const auto begin = Clock::now();
        const auto confirmed = commit_trial(probe, key, wanted);
        if (!confirmed) {
            fail("commit",
                 "a trial of " + number(kTrialBytes) + " bytes: " + confirmed.error().message());
            return;
        }
        if (*confirmed < wanted) {
            fail("commit",
                 number(*confirmed) + " of " + number(wanted) +
                     " replicas confirmed a trial within redis-degrade-after",
                 "look at the replicas of this primary, or lower redis-wait-replicas");
            return;
        }
        times.push_back(Clock::now() - begin);
    }
    static_cast<void>(ask(probe, redis::Command("UNLINK").add(key)));
    std::sort(times.begin(), times.end());
    const Clock::duration half = times[times.size() / 2];
    const std::string text = number(kTrials) + " trials of 1 KiB, on " + number(wanted) +
                             " replicas: p50 " + milliseconds(half) + ", slowest " +
                             milliseconds(times.back());
    if (std::chrono::duration<double, std::milli>(half).count() > kCommitSlowMs) {
        warn("commit", text, "look at the network, at appendfsync, and at what else Redis does");
    } else {
        fine("commit", text);
    }
}

Result<std::uint64_t> RedisCheck::commit_trial(redis::Probe& probe, const std::string& key,
                                               unsigned wanted) {
    const std::string bytes(kTrialBytes, 'x');
    FERMATA_TRY(ask(probe, redis::Command(trial_script(), {std::string_view(key)}).add(bytes)));
    FERMATA_TRY_ASSIGN(
        const redis::Reply confirmed,
        ask(probe, redis::Command("WAIT").add(wanted).add(options_.client.degrade_after.count())));
    return static_cast<std::uint64_t>(confirmed.view().integer().value_or(0));
}

void RedisCheck::check_layout(redis::Probe& probe) {
    const redis_store::Keys keys(options_.cluster, options_.partition_count);
    const auto stored =
        ask(probe, redis::Command("HMGET").add(keys.store()).add("format").add("partitions"));
    if (!stored || stored->view()[0].is_nil()) {
        return;  // on another primary, or not made yet
    }
    const std::string partitions(stored->view()[1].text());
    if (partitions != number(options_.partition_count)) {
        fail("store",
             "made with " + partitions + " partitions, [persistence] partitions is " +
                 number(options_.partition_count),
             "[persistence] partitions=" + partitions);
    } else {
        fine("store",
             "format " + std::string(stored->view()[0].text()) + ", " + partitions + " partitions");
    }
}

Result<redis::Reply> RedisCheck::ask(redis::Probe& probe, const redis::Command& command) {
    FERMATA_TRY_ASSIGN(redis::Reply reply, probe.ask(command));
    if (reply.view().is_error()) {
        return Error(ErrorCode::kUnavailable, std::string(reply.view().text()));
    }
    return reply;
}

std::map<std::string, std::string> RedisCheck::info_of(redis::Probe& probe) {
    std::map<std::string, std::string> info;
    const auto reply = ask(probe, redis::Command("INFO"));
    std::string_view text = reply ? reply->view().text() : std::string_view();
    while (!text.empty()) {
        const std::size_t end = std::min(text.find("\r\n"), text.size());
        const std::string_view line = text.substr(0, end);
        if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
            info.emplace(line.substr(0, colon), line.substr(colon + 1));
        }
        text.remove_prefix(std::min(end + 2, text.size()));
    }
    return info;
}

void RedisCheck::fine(const std::string& step, const std::string& text) {
    add(Severity::kFine, step, text, {});
}

void RedisCheck::note(const std::string& step, const std::string& text, const std::string& advice) {
    add(Severity::kNote, step, text, advice);
}

void RedisCheck::warn(const std::string& step, const std::string& text, const std::string& advice) {
    add(Severity::kWarning, step, text, advice);
}

void RedisCheck::fail(const std::string& step, const std::string& text, const std::string& advice) {
    add(Severity::kError, step, text, advice);
}

void RedisCheck::add(Severity severity, const std::string& step, const std::string& text,
                     const std::string& advice) {
    if (!is_known_ || severity == Severity::kError) {
        report_.add({severity, place_, step, text, advice});
    }
}

}  // namespace fermata::app

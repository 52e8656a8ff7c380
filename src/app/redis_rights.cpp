#include "app/redis_rights.h"

#include <algorithm>
#include <array>

namespace fermata::app {

namespace {

struct Try {
    std::string_view right;  // as ACL rules have it
    std::string_view words;  // of one try; %h, %s and %z are keys of three kinds
};

// In the order in which they are tried: what makes a key comes before what takes it away.
constexpr std::array kTries = std::to_array<Try>({
    {"ping", "ping"},
    {"client|setname", "client setname fermata-check"},
    {"info", "info server"},
    {"time", "time"},
    {"wait", "wait 0 1"},
    {"asking", "asking"},
    {"cluster|countkeysinslot", "cluster countkeysinslot 0"},
    {"cluster|info", "cluster info"},
    {"cluster|nodes", "cluster nodes"},
    {"cluster|shards", "cluster shards"},
    {"cluster|slots", "cluster slots"},
    {"script|load", "script load return"},
    {"evalsha", "evalsha 0000000000000000000000000000000000000000 1 %h"},
    {"exists", "exists %h"},
    {"set", "set %s x PX 60000"},
    {"get", "get %s"},
    {"hset", "hset %h field x"},
    {"hget", "hget %h field"},
    {"hmget", "hmget %h field"},
    {"hgetall", "hgetall %h"},
    {"hkeys", "hkeys %h"},
    {"hscan", "hscan %h 0"},
    {"hdel", "hdel %h nothing"},
    {"zadd", "zadd %z 1 member"},
    {"zrange", "zrange %z 0 0"},
    {"zrangebyscore", "zrangebyscore %z 0 0"},
    {"zrank", "zrank %z member"},
    {"zscore", "zscore %z member"},
    {"zcount", "zcount %z 0 0"},
    {"zrem", "zrem %z nothing"},
    {"zremrangebyscore", "zremrangebyscore %z 5 5"},
    {"pexpire", "pexpire %h 60000"},
    {"pexpireat", "pexpireat %z 1"},
    {"unlink", "unlink %h"},
});

redis::Command command_of(std::string_view words, const std::string& prefix) {
    std::size_t end = std::min(words.find(' '), words.size());
    redis::Command command(words.substr(0, end));
    while (end < words.size()) {
        words.remove_prefix(end + 1);
        end = std::min(words.find(' '), words.size());
        const std::string_view word = words.substr(0, end);
        command.add(word.starts_with('%') ? prefix + std::string(word.substr(1))
                                          : std::string(word));
    }
    return command;
}

bool is_denied(redis::ReplyView reply) {
    return reply.is_error() && reply.text().starts_with("NOPERM");
}

// "NOPERM No permissions to access a key", of Redis and Valkey, where the command itself is
// allowed.
bool is_about_keys(redis::ReplyView reply) {
    return reply.text().find(" key") != std::string_view::npos &&
           reply.text().find("command") == std::string_view::npos;
}

}  // namespace

std::vector<std::string_view> needed_rights() {
    std::vector<std::string_view> rights;
    rights.reserve(kTries.size());
    for (const Try& one : kTries) {
        rights.push_back(one.right);
    }
    return rights;
}

Result<LackingRights> lacking_rights(redis::Probe& probe, const std::string& cluster) {
    const std::string prefix = "ORS:" + cluster + ":{check}:";
    LackingRights lacking;
    for (const Try& one : kTries) {
        FERMATA_TRY_ASSIGN(const redis::Reply reply, probe.ask(command_of(one.words, prefix)));
        if (!is_denied(reply.view())) {
            continue;
        }
        if (is_about_keys(reply.view())) {
            lacking.keys = true;
        } else {
            lacking.commands.emplace_back(one.right);
        }
    }
    FERMATA_TRY(probe.ask(redis::Command("UNLINK").add(prefix + "s").add(prefix + "z")));
    return lacking;
}

}  // namespace fermata::app

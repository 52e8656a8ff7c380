#include "app/cluster_bindings.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>

#include <openssl/rand.h>
#include <unistd.h>

#include "app/version.h"
#include "base/random.h"
#include "engine/record_format.h"

namespace fermata::app {

namespace {

// Nobody competes with a sole member: it need not write beats to its disk all the time.
constexpr std::chrono::hours kSoleLease{24};
constexpr std::chrono::hours kSoleOwnersInterval{1};

// Where others reach what listens at `url`: a wildcard address is this machine's name for them.
std::string reachable(const std::string& url) {
    for (const std::string_view wildcard : {"//0.0.0.0:", "//[::]:"}) {
        const std::size_t at = url.find(wildcard);
        if (at != std::string::npos) {
            return url.substr(0, at) + "//" + host_name() + url.substr(at + wildcard.size() - 1);
        }
    }
    return url;
}

std::string without_slash(std::string url) {
    if (url.ends_with('/')) {
        url.pop_back();
    }
    return url;
}

std::string first_of(const std::string& wanted, const std::string& otherwise) {
    return without_slash(wanted.empty() ? otherwise : wanted);
}

cluster::Timing timing(const Settings& settings, bool sole, Partition partition_count) {
    cluster::Timing timing;
    timing.lease = settings.duration("cluster", "lease");
    timing.hand_over_window =
        static_cast<std::uint32_t>(settings.integer("cluster", "hand-over-window"));
    if (sole) {
        timing.lease = kSoleLease;
        timing.owners_interval = kSoleOwnersInterval;
        timing.claim_window = partition_count;
    }
    return timing;
}

}  // namespace

bool is_any_address(std::string_view address) {
    return address == "0.0.0.0" || address == "::";
}

std::string host_name() {
    std::array<char, HOST_NAME_MAX + 1> name{};
    const bool has_name = ::gethostname(name.data(), name.size() - 1) == 0 && name.front() != '\0';
    return has_name ? std::string(name.data()) : "localhost";
}

Result<std::string> make_secret() {
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        return Error(ErrorCode::kInternal, "the operating system gives no random bytes");
    }
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const unsigned byte : bytes) {
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 15U];
    }
    return text;
}

Result<cluster::MemberOptions> member_options(const Settings& settings, const store::Facts& facts,
                                              const std::string& listening_url, UnixMillis now) {
    cluster::MemberOptions options;
    options.sole = facts.kind != "redis";
    options.timing = timing(settings, options.sole, facts.partition_count);
    options.node = static_cast<store::NodeId>(settings.integer("orchestration", "node-id"));
    options.backup = settings.text("cluster", "role") == "backup";
    options.auto_rebalance = settings.boolean("cluster", "auto-rebalance");
    // 0 has a meaning of its own.
    options.instance = std::max<std::uint64_t>(1, Random::from_entropy().next());
    const std::string others = reachable(listening_url);
    options.facts.internal_address = first_of(settings.text("cluster", "internal-url"), others);
    options.facts.external_url = first_of(settings.text("orchestration", "external-url"), others);
    options.facts.version = kVersion;
    options.facts.format = engine::kRecordFormatOldest;
    options.facts.format_newest = engine::record_format_newest();
    options.format_limit = static_cast<std::uint32_t>(settings.integer("cluster", "record-format"));
    options.facts.partition_count = facts.partition_count;
    options.facts.started_ms = now;
    options.facts.lease_ms = static_cast<std::uint32_t>(options.timing.lease.count());
    FERMATA_TRY_ASSIGN(options.facts.peer_secret, make_secret());
    return options;
}

}  // namespace fermata::app

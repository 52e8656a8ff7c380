#include "http/auth.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include "base/log.h"

namespace fermata::http {
namespace {

using Hash = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

constexpr std::chrono::seconds kLookInterval{1};
constexpr std::string_view kBlanks = " \t\r";

struct Entry {
    Hash hash;
    Principal principal;
};

Hash hash_of(std::string_view token) {
    // Through unsigned char, as OpenSSL wants it.
    const std::vector<unsigned char> bytes(token.begin(), token.end());
    Hash hash{};
    SHA256(bytes.data(), bytes.size(), hash.data());
    return hash;
}

std::optional<Hash> parse_hash(std::string_view hex) {
    Hash hash{};
    if (hex.size() != hash.size() * 2) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < hex.size(); ++i) {
        const char digit = hex[i];
        unsigned value = 0;
        if (digit >= '0' && digit <= '9') {
            value = static_cast<unsigned>(digit - '0');
        } else if (digit >= 'a' && digit <= 'f') {
            value = static_cast<unsigned>(digit - 'a') + 10U;
        } else if (digit >= 'A' && digit <= 'F') {
            value = static_cast<unsigned>(digit - 'A') + 10U;
        } else {
            return std::nullopt;
        }
        hash[i / 2] = static_cast<unsigned char>(hash[i / 2] * 16U + value);
    }
    return hash;
}

std::string_view take_word(std::string_view& line) {
    const std::size_t begin = std::min(line.find_first_not_of(kBlanks), line.size());
    line.remove_prefix(begin);
    const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
    line.remove_prefix(word.size());
    return word;
}

std::string_view trim(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// The token itself never enters a message.
Result<Entry> parse_entry(std::string_view line, std::size_t line_number) {
    constexpr std::string_view kHashMark = "sha256:";
    const std::string place = "line " + std::to_string(line_number) + ": ";
    const std::string_view token = take_word(line);
    const std::string_view role = take_word(line);
    const std::string_view name = trim(line);
    if (role.empty() || name.empty()) {
        return Error(ErrorCode::kInvalidArgument, place + "expected `token role name`");
    }
    Entry entry{{}, {std::string(name), std::string(role)}};
    if (token.substr(0, kHashMark.size()) != kHashMark) {
        entry.hash = hash_of(token);
        return entry;
    }
    const std::optional<Hash> hash = parse_hash(token.substr(kHashMark.size()));
    if (!hash) {
        return Error(ErrorCode::kInvalidArgument, place + "sha256: needs 64 hex digits");
    }
    entry.hash = *hash;
    return entry;
}

Result<std::vector<Entry>> parse_entries(std::string_view text) {
    std::vector<Entry> entries;
    std::size_t line_number = 0;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = trim(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        ++line_number;
        if (line.empty() || line.front() == '#') {
            continue;
        }
        FERMATA_TRY_ASSIGN(Entry entry, parse_entry(line, line_number));
        entries.push_back(std::move(entry));
    }
    return entries;
}

// What tells that a file was changed.
struct Stamp {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    std::int64_t bytes = 0;
    std::uint64_t inode = 0;

    bool operator==(const Stamp&) const = default;
};

std::optional<Stamp> stamp_of(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
        return std::nullopt;
    }
    return Stamp{status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_size, status.st_ino};
}

Result<std::vector<Entry>> read_entries(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) {
        return Error(ErrorCode::kUnavailable, "token file " + path + " cannot be read");
    }
    Result<std::vector<Entry>> entries = parse_entries(text.str());
    if (!entries) {
        return entries.error().with_context("token file " + path);
    }
    return entries;
}

std::optional<std::string_view> bearer_token(const Request& request) {
    constexpr std::string_view kScheme = "Bearer ";
    const std::string_view value = request.headers.get("Authorization");
    if (!equals_ignoring_case(value.substr(0, kScheme.size()), kScheme)) {
        return std::nullopt;
    }
    return trim(value.substr(kScheme.size()));
}

Denial unauthorized(std::string detail, std::string challenge) {
    return {{401, {}, std::move(detail), {}}, std::move(challenge)};
}

}  // namespace

Response Denial::to_response() const {
    Response response = http::to_response(problem);
    if (!www_authenticate.empty()) {
        response.headers.add("WWW-Authenticate", www_authenticate);
    }
    return response;
}

class TokenFile::Core {
  public:
    explicit Core(std::string path) : path_(std::move(path)) {}

    Result<void> read() {
        const std::lock_guard lock(mutex_);
        return read_locked();
    }

    std::optional<Principal> find(std::string_view token) {
        const Hash hash = hash_of(token);
        const std::lock_guard lock(mutex_);
        refresh_locked();
        // Always all entries, so that the time tells nothing about where a token stands.
        const Entry* found = nullptr;
        for (const Entry& entry : entries_) {
            if (CRYPTO_memcmp(entry.hash.data(), hash.data(), hash.size()) == 0) {
                found = &entry;
            }
        }
        return found == nullptr ? std::nullopt : std::optional<Principal>(found->principal);
    }

  private:
    Result<void> read_locked() {
        looked_ = std::chrono::steady_clock::now();
        // Taken before reading: a change while reading is then seen at the next look.
        stamp_ = stamp_of(path_);
        FERMATA_TRY_ASSIGN(entries_, read_entries(path_));
        return {};
    }

    void refresh_locked() {
        if (std::chrono::steady_clock::now() - looked_ < kLookInterval) {
            return;
        }
        looked_ = std::chrono::steady_clock::now();
        if (stamp_of(path_) == stamp_) {
            return;
        }
        const Result<void> result = read_locked();
        if (result) {
            log::info("tokens read again", {{"file", path_}, {"tokens", entries_.size()}});
        } else {
            log::error("the last good tokens stay in force",
                       {{"reason", result.error().message()}});
        }
    }

    const std::string path_;
    std::mutex mutex_;
    std::vector<Entry> entries_;
    std::optional<Stamp> stamp_;
    std::chrono::steady_clock::time_point looked_;
};

Result<std::unique_ptr<TokenFile>> TokenFile::load(std::string path) {
    auto core = std::make_unique<Core>(std::move(path));
    FERMATA_TRY(core->read());
    return std::unique_ptr<TokenFile>(new TokenFile(std::move(core)));
}

TokenFile::TokenFile(std::unique_ptr<Core> core) : core_(std::move(core)) {}
TokenFile::~TokenFile() = default;

std::variant<Principal, Denial> TokenFile::check(const Request& request,
                                                 std::initializer_list<std::string_view> roles) {
    const std::optional<std::string_view> token = bearer_token(request);
    if (!token || token->empty()) {
        return unauthorized("a bearer token is needed", "Bearer realm=\"fermata\"");
    }
    std::optional<Principal> principal = core_->find(*token);
    if (!principal) {
        return unauthorized("the bearer token is not known",
                            "Bearer realm=\"fermata\", error=\"invalid_token\"");
    }
    for (const std::string_view role : roles) {
        if (role == principal->role) {
            return std::move(*principal);
        }
    }
    if (roles.size() == 0) {
        return std::move(*principal);
    }
    return Denial{{403, {}, "the role " + principal->role + " may not do this", {}}, {}};
}

bool is_loopback(std::string_view address) {
    constexpr std::string_view kMapped = "::ffff:";
    if (equals_ignoring_case(address.substr(0, kMapped.size()), kMapped)) {
        address.remove_prefix(kMapped.size());
    }
    if (address == "::1" || address == "localhost") {
        return true;
    }
    return address.substr(0, 4) == "127." &&
           address.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace fermata::http

#include "store/log_check.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace fermata::store {
namespace {

// The file is a row of blocks; a record has checksum (4), length (2), type (1), payload, and never
// crosses the end of a block.
constexpr std::size_t kBlockBytes = 32768;
constexpr std::size_t kHeaderBytes = 7;
// Whole, first, middle and last part. The other types belong to options that Fermata does not use.
constexpr char kTypeMin = 1;
constexpr char kTypeMax = 4;

// CRC-32C (Castagnoli), reflected.
constexpr std::array<std::uint32_t, 256> make_crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
        }
        table[byte] = crc;
    }
    return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

constexpr std::uint32_t add_to_crc(std::uint32_t crc, char byte) {
    return kCrcTable[(crc ^ static_cast<std::uint8_t>(byte)) & 0xffU] ^ (crc >> 8U);
}

// Checksums are stored masked, since they may be computed over data that holds checksums.
constexpr std::uint32_t masked(std::uint32_t crc) {
    crc = ~crc;
    return ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
}

struct Header {
    std::uint32_t checksum = 0;
    std::size_t length = 0;
};

class Log {
  public:
    explicit Log(std::string_view bytes) : bytes_(bytes) {}

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    // Where the block that `at` is in ends, at most the end of the file.
    [[nodiscard]] std::size_t block_end(std::size_t at) const {
        return std::min((at / kBlockBytes + 1) * kBlockBytes, bytes_.size());
    }
    [[nodiscard]] bool has_header(std::size_t at) const {
        return at + kHeaderBytes <= block_end(at);
    }
    [[nodiscard]] Header header(std::size_t at) const {
        const auto byte = [&](std::size_t offset) {
            return std::uint32_t{static_cast<std::uint8_t>(bytes_[at + offset])};
        };
        return {byte(0) | byte(1) << 8U | byte(2) << 16U | byte(3) << 24U, byte(4) | byte(5) << 8U};
    }
    // Where the intact record at `at` ends.
    [[nodiscard]] std::optional<std::size_t> record_end(std::size_t at) const {
        if (!has_header(at)) {
            return std::nullopt;
        }
        const Header header = this->header(at);
        const std::size_t end = at + kHeaderBytes + header.length;
        const char type = bytes_[at + 6];
        if (end > block_end(at) || type < kTypeMin || type > kTypeMax) {
            return std::nullopt;
        }
        std::uint32_t crc = ~0U;
        for (std::size_t covered = at + 6; covered < end; ++covered) {
            crc = add_to_crc(crc, bytes_[covered]);
        }
        return masked(crc) == header.checksum ? std::optional(end) : std::nullopt;
    }
    // Whether the checksum at `at` is right for another length than the one beside it.
    [[nodiscard]] bool has_wrong_length(std::size_t at) const {
        const Header header = this->header(at);
        std::uint32_t crc = ~0U;
        for (std::size_t covered = at + 6; covered < block_end(at); ++covered) {
            crc = add_to_crc(crc, bytes_[covered]);
            if (masked(crc) == header.checksum) {
                return true;
            }
        }
        return false;
    }
    [[nodiscard]] bool has_record_behind(std::size_t at) const {
        for (++at; at + kHeaderBytes <= bytes_.size(); ++at) {
            if (record_end(at)) {
                return true;
            }
        }
        return false;
    }

  private:
    std::string_view bytes_;
};

Error damaged(std::string_view name, std::size_t at, const std::string& how) {
    return {ErrorCode::kCorrupt, "the write-ahead log " + std::string(name) +
                                     " is damaged at byte " + std::to_string(at) + ": " + how};
}

// Nothing intact begins at `at`.
Result<void> check_end(const Log& log, std::string_view name, std::size_t at) {
    if (log.has_record_behind(at)) {
        return damaged(name, at, "intact records follow; restore the folder from a backup");
    }
    if (!log.has_header(at)) {
        return {};
    }
    const Header header = log.header(at);
    const bool is_whole = at + kHeaderBytes + header.length <= log.block_end(at);
    const bool is_zero = header.checksum == 0 && header.length == 0;  // space set aside
    if ((is_whole && !is_zero) || log.has_wrong_length(at)) {
        return damaged(name, at,
                       "its last record does not match its checksum; restore the folder from a "
                       "backup, or give that record up by cutting the file to " +
                           std::to_string(at) + " bytes");
    }
    return {};
}

}  // namespace

Result<void> check_log(std::string_view bytes, std::string_view name) {
    const Log log(bytes);
    std::size_t at = 0;
    while (at < log.size()) {
        if (!log.has_header(at) && log.block_end(at) < log.size()) {
            at = log.block_end(at);  // too little room for a record
            continue;
        }
        const auto end = log.record_end(at);
        if (!end) {
            return check_end(log, name, at);
        }
        at = *end;
    }
    return {};
}

Result<void> check_logs(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> logs;
    std::error_code failure;
    for (std::filesystem::directory_iterator at(folder, failure), end; !failure && at != end;
         at.increment(failure)) {
        if (at->path().extension() == ".log") {
            logs.push_back(at->path());
        }
    }
    for (const std::filesystem::path& path : logs) {
        std::ifstream file(path, std::ios::binary);
        std::ostringstream bytes;
        bytes << file.rdbuf();
        FERMATA_TRY(check_log(bytes.str(), path.string()));
    }
    return {};
}

}  // namespace fermata::store

// Keys of the keyed stores (docs/formats/embedded-store.md): partition, table, then what the table
// is ordered by; numbers big endian, so that the order of the bytes is the order of the numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/session_id.h"

namespace fermata::store {

// Second part of every key. Stored: never change one, only add.
enum class Table : char {
    kPartition = 'p',     // owner, epoch, next number
    kSession = 's',       // session
    kField = 'f',         // session, name
    kListing = 'l',       // of live sessions: creation time, session
    kEndedListing = 'e',  // of ended sessions: creation time, session
    kTimer = 't',         // due time, number, session
    kSessionTimer = 'u',  // session, due time, number
    kInbox = 'i',         // number
    kSessionInbox = 'k',  // session, number
    kOutbox = 'o',        // number
    kJournal = 'j',       // session, sequence number
    kAnswer = 'a',        // client's key
    kSender = 'r',        // partition whose events were appended
    kDocument = 'D',      // content hash
    kDocumentName = 'N',  // name
    kEndExpiry = 'E',     // time, partition, session
    kAnswerExpiry = 'X',  // time, partition, client's key
    kFormat = 'F',        // nothing
    kNode = 'M',          // node, 0 acting or 1 standby
};

// Stands where the partition is in keys of tables that belong to no partition.
inline constexpr Partition kNoPartition = 0xffff;

// Builds a key front to back.
class Key {
  public:
    Key(Partition partition, Table table) {
        number16(partition);
        bytes_.push_back(static_cast<char>(table));
    }
    explicit Key(Table global) : Key(kNoPartition, global) {}

    Key& node(std::uint32_t node, bool standby) {
        return big_endian(node, 4).big_endian(standby ? 1 : 0, 1);
    }
    Key& number16(std::uint16_t number) { return big_endian(number, 2); }
    Key& number(std::uint64_t number) { return big_endian(number, 8); }
    // Sign bit flipped, so that times before 1970 come first.
    Key& time(UnixMillis time) { return number(static_cast<std::uint64_t>(time) ^ kSign); }
    Key& session(const SessionId& session) {
        for (const std::uint8_t byte : session.bytes()) {
            bytes_.push_back(static_cast<char>(byte));
        }
        return *this;
    }
    Key& text(std::string_view text) {
        bytes_.append(text);
        return *this;
    }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    // The first key behind all that begin with this one.
    [[nodiscard]] std::string end() const;

    static constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;

  private:
    Key& big_endian(std::uint64_t number, unsigned size) {
        for (unsigned left = size; left > 0; --left) {
            bytes_.push_back(static_cast<char>(number >> (8 * (left - 1))));
        }
        return *this;
    }

    std::string bytes_;
};

// Takes a key apart, in the order in which it was built.
class KeyReader {
  public:
    // Behind partition and table.
    explicit KeyReader(std::string_view key)
        : left_(key.size() < 3 ? std::string_view() : key.substr(3)) {}

    std::uint16_t number16() { return static_cast<std::uint16_t>(big_endian(2)); }
    std::uint64_t number() { return big_endian(8); }
    UnixMillis time() { return static_cast<UnixMillis>(number() ^ Key::kSign); }
    SessionId session();
    [[nodiscard]] std::string_view rest() const { return left_; }

  private:
    std::uint64_t big_endian(std::size_t size);

    std::string_view left_;
};

}  // namespace fermata::store

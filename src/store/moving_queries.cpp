// What is read when partitions move to another store.
#include "store/entries.h"
#include "store/keys.h"
#include "store/queries.h"
#include "value/encoding.h"

namespace fermata::store {

Result<PartitionRecord> Queries::partition(Partition partition) const {
    PartitionEntry entry;
    FERMATA_TRY_ASSIGN(const auto bytes, medium_.get(Key(partition, Table::kPartition).bytes()));
    if (bytes) {
        FERMATA_TRY(decode_entry(*bytes, entry));
    }
    PartitionRecord record{entry.epoch, entry.node, entry.next_number, {}, 0};
    const Key senders(partition, Table::kSender);
    FERMATA_TRY(medium_.scan(senders.bytes(), senders.end(), Direction::kForward,
                             [&](std::string_view key, std::string_view value) {
                                 record.senders.emplace_back(KeyReader(key).number16(),
                                                             value::Reader(value).varint());
                                 return true;
                             }));
    return record;
}

// The cursor is the last key of the page: keys are the clients' own texts.
Result<AnswerPage> Queries::answers(Partition partition, const std::string& cursor,
                                    std::size_t limit) const {
    AnswerPage page;
    Result<void> decoded;
    const Key table(partition, Table::kAnswer);
    const std::string begin =
        cursor.empty() ? table.bytes() : Key(partition, Table::kAnswer).text(cursor).bytes() + '\0';
    FERMATA_TRY(medium_.scan(begin, table.end(), Direction::kForward,
                             [&](std::string_view key, std::string_view value) {
                                 if (page.answers.size() == limit) {
                                     page.next = page.answers.back().key;
                                     return false;
                                 }
                                 AnswerRecord answer;
                                 answer.key = KeyReader(key).rest();
                                 decoded = decode_entry(value, answer);
                                 page.answers.push_back(std::move(answer));
                                 return decoded.has_value();
                             }));
    FERMATA_TRY(decoded);
    return page;
}

}  // namespace fermata::store

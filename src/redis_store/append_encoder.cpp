#include "redis_store/append_encoder.h"

#include <string_view>
#include <vector>

#include "redis_store/entries.h"
#include "redis_store/scripts.h"

namespace fermata::redis_store {

Result<void> check_append(const store::InboxAppend& append) {
    if (append.from && append.from_numbers.size() != append.records.size()) {
        return Error(ErrorCode::kInvalidArgument,
                     "events appended to an inbox need one number of the sender each");
    }
    return {};
}

redis::Command encode_append(const store::InboxAppend& append, const Keys& keys,
                             const Lifetimes& lifetimes, bool owned, const std::string& appender) {
    std::vector<std::string> touched = {keys.key(append.partition, "owner"),
                                        keys.key(append.partition, "inbox")};
    if (append.from) {
        touched.push_back(keys.key(append.partition, "senders"));
    }
    if (!owned) {
        touched.push_back(keys.key(append.partition, "appender:" + appender));
    }
    if (!append.unless_answered.empty()) {
        touched.push_back(keys.key(append.partition, "answers"));
    }
    for (const store::InboxRecord& record : append.records) {
        touched.push_back(keys.session(append.partition, record.session.key()));
    }
    redis::Command command(owned ? append_script() : foreign_append_script(), touched);
    command.add(append.from ? std::to_string(*append.from) : "");
    command.add(lifetimes.record.count()).add(lifetimes.record.count());
    command.add(append.only_live ? "live" : "").add(append.unless_answered);
    command.add(append.promised ? "promised" : "");
    for (std::size_t at = 0; at < append.records.size(); ++at) {
        command.add(append.from ? std::to_string(append.from_numbers[at]) : "");
        command.add(append.records[at].session.key()).add(append.records[at].payload);
    }
    return command;
}

Result<store::InboxAnswer> decode_append_answer(std::size_t records, const CallAnswer& answer) {
    const std::size_t space = answer.text.find(' ');
    const auto first = parse_number(answer.text.substr(0, space));
    const std::string_view taken =
        space == std::string_view::npos ? std::string_view() : answer.text.substr(space + 1);
    if (!first || taken.size() != records ||
        taken.find_first_not_of("01n") != std::string_view::npos) {
        return Error(ErrorCode::kCorrupt, "\"" + std::string(answer.text.substr(0, 80)) +
                                              "\" is no answer to an append of " +
                                              std::to_string(records) + " events");
    }
    store::InboxAnswer appended;
    std::uint64_t next = *first;
    for (const char mark : taken) {
        appended.numbers.push_back(mark == '1'   ? next++
                                   : mark == 'n' ? store::InboxAnswer::kNobodyThere
                                                 : store::InboxAnswer::kRepetition);
    }
    return appended;
}

}  // namespace fermata::redis_store

#include "redis_store/import_encoder.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "redis_store/entries.h"
#include "redis_store/scripts.h"

namespace fermata::redis_store {
namespace {

using store::ImportBatch;

Error stranger(const SessionId& session, Partition partition) {
    return {
        ErrorCode::kInvalidArgument,
        "session " + session.key() + " is of another partition than " + std::to_string(partition)};
}

std::string seq_of(const store::SessionRecord& record) {
    return std::to_string(record.seq) + (record.end ? " ended" : "");
}

std::string timed(std::int64_t time_ms, const std::string& payload) {
    std::string text;
    append_timed(text, time_ms, payload);
    return text;
}

class Encoder {
  public:
    Encoder(const ImportBatch& batch, const Keys& keys, const Lifetimes& lifetimes,
            const store::JournalOptions& journal)
        : batch_(batch), keys_(keys), lifetimes_(lifetimes), journal_(journal) {}

    EncodedCommit encode() {
        for (const store::SessionRecord& record : batch_.sessions) {
            add_session(record);
        }
        for (const store::TimerRecord& timer : batch_.timers) {
            add_timer(timer);
        }
        add_boxes();
        for (const store::AnswerRecord& answer : batch_.answers) {
            run("answers", "HSET", {answer.key, timed(answer.expires_ms, answer.answer)});
            expire("a:" + answer.key, answer.expires_ms);
        }
        for (const store::JournalRecord& record : batch_.journal) {
            if (journal_.length > 0) {
                run("j:" + record.session.key(), "HSET",
                    {std::to_string(record.seq), timed(record.at_ms, record.payload)});
            }
        }
        for (const auto& [sender, last] : batch_.senders) {
            run("senders", "HSET", {std::to_string(sender), std::to_string(last)});
        }
        return {whole(), expires_ms_};
    }

  private:
    struct Step {
        std::string key;
        const char* command;
        std::vector<std::string> words;
    };

    void run(std::string key, const char* command, std::vector<std::string> words) {
        steps_.push_back({std::move(key), command, std::move(words)});
    }
    void expire(const std::string& member, UnixMillis at_ms) {
        run("expiry", "ZADD", {std::to_string(at_ms), member});
        expires_ms_ = std::min(expires_ms_, at_ms);
    }
    void add_session(const store::SessionRecord& record) {
        const std::string id = record.session.key();
        const std::string key = "s:" + id;
        run(key, "HSET", {"seq", seq_of(record), "created", std::to_string(record.created_ms)});
        for (const store::Field& field : record.fields) {
            run(key, "HSET", {field.name, field.value});
        }
        run(record.end ? "ended" : "sessions", "ZADD", {std::to_string(record.created_ms), id});
        if (record.end) {
            const UnixMillis at_ms = record.end->expires_ms;
            run(key, "HSET", {"end", record.end->payload, "expires", std::to_string(at_ms)});
            run(key, "PEXPIREAT",
                {std::to_string(std::max(at_ms, SystemClock().now_ms()) +
                                lifetimes_.margin.count())});
            expire("s:" + id, at_ms);
        }
    }
    void add_timer(const store::TimerRecord& timer) {
        const std::string id = timer.session.key();
        std::string member;
        std::string field;
        append_timer_member(member, timer.number, id);
        append_timer_field(field, timer.number);
        run("timers", "ZADD", {std::to_string(timer.due_ms), member});
        run("s:" + id, "HSET", {field, timed(timer.due_ms, timer.payload)});
    }
    void add_boxes() {
        for (const store::InboxRecord& record : batch_.inbox) {
            const std::string number = std::to_string(record.number);
            run("inbox", "ZADD",
                {number, number + " " + record.session.key() + " " + record.payload});
            run("s:" + record.session.key(), "HSET", {"i." + number, ""});
        }
        for (const store::OutboxRecord& record : batch_.outbox) {
            std::string text = std::to_string(record.number);
            std::string member = text + " ";
            append_outbox(member, record, record.session.key());
            run("outbox", "ZADD", {std::move(text), std::move(member)});
        }
    }
    [[nodiscard]] std::uint64_t next_number() const {
        std::uint64_t next = batch_.next_number;
        for (const store::InboxRecord& record : batch_.inbox) {
            next = std::max(next, record.number + 1);
        }
        for (const store::OutboxRecord& record : batch_.outbox) {
            next = std::max(next, record.number + 1);
        }
        return next;
    }
    [[nodiscard]] redis::Command whole() const {
        std::vector<std::string> touched = {keys_.key(batch_.partition, "owner")};
        for (const store::SessionRecord& record : batch_.sessions) {
            touched.push_back(keys_.session(batch_.partition, record.session.key()));
        }
        std::set<std::string> others;
        for (const Step& step : steps_) {
            others.insert(keys_.key(batch_.partition, step.key));
        }
        touched.insert(touched.end(), others.begin(), others.end());
        redis::Command command(import_script(), touched);
        command.add(batch_.sessions.size()).add(lifetimes_.record.count()).add(next_number());
        for (const store::SessionRecord& record : batch_.sessions) {
            command.add(seq_of(record)).add(record.created_ms);
        }
        for (const Step& step : steps_) {
            command.add(step.key).add(step.command).add(step.words.size());
            for (const std::string& word : step.words) {
                command.add(word);
            }
        }
        return command;
    }

    const ImportBatch& batch_;
    const Keys& keys_;
    const Lifetimes& lifetimes_;
    const store::JournalOptions& journal_;
    std::vector<Step> steps_;
    UnixMillis expires_ms_ = Call::kNeverExpires;
};

}  // namespace

Result<void> check_import(const ImportBatch& batch) {
    for (const store::SessionRecord& record : batch.sessions) {
        if (record.session.partition() != batch.partition || record.seq == 0) {
            return stranger(record.session, batch.partition);
        }
        for (const store::Field& field : record.fields) {
            if (!is_data_field(field.name)) {
                return Error(ErrorCode::kInvalidArgument,
                             "\"" + field.name + "\" is no field of a session's record");
            }
        }
    }
    for (const store::TimerRecord& timer : batch.timers) {
        if (timer.session.partition() != batch.partition) {
            return stranger(timer.session, batch.partition);
        }
    }
    for (const store::JournalRecord& record : batch.journal) {
        if (record.session.partition() != batch.partition) {
            return stranger(record.session, batch.partition);
        }
    }
    return {};
}

EncodedCommit encode_import(const ImportBatch& batch, const Keys& keys, const Lifetimes& lifetimes,
                            const store::JournalOptions& journal) {
    return Encoder(batch, keys, lifetimes, journal).encode();
}

Result<std::size_t> decode_import_answer(const std::vector<SessionId>& sessions,
                                         const CallAnswer& answer) {
    const auto number = parse_number(answer.text);
    if (!number || (answer.conflict && (*number == 0 || *number > sessions.size()))) {
        return Error(ErrorCode::kCorrupt, "\"" + std::string(answer.text.substr(0, 80)) +
                                              "\" is no answer to an import");
    }
    if (answer.conflict) {
        return Error(ErrorCode::kConflict,
                     "session " + sessions[*number - 1].key() + " exists already");
    }
    return static_cast<std::size_t>(*number);
}

}  // namespace fermata::redis_store

#include "redis_store/commit_encoder.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/container/small_vector.hpp>

#include "base/clock.h"
#include "redis_store/entries.h"
#include "redis_store/scripts.h"

namespace fermata::redis_store {
namespace {

using store::CommitBatch;
using store::SessionCommit;

// Items of one operation: Lua hands at most some 8000 words to a command.
constexpr std::size_t kItemsMax = 1000;
constexpr std::string_view kEndOfChanges = ".";
// What pieces of a text need as a rule.
constexpr std::size_t kScratchBytes = 256;
// Of a key, beside the part that all keys of a partition have in common and a session's id.
constexpr std::size_t kKeyBytes = 16;
// A commit removes so many entries as a rule, if any.
constexpr std::size_t kFew = 8;
using Numbers = boost::container::small_vector<std::uint64_t, kFew>;

// An addition or removal of commit.lua: letter, count and words; cut into several when it is long.
class Operation {
  public:
    Operation(redis::Command& command, std::string_view letter, std::size_t items,
              std::size_t words_an_item)
        : command_(command), letter_(letter), left_(items), words_an_item_(words_an_item) {}

    // Before the words of each item.
    redis::Command& item() {
        if (room_ == 0) {
            room_ = std::min(left_, kItemsMax);
            command_.add(letter_).add(room_ * words_an_item_);
            left_ -= room_;
        }
        --room_;
        return command_;
    }

  private:
    redis::Command& command_;
    std::string_view letter_;
    std::size_t left_;
    std::size_t words_an_item_;
    std::size_t room_ = 0;
};

// Only ends sessions, or removes what was carried out. An end leaves less than there was, but for
// what it sends, and each session has one.
bool frees_memory(const CommitBatch& batch) {
    return std::all_of(batch.sessions.begin(), batch.sessions.end(),
                       [](const SessionCommit& commit) {
                           return commit.expected_seq > 0 && commit.end.has_value();
                       });
}

class Encoder {
  public:
    Encoder(const CommitBatch& batch, const Keys& keys, const Lifetimes& lifetimes,
            const store::JournalOptions& journal)
        : batch_(batch), keys_(keys), lifetimes_(lifetimes), journal_(journal) {
        scratch_.reserve(kScratchBytes);
        ids_.reserve(batch.sessions.size());
        for (const SessionCommit& commit : batch.sessions) {
            ids_.push_back(commit.session.key());
        }
    }

    EncodedCommit encode() {
        redis::Command command = begin_command();
        command.add(batch_.sessions.size());
        command.add(has_session_twice() ? "mixed" : "");
        command.add(lifetimes_.record.count()).add(lifetimes_.record.count());
        for (const SessionCommit& commit : batch_.sessions) {
            add_head(command, commit);
        }
        for (std::size_t at = 0; at < batch_.sessions.size(); ++at) {
            add_additions(command, batch_.sessions[at], ids_[at]);
            command.add(kEndOfChanges);
            add_removals(command, batch_.sessions[at], ids_[at]);
            command.add(kEndOfChanges);
        }
        add_ranges(command, "O", batch_.outbox_removed);
        Operation unknown(command, "U", batch_.inbox_removed.size(), 1);
        for (const std::uint64_t number : batch_.inbox_removed) {
            unknown.item().add(number);
        }
        command.add(kEndOfChanges);
        return {std::move(command), expires_ms_};
    }

  private:
    // Tables of the partition that are touched, and how many keys besides that are neither of them
    // nor of the commits' sessions.
    struct Touched {
        bool sessions = false;
        bool ended = false;
        bool timers = false;
        bool inbox = false;
        bool outbox = false;
        bool answers = false;
        bool expiry = false;
        std::size_t single = 0;
    };
    void note_touched(const SessionCommit& commit, Touched& touched) const;
    // The script with its keys.
    [[nodiscard]] redis::Command begin_command();
    [[nodiscard]] std::size_t size_hint() const;
    [[nodiscard]] bool has_session_twice() const;
    void add_head(redis::Command& command, const SessionCommit& commit);
    static void append_known(std::string& out, const SessionCommit& commit);
    void add_additions(redis::Command& command, const SessionCommit& commit, std::string_view id);
    void add_fields(redis::Command& command, const SessionCommit& commit);
    void add_boxes(redis::Command& command, const SessionCommit& commit, std::string_view id);
    void add_expiring(redis::Command& command, const SessionCommit& commit, std::string_view id);
    void add_removals(redis::Command& command, const SessionCommit& commit, std::string_view id);
    void add_removed_fields(redis::Command& command, const SessionCommit& commit,
                            std::string_view id);
    static void add_ranges(redis::Command& command, std::string_view letter,
                           std::span<const std::uint64_t> given);
    // Of a record that is as a rule, but not always, of the commit's own session; valid until the
    // next call.
    std::string_view id_of(const SessionId& session, const SessionCommit& commit,
                           std::string_view id) {
        if (session == commit.session) {
            return id;
        }
        other_id_ = session.key();
        return other_id_;
    }
    [[nodiscard]] bool keeps_journal(const SessionCommit& commit) const {
        return commit.journal && journal_.length > 0;
    }
    // A text made of pieces, for the next add(); valid until then.
    template <typename Append>
    const std::string& made(const Append& append) {
        scratch_.clear();
        append(scratch_);
        return scratch_;
    }

    const CommitBatch& batch_;
    const Keys& keys_;
    const Lifetimes& lifetimes_;
    const store::JournalOptions& journal_;
    boost::container::small_vector<std::string, kFew> ids_;
    std::string scratch_;
    std::string other_id_;
    UnixMillis expires_ms_ = Call::kNeverExpires;
};

redis::Command Encoder::begin_command() {
    const Partition partition = batch_.partition;
    const std::string& base = keys_.base(partition);
    Touched touched;
    touched.inbox = !batch_.inbox_removed.empty();
    touched.outbox = !batch_.outbox_removed.empty();
    for (const SessionCommit& commit : batch_.sessions) {
        note_touched(commit, touched);
    }
    const std::pair<bool, std::string_view> shared[] = {
        {touched.sessions, "sessions"}, {touched.ended, "ended"},   {touched.timers, "timers"},
        {touched.inbox, "inbox"},       {touched.outbox, "outbox"}, {touched.answers, "answers"},
        {touched.expiry, "expiry"}};
    std::size_t count = 1 + ids_.size() + touched.single;
    for (const auto& [is_touched, name] : shared) {
        count += is_touched ? 1 : 0;
    }
    redis::Command command(frees_memory(batch_) ? freeing_commit_script() : commit_script(), count,
                           size_hint() + count * (base.size() + kKeyBytes));
    const auto add_key = [&](std::string_view kind, std::string_view name) {
        command.add(made([&](std::string& out) {
            out += base;
            out += kind;
            out += name;
        }));
    };
    add_key("", "owner");
    for (const std::string& id : ids_) {
        add_key("s:", id);
    }
    for (std::size_t at = 0; touched.single > 0 && at < batch_.sessions.size(); ++at) {
        for (const store::InboxRecord& record : batch_.sessions[at].inbox_added) {
            if (record.session != batch_.sessions[at].session) {
                add_key("s:", record.session.key());
            }
        }
        if (keeps_journal(batch_.sessions[at])) {
            add_key("j:", ids_[at]);
        }
    }
    for (const auto& [is_touched, name] : shared) {
        if (is_touched) {
            add_key("", name);
        }
    }
    return command;
}

void Encoder::note_touched(const SessionCommit& commit, Touched& touched) const {
    const bool ends = commit.end.has_value();
    touched.sessions |= ends || commit.expected_seq == 0;
    touched.ended |= ends;
    touched.timers |= ends || !commit.timers_set.empty() || !commit.timers_removed.empty();
    touched.inbox |= ends || !commit.inbox_added.empty() || !commit.inbox_removed.empty();
    touched.outbox |= !commit.outbox_added.empty() || !commit.outbox_removed.empty();
    touched.answers |= !commit.answers.empty();
    touched.expiry |= ends || !commit.answers.empty();
    touched.single += keeps_journal(commit) ? 1 : 0;
    for (const store::InboxRecord& record : commit.inbox_added) {
        touched.single += record.session != commit.session ? 1 : 0;
    }
}

// Close from above: what is reserved is kept as long as the call may have to be made again.
std::size_t Encoder::size_hint() const {
    constexpr std::size_t kCommit = 128;
    constexpr std::size_t kItem = 96;
    std::size_t bytes = kCommit;
    for (const SessionCommit& commit : batch_.sessions) {
        bytes += kCommit + SessionId::kTextLength;
        for (const store::FieldWrite& field : commit.fields) {
            bytes += 24 + field.name.size() + (field.value ? field.value->size() : 0);
        }
        for (const store::TimerRecord& timer : commit.timers_set) {
            bytes += kItem + timer.payload.size();
        }
        for (const store::InboxRecord& record : commit.inbox_added) {
            bytes += kItem + record.payload.size();
        }
        for (const store::OutboxRecord& record : commit.outbox_added) {
            bytes += kItem + record.payload.size();
        }
        bytes += kItem * (commit.timers_removed.size() + commit.inbox_removed.size());
        bytes += commit.end ? commit.end->payload.size() + kItem : 0;
    }
    return bytes;
}

bool Encoder::has_session_twice() const {
    if (batch_.sessions.size() < 2) {
        return false;
    }
    std::vector<std::string_view> ids(ids_.begin(), ids_.end());
    std::sort(ids.begin(), ids.end());
    return std::adjacent_find(ids.begin(), ids.end()) != ids.end();
}

void Encoder::add_head(redis::Command& command, const SessionCommit& commit) {
    command.add(commit.expected_seq).add(commit.seq);
    if (commit.expected_seq == 0) {
        command.add(commit.created_ms);
    } else {
        command.add("");
    }
    command.add(commit.end ? "ended" : "");
    command.add(made([&](std::string& out) { append_known(out, commit); }));
}

// " 7 12 ": of an end, what its owner knows of the session's inbox.
void Encoder::append_known(std::string& out, const SessionCommit& commit) {
    if (!commit.end) {
        return;
    }
    out += ' ';
    for (const auto* numbers : {&commit.inbox_removed, &commit.inbox_known}) {
        for (const std::uint64_t number : *numbers) {
            append_number(out, number);
            out += ' ';
        }
    }
}

void Encoder::add_additions(redis::Command& command, const SessionCommit& commit,
                            std::string_view id) {
    add_fields(command, commit);
    if (commit.expected_seq == 0) {
        command.add("c").add(2).add(commit.created_ms).add(id);
    }
    if (commit.end) {
        command.add("e").add(1).add(id);
    }
    Operation timers(command, "t", commit.timers_set.size(), 2);
    for (const store::TimerRecord& timer : commit.timers_set) {
        timers.item().add(timer.due_ms).add(made([&](std::string& out) {
            append_timer_member(out, timer.number, id);
        }));
    }
    add_boxes(command, commit, id);
    add_expiring(command, commit, id);
    if (keeps_journal(commit)) {
        command.add("j").add(3).add(id).add(commit.seq).add(made([&](std::string& out) {
            append_timed(out, commit.journal->at_ms, commit.journal->payload);
        }));
    }
}

void Encoder::add_fields(redis::Command& command, const SessionCommit& commit) {
    const auto written =
        std::count_if(commit.fields.begin(), commit.fields.end(),
                      [](const store::FieldWrite& field) { return field.value.has_value(); });
    Operation fields(command, "h",
                     1 + static_cast<std::size_t>(written) + commit.timers_set.size() +
                         (commit.expected_seq == 0 ? 1 : 0) + (commit.end ? 2 : 0),
                     2);
    fields.item().add("seq").add(made([&](std::string& out) {
        append_number(out, commit.seq);
        out += commit.end ? " ended" : "";
    }));
    if (commit.expected_seq == 0) {
        fields.item().add("created").add(commit.created_ms);
    }
    for (const store::FieldWrite& field : commit.fields) {
        if (field.value) {
            fields.item().add(field.name).add(*field.value);
        }
    }
    for (const store::TimerRecord& timer : commit.timers_set) {
        fields.item().add(made([&](std::string& out) { append_timer_field(out, timer.number); }));
        command.add(
            made([&](std::string& out) { append_timed(out, timer.due_ms, timer.payload); }));
    }
    if (commit.end) {
        fields.item().add("end").add(commit.end->payload);
        fields.item().add("expires").add(commit.end->expires_ms);
    }
}

void Encoder::add_boxes(redis::Command& command, const SessionCommit& commit, std::string_view id) {
    Operation inbox(command, "i", commit.inbox_added.size(), 2);
    for (const store::InboxRecord& record : commit.inbox_added) {
        inbox.item().add(id_of(record.session, commit, id));
        command.add(record.payload);
    }
    Operation outbox(command, "o", commit.outbox_added.size(), 1);
    for (const store::OutboxRecord& record : commit.outbox_added) {
        outbox.item().add(made([&](std::string& out) {
            append_outbox(out, record, id_of(record.session, commit, id));
        }));
    }
}

// What has a time after which expire() deletes it.
void Encoder::add_expiring(redis::Command& command, const SessionCommit& commit,
                           std::string_view id) {
    Operation answers(command, "a", commit.answers.size(), 2);
    for (const store::AnswerRecord& answer : commit.answers) {
        answers.item().add(answer.key).add(made([&](std::string& out) {
            append_timed(out, answer.expires_ms, answer.answer);
        }));
    }
    Operation expiry(command, "x", commit.answers.size() + (commit.end ? 1 : 0), 2);
    for (const store::AnswerRecord& answer : commit.answers) {
        expiry.item().add(answer.expires_ms).add(made([&](std::string& out) {
            out += "a:";
            out += answer.key;
        }));
        expires_ms_ = std::min(expires_ms_, answer.expires_ms);
    }
    if (commit.end) {
        expiry.item().add(commit.end->expires_ms).add(made([&](std::string& out) {
            out += "s:";
            out += id;
        }));
        expires_ms_ = std::min(expires_ms_, commit.end->expires_ms);
    }
}

void Encoder::add_removals(redis::Command& command, const SessionCommit& commit,
                           std::string_view id) {
    if (commit.end) {
        add_ranges(command, "I", commit.inbox_removed);
        // Times of the caller may be of another clock than that of Redis.
        const UnixMillis expires_ms = std::max(commit.end->expires_ms, SystemClock().now_ms());
        command.add("E").add(2).add(id).add(expires_ms + lifetimes_.margin.count());
    }
    if (commit.replace_all) {
        const auto written =
            std::count_if(commit.fields.begin(), commit.fields.end(),
                          [](const store::FieldWrite& field) { return field.value.has_value(); });
        // One operation: what it does not name goes. Its words bound the fields of a full record.
        command.add("R").add(written);
        for (const store::FieldWrite& field : commit.fields) {
            if (field.value) {
                command.add(field.name);
            }
        }
    }
    if (!commit.end) {
        add_removed_fields(command, commit, id);
        add_ranges(command, "I", commit.inbox_removed);
    }
    add_ranges(command, "O", commit.outbox_removed);
    if (keeps_journal(commit) && commit.seq > journal_.length) {
        command.add("J").add(2).add(id).add(commit.seq - journal_.length);
    }
}

void Encoder::add_removed_fields(redis::Command& command, const SessionCommit& commit,
                                 std::string_view id) {
    // A timer that is set again under its number stays: the two share field and member.
    Numbers timers;
    for (const auto& [due_ms, number] : commit.timers_removed) {
        const bool set_again = std::any_of(
            commit.timers_set.begin(), commit.timers_set.end(),
            [number = number](const store::TimerRecord& timer) { return timer.number == number; });
        if (!set_again) {
            timers.push_back(number);
        }
    }
    std::size_t deleted = timers.size() + commit.inbox_removed.size();
    for (const store::FieldWrite& field : commit.fields) {
        deleted += field.value || commit.replace_all ? 0 : 1;
    }
    Operation fields(command, "D", deleted, 1);
    for (const store::FieldWrite& field : commit.fields) {
        if (!field.value && !commit.replace_all) {
            fields.item().add(field.name);
        }
    }
    for (const std::uint64_t number : timers) {
        fields.item().add(made([&](std::string& out) { append_timer_field(out, number); }));
    }
    for (const std::uint64_t number : commit.inbox_removed) {
        fields.item().add(made([&](std::string& out) { append_inbox_field(out, number); }));
    }
    Operation members(command, "T", timers.size(), 1);
    for (const std::uint64_t number : timers) {
        members.item().add(made([&](std::string& out) { append_timer_member(out, number, id); }));
    }
}

// Numbers that follow each other go as one range.
void Encoder::add_ranges(redis::Command& command, std::string_view letter,
                         std::span<const std::uint64_t> given) {
    if (given.empty()) {
        return;
    }
    Numbers numbers(given.begin(), given.end());
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    boost::container::small_vector<std::pair<std::uint64_t, std::uint64_t>, kFew> ranges;
    for (const std::uint64_t number : numbers) {
        if (ranges.empty() || ranges.back().second + 1 != number) {
            ranges.emplace_back(number, number);
        }
        ranges.back().second = number;
    }
    Operation operation(command, letter, ranges.size(), 2);
    for (const auto& [first, last] : ranges) {
        operation.item().add(first).add(last);
    }
}

}  // namespace

Result<CommitShape> check_batch(const store::CommitBatch& batch) {
    CommitShape shape;
    shape.sessions.reserve(batch.sessions.size());
    for (const SessionCommit& commit : batch.sessions) {
        if (commit.session.partition() != batch.partition ||
            commit.seq != commit.expected_seq + 1) {
            return Error(ErrorCode::kInvalidArgument,
                         "session " + commit.session.key() + " is of another partition than " +
                             std::to_string(batch.partition) +
                             ", or its sequence numbers do not follow each other");
        }
        for (const store::FieldWrite& field : commit.fields) {
            if (!is_data_field(field.name)) {
                return Error(ErrorCode::kInvalidArgument,
                             "\"" + field.name + "\" is no field of a session's record");
            }
        }
        shape.sessions.push_back({commit.expected_seq, commit.seq,
                                  static_cast<std::uint32_t>(commit.inbox_added.size()),
                                  static_cast<std::uint32_t>(commit.outbox_added.size())});
    }
    return shape;
}

EncodedCommit encode_commit(const store::CommitBatch& batch, const Keys& keys,
                            const Lifetimes& lifetimes, const store::JournalOptions& journal) {
    return Encoder(batch, keys, lifetimes, journal).encode();
}

}  // namespace fermata::redis_store

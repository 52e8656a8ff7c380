#include "engine/postbox.h"

#include <charconv>
#include <optional>
#include <utility>

#include "engine/calls.h"
#include "engine/record_codec.h"

namespace fermata::engine {
namespace {

struct ReceiptName {
    Partition partition = 0;
    std::uint64_t number = 0;
};

std::optional<ReceiptName> parse_name(const std::string& text) {
    ReceiptName name;
    const char* const end = text.data() + text.size();
    const auto partition = std::from_chars(text.data(), end, name.partition);
    if (partition.ec != std::errc() || partition.ptr == end || *partition.ptr != '-') {
        return std::nullopt;
    }
    const auto number = std::from_chars(partition.ptr + 1, end, name.number);
    if (number.ec != std::errc() || number.ptr != end || name.number == 0) {
        return std::nullopt;
    }
    return name;
}

bool waits_for_its_start(const std::optional<store::SessionRecord>& record) {
    const std::string* const meta = record ? record->find("meta") : nullptr;
    const auto decoded = meta == nullptr ? Result<SessionMeta>(SessionMeta()) : decode_meta(*meta);
    return decoded && decoded->start_at_ms;
}

}  // namespace

Postbox::Postbox(const Options& options, store::Store& store, const Ownership* ownership)
    : events_max_(options.inbox_events_max),
      store_(store),
      ownership_(ownership),
      waiting_(store.facts().partition_count) {}

void Postbox::append(const SessionId& session, EventRequest request, Answer<InboxReceipt> done) {
    if (request.delay.count() > 0) {
        done(Error(ErrorCode::kInvalidArgument,
                   "a delayed event needs its partition's owner, which is not known now"));
        return;
    }
    make_room({session, std::move(request), std::move(done)});
}

std::uint64_t Postbox::oldest_of_full(Partition partition) {
    const std::lock_guard lock(mutex_);
    const Receipts& waiting = waiting_[partition];
    return waiting.size() < events_max_ ? 0 : waiting.front();
}

// Events leave an inbox in no strict order, but the oldest is among the first: while it is there,
// the inbox counts as full.
void Postbox::make_room(Letter letter) {
    const Partition partition = letter.session.partition();
    const std::uint64_t oldest = oldest_of_full(partition);
    if (oldest == 0) {
        check_session(std::move(letter));
        return;
    }
    store_.list_inbox(
        partition, oldest - 1, 1,
        [self = shared_from_this(), partition, oldest,
         letter = std::move(letter)](const Result<std::vector<store::InboxRecord>>& page) mutable {
            if (!page) {
                letter.done(page.error());
            } else if (!page->empty() && page->front().number == oldest) {
                letter.done(Error(ErrorCode::kOverloaded,
                                  "inbox-events (" + std::to_string(self->events_max_) +
                                      ") wait for the next owner of the session's partition"));
            } else {
                {
                    const std::lock_guard lock(self->mutex_);
                    Receipts& waiting = self->waiting_[partition];
                    if (!waiting.empty() && waiting.front() == oldest) {
                        waiting.pop_front();
                    }
                }
                self->make_room(std::move(letter));
            }
        });
}

void Postbox::check_session(Letter letter) {
    const SessionId session = letter.session;
    store_.load_session(
        session, [self = shared_from_this(), letter = std::move(letter)](
                     const Result<std::optional<store::SessionRecord>>& record) mutable {
            if (!record) {
                letter.done(record.error());
            } else if (waits_for_its_start(*record)) {
                letter.done(Error(ErrorCode::kConflict, "session " + letter.session.to_string() +
                                                            " has not started yet"));
            } else {
                self->append(std::move(letter));
            }
        });
}

// Whether the session lives is for the store to tell (InboxAppend::only_live): what is read without
// owning the partition may be older than what was acknowledged. The repetition of an event that the
// session consumed before it ended is taken as well; the next owner knows its answer.
void Postbox::append(Letter letter) {
    InboxPayload payload;
    payload.event = std::move(letter.request.event);
    payload.answer_key = answer_key_of_event(letter.session, letter.request.idempotency_key);
    store::InboxRecord record;
    record.session = letter.session;
    record.payload = encode(payload, format_to_write(ownership_));
    store::InboxAppend append;
    append.partition = letter.session.partition();
    append.records.push_back(std::move(record));
    append.only_live = true;
    append.unless_answered = payload.answer_key;
    append.promised = true;
    store_.append_inbox(std::move(append), [self = shared_from_this(), letter = std::move(letter)](
                                               const Result<store::InboxAnswer>& answer) {
        if (!answer) {
            letter.done(answer.error());
        } else if (answer->numbers.front() == store::InboxAnswer::kNobodyThere) {
            letter.done(
                Error(ErrorCode::kNotFound, "there is no session " + letter.session.to_string()));
        } else {
            self->on_appended(letter, answer->numbers.front());
        }
    });
}

void Postbox::on_appended(const Letter& letter, std::uint64_t number) {
    const Partition partition = letter.session.partition();
    {
        const std::lock_guard lock(mutex_);
        waiting_[partition].push_back(number);
        if (waiting_[partition].size() > events_max_) {
            waiting_[partition].pop_front();  // several came at a time
        }
    }
    letter.done(InboxReceipt{std::to_string(partition) + "-" + std::to_string(number)});
}

void Postbox::find(const std::string& id, Answer<ReceiptState> done) {
    const auto name = parse_name(id);
    const Error unknown(ErrorCode::kNotFound, "there is no receipt " + id);
    if (!name || name->partition >= waiting_.size()) {
        done(unknown);
        return;
    }
    store_.list_inbox(name->partition, name->number - 1, 1,
                      [self = shared_from_this(), name = *name, unknown, done = std::move(done)](
                          const Result<std::vector<store::InboxRecord>>& page) {
                          if (!page) {
                              done(page.error());
                              return;
                          }
                          if (!page->empty() && page->front().number == name.number) {
                              done(ReceiptState::kWaiting);
                              return;
                          }
                          self->store_.read_partition(
                              name.partition, [name, unknown, done](
                                                  const Result<store::PartitionRecord>& partition) {
                                  if (!partition) {
                                      done(partition.error());
                                  } else if (name.number < partition->next_number) {
                                      done(ReceiptState::kTaken);
                                  } else {
                                      done(unknown);
                                  }
                              });
                      });
}

}  // namespace fermata::engine

// Whatever may stand in Redis in place of our records: replies to the store's reads, texts of
// entries, answers of scripts. Nothing of it may do more harm than an error, and what is read well
// is written back the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "redis/testing.h"
#include "redis_store/append_encoder.h"
#include "redis_store/commit_encoder.h"
#include "redis_store/entries.h"
#include "redis_store/import_encoder.h"
#include "redis_store/node_text.h"
#include "redis_store/replies.h"

namespace {

using namespace fermata;               // NOLINT(google-build-using-namespace): a program of its own
using namespace fermata::redis_store;  // NOLINT(google-build-using-namespace)

SessionId some_session() {
    return SessionId::from_name("fuzz", 16);
}

void decode_texts(std::string_view text) {
    if (const auto timer = decode_timer_member(text)) {
        std::string again;
        append_timer_member(again, timer->first, timer->second.key());
        FERMATA_CHECK(decode_timer_member(again)->first == timer->first);
    }
    if (const auto outbox = decode_outbox(text)) {
        std::string again = std::to_string(outbox->number) + " ";
        append_outbox(again, *outbox, outbox->session.key());
        FERMATA_CHECK(decode_outbox(again)->payload == outbox->payload);
    }
    if (const auto timed = decode_timed(text)) {
        std::string again;
        append_timed(again, timed->time_ms, timed->payload);
        FERMATA_CHECK(decode_timed(again)->payload == timed->payload);
    }
    static_cast<void>(decode_inbox(text));
    static_cast<void>(decode_document_name("name", text));
    static_cast<void>(parse_cursor(std::string(text)));
    if (const auto node = decode_node("7", text)) {
        const auto again = encode_node(*node);
        FERMATA_CHECK(again && *decode_node("7", *again) == *node);
    }
}

void decode_answers(std::string_view text) {
    const CommitShape shape{{{0, 1, 2, 1}, {3, 4, 0, 0}}};
    for (const bool conflict : {false, true}) {
        const CallAnswer answer{conflict, text};
        if (const auto commit = decode_commit_answer(shape, answer)) {
            FERMATA_CHECK(commit->sessions.size() == 2);
        }
        static_cast<void>(decode_import_answer({some_session()}, answer));
    }
    if (const auto append = decode_append_answer(2, {false, text})) {
        FERMATA_CHECK(append->numbers.size() == 2);
    }
}

void decode_reply(redis::ReplyView reply) {
    constexpr std::size_t kLimit = 3;
    SessionReader reader(some_session());
    static_cast<void>(session_of(reader, reply));
    static_cast<void>(reader.take_timers());
    for (const auto phase : fermata::store::kSessionPhases) {
        if (const auto page = session_page_of(reply, phase, kLimit)) {
            FERMATA_CHECK(page->sessions.size() <= kLimit);
            FERMATA_CHECK(page->next.empty() || reply.size() > 0);
        }
    }
    if (const auto page = timer_page_of(reply, kLimit)) {
        FERMATA_CHECK(page->timers.size() <= kLimit);
    }
    static_cast<void>(inbox_of(reply));
    static_cast<void>(outbox_of(reply));
    if (const auto journal = journal_of(some_session(), reply, kLimit)) {
        FERMATA_CHECK(journal->size() <= kLimit);
    }
    static_cast<void>(answer_of("key", reply));
    static_cast<void>(document_names_of(reply));
    static_cast<void>(answer_page_of(reply));
    if (auto partition = partition_of(reply)) {
        static_cast<void>(with_senders(*std::move(partition), reply));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    decode_texts(text);
    decode_answers(text);
    if (const auto reply = redis::decode_reply(text)) {
        decode_reply(reply->view());
    }
    return 0;
}

#include "engine/record_codec.h"

#include <type_traits>

#include "engine/record_reader.h"

namespace fermata::engine {

namespace {

using value::Reader;
using value::Writer;

// The second byte of every record. Stored: never change one, only add.
constexpr char kMeta = 'm';
constexpr char kExtras = 'x';
constexpr char kTimer = 't';
constexpr char kInbox = 'i';
constexpr char kOutbox = 'o';
constexpr char kEnd = 'e';
constexpr char kAnswer = 'a';
constexpr char kJournal = 'j';

// Alternatives of TimerPayload and OutboxPayload by number: their order in the variants. Stored.
constexpr std::uint8_t kSendTimer = 0;
constexpr std::uint8_t kEventTimer = 1;
constexpr std::uint8_t kStartTimer = 2;
constexpr std::uint8_t kTimerKinds = std::variant_size_v<TimerPayload>;
constexpr std::uint8_t kRemoteEvent = 0;
constexpr std::uint8_t kHttpDelivery = 1;
constexpr std::uint8_t kStartChild = 2;
constexpr std::uint8_t kOutboxKinds = std::variant_size_v<OutboxPayload>;
static_assert(std::is_same_v<std::variant_alternative_t<kSendTimer, TimerPayload>, SendTimer>);
static_assert(std::is_same_v<std::variant_alternative_t<kEventTimer, TimerPayload>, EventTimer>);
static_assert(std::is_same_v<std::variant_alternative_t<kStartTimer, TimerPayload>, StartTimer>);
static_assert(std::is_same_v<std::variant_alternative_t<kRemoteEvent, OutboxPayload>, RemoteEvent>);
static_assert(
    std::is_same_v<std::variant_alternative_t<kHttpDelivery, OutboxPayload>, HttpDelivery>);
static_assert(std::is_same_v<std::variant_alternative_t<kStartChild, OutboxPayload>, StartChild>);

Writer begin(RecordFormat format, char kind) {
    Writer writer;
    write_header(writer, format, kind);
    return writer;
}

void write_parameters(Writer& writer, const Parameters& parameters) {
    writer.varint(parameters.size());
    for (const auto& [name, value] : parameters) {
        writer.text(name);
        write_value(writer, value);
    }
}

Parameters read_parameters(RecordReader& reader) {
    Parameters parameters;
    for (std::uint64_t left = reader.count("params"); left > 0 && reader.ok(); --left) {
        std::string name = reader.text("param name");
        parameters.emplace_back(std::move(name), reader.value("param value"));
    }
    return parameters;
}

void write_send(Writer& writer, const scxml::SendEffect& send) {
    writer.byte(static_cast<std::uint8_t>(send.processor));
    writer.text(send.target);
    value::write_event(writer, send.event);
    writer.text(send.sendid);
    writer.signed_varint(send.delay_ms);
    writer.varint(send.form.size());
    for (const auto& [name, text] : send.form) {
        writer.text(name);
        writer.text(text);
    }
    write_flag(writer, send.has_content);
}

scxml::SendEffect read_send(RecordReader& reader) {
    scxml::SendEffect send;
    send.processor = static_cast<scxml::Processor>(reader.choice("processor", 2));
    send.target = reader.text("target");
    send.event = reader.event("event");
    send.sendid = reader.text("sendid");
    send.delay_ms = reader.signed_varint("delay");
    for (std::uint64_t left = reader.count("form"); left > 0 && reader.ok(); --left) {
        std::string name = reader.text("form name");
        send.form.emplace_back(std::move(name), reader.text("form value"));
    }
    send.has_content = reader.flag("has content");
    return send;
}

void write_invoke(Writer& writer, const scxml::InvokeEffect& invoke) {
    writer.text(invoke.invokeid);
    writer.text(invoke.type);
    writer.text(invoke.url);
    writer.text(invoke.content);
    write_parameters(writer, invoke.params);
    write_flag(writer, invoke.autoforward);
}

scxml::InvokeEffect read_invoke(RecordReader& reader) {
    scxml::InvokeEffect invoke;
    invoke.invokeid = reader.text("invokeid");
    invoke.type = reader.text("type");
    invoke.url = reader.text("url");
    invoke.content = reader.text("content");
    invoke.params = read_parameters(reader);
    invoke.autoforward = reader.flag("autoforward");
    return invoke;
}

TimerPayload read_timer(RecordReader& reader) {
    switch (reader.choice("timer kind", kTimerKinds)) {
        case kSendTimer:
            return SendTimer{read_send(reader)};
        case kEventTimer:
            return EventTimer{reader.event("event")};
        case kStartTimer:
            return StartTimer{};
        default:
            return AgeTimer{};
    }
}

void write_outbox(Writer& writer, const RemoteEvent& remote) {
    write_session(writer, remote.target);
    value::write_event(writer, remote.event);
}

void write_outbox(Writer& writer, const HttpDelivery& delivery) {
    writer.text(delivery.url);
    writer.text(delivery.body);
    writer.text(delivery.content_type);
    writer.text(delivery.sendid);
    writer.text(delivery.event);
}

void write_outbox(Writer& writer, const StartChild& start) {
    write_session(writer, start.child);
    write_invoke(writer, start.invoke);
}

void write_outbox(Writer& writer, const CancelChild& cancel) {
    write_session(writer, cancel.child);
    writer.text(cancel.invokeid);
}

HttpDelivery read_delivery(RecordReader& reader) {
    HttpDelivery delivery;
    delivery.url = reader.text("url");
    delivery.body = reader.text("body");
    delivery.content_type = reader.text("content type");
    delivery.sendid = reader.text("sendid");
    delivery.event = reader.text("event name");
    return delivery;
}

OutboxPayload read_outbox(RecordReader& reader) {
    const std::uint8_t kind = reader.choice("outbox kind", kOutboxKinds);
    if (kind == kHttpDelivery) {
        return read_delivery(reader);
    }
    const SessionId session = reader.session("session");
    if (kind == kRemoteEvent) {
        return RemoteEvent{session, reader.event("event")};
    }
    if (kind == kStartChild) {
        return StartChild{session, read_invoke(reader)};
    }
    return CancelChild{session, reader.text("invokeid")};
}

}  // namespace

std::string encode(const SessionMeta& meta, RecordFormat format) {
    Writer writer = begin(format, kMeta);
    write_session(writer, meta.session);
    writer.text(meta.chart_hash);
    writer.text(meta.url);
    writer.text(meta.key);
    writer.text(meta.application);
    write_flag(writer, meta.parent.has_value());
    if (meta.parent) {
        write_session(writer, *meta.parent);
    }
    writer.text(meta.invokeid);
    writer.signed_varint(meta.created_ms);
    writer.byte(static_cast<std::uint8_t>(meta.origin));
    write_flag(writer, meta.start_at_ms.has_value());
    if (meta.start_at_ms) {
        writer.signed_varint(*meta.start_at_ms);
    }
    write_parameters(writer, meta.params);
    return writer.take();
}

Result<SessionMeta> decode_meta(std::string_view bytes) {
    Reader raw(bytes);
    RecordReader reader("session meta", raw);
    reader.header(kMeta);
    SessionMeta meta;
    meta.session = reader.session("session");
    meta.chart_hash = reader.text("chart hash");
    meta.url = reader.text("url");
    meta.key = reader.text("key");
    meta.application = reader.text("application");
    if (reader.flag("has parent")) {
        meta.parent = reader.session("parent");
    }
    meta.invokeid = reader.text("invokeid");
    meta.created_ms = reader.signed_varint("created");
    meta.origin = static_cast<StartOrigin>(reader.choice("origin", 3));
    if (reader.flag("has start time")) {
        meta.start_at_ms = reader.signed_varint("start time");
    }
    meta.params = read_parameters(reader);
    FERMATA_TRY(reader.finish_at_end());
    return meta;
}

void encode(const RunExtras& extras, RecordFormat format, Writer& writer) {
    write_header(writer, format, kExtras);
    writer.varint(extras.invokes.size());
    for (const auto& [invokeid, child] : extras.invokes) {
        writer.text(invokeid);
        write_session(writer, child);
    }
    writer.varint(extras.timer_number_next);
    writer.varint(extras.unique_id_next);
}

Result<RunExtras> decode_extras(Reader& raw) {
    RecordReader reader("session state", raw);
    reader.header(kExtras);
    RunExtras extras;
    for (std::uint64_t left = reader.count("invokes"); left > 0 && reader.ok(); --left) {
        std::string invokeid = reader.text("invokeid");
        extras.invokes.emplace_back(std::move(invokeid), reader.session("child"));
    }
    extras.timer_number_next = reader.varint("next timer number");
    extras.unique_id_next = reader.varint("next unique id");
    FERMATA_TRY(reader.finish());
    return extras;
}

std::string encode(const TimerPayload& timer, RecordFormat format) {
    Writer writer = begin(format, kTimer);
    writer.byte(static_cast<std::uint8_t>(timer.index()));
    if (const auto* send = std::get_if<SendTimer>(&timer)) {
        write_send(writer, send->send);
    } else if (const auto* event = std::get_if<EventTimer>(&timer)) {
        value::write_event(writer, event->event);
    }
    return writer.take();
}

Result<TimerPayload> decode_timer(std::string_view bytes) {
    Reader raw(bytes);
    RecordReader reader("timer", raw);
    reader.header(kTimer);
    TimerPayload timer = read_timer(reader);
    FERMATA_TRY(reader.finish_at_end());
    return timer;
}

std::string encode(const InboxPayload& inbox, RecordFormat format) {
    Writer writer = begin(format, kInbox);
    value::write_event(writer, inbox.event);
    writer.text(inbox.effect_id);
    if (!inbox.answer_key.empty()) {
        writer.text(inbox.answer_key);
    }
    return writer.take();
}

Result<InboxPayload> decode_inbox(std::string_view bytes) {
    Reader raw(bytes);
    RecordReader reader("inbox entry", raw);
    reader.header(kInbox);
    InboxPayload inbox;
    inbox.event = reader.event("event");
    inbox.effect_id = reader.text("effect id");
    if (raw.ok() && raw.left() > 0) {
        inbox.answer_key = reader.text("answer key");
    }
    FERMATA_TRY(reader.finish_at_end());
    return inbox;
}

std::string encode(const OutboxPayload& outbox, RecordFormat format) {
    Writer writer = begin(format, kOutbox);
    writer.byte(static_cast<std::uint8_t>(outbox.index()));
    std::visit([&writer](const auto& payload) { write_outbox(writer, payload); }, outbox);
    return writer.take();
}

Result<OutboxPayload> decode_outbox(std::string_view bytes) {
    Reader raw(bytes);
    RecordReader reader("outbox entry", raw);
    reader.header(kOutbox);
    OutboxPayload outbox = read_outbox(reader);
    FERMATA_TRY(reader.finish_at_end());
    return outbox;
}

std::string encode(const EndPayload& end, RecordFormat format) {
    Writer writer = begin(format, kEnd);
    writer.byte(static_cast<std::uint8_t>(end.status));
    writer.varint(end.configuration.size());
    for (const std::string& state : end.configuration) {
        writer.text(state);
    }
    write_value(writer, end.donedata);
    writer.text(end.detail);
    writer.signed_varint(end.ended_ms);
    writer.varint(end.seq);
    return writer.take();
}

Result<EndPayload> decode_end(std::string_view bytes) {
    Reader raw(bytes);
    RecordReader reader("end record", raw);
    reader.header(kEnd);
    EndPayload end;
    constexpr auto kStatusEnd = static_cast<std::uint8_t>(SessionStatus::kError) + 1;
    end.status = static_cast<SessionStatus>(reader.choice("status", kStatusEnd));
    for (std::uint64_t left = reader.count("configuration"); left > 0 && reader.ok(); --left) {
        end.configuration.push_back(reader.text("state"));
    }
    end.donedata = reader.value("donedata");
    end.detail = reader.text("detail");
    end.ended_ms = reader.signed_varint("ended");
    end.seq = reader.varint("seq");
    FERMATA_TRY(reader.finish_at_end());
    return end;
}

std::string encode(const KeptAnswer& answer, RecordFormat format) {
    Writer writer = begin(format, kAnswer);
    write_session(writer, answer.session);
    writer.text(answer.key);
    writer.varint(answer.seq);
    return writer.take();
}

Result<KeptAnswer> decode_answer(std::string_view bytes) {
    Reader raw(bytes);
    RecordReader reader("kept answer", raw);
    reader.header(kAnswer);
    KeptAnswer answer;
    answer.session = reader.session("session");
    answer.key = reader.text("key");
    answer.seq = reader.varint("seq");
    FERMATA_TRY(reader.finish_at_end());
    return answer;
}

std::string encode(const JournalEntry& entry, RecordFormat format) {
    Writer writer = begin(format, kJournal);
    writer.varint(entry.steps.size());
    for (const JournalStep& step : entry.steps) {
        writer.byte(static_cast<std::uint8_t>(step.kind));
        writer.text(step.name);
        writer.text(step.text);
    }
    writer.varint(entry.left_out);
    return writer.take();
}

Result<JournalEntry> decode_journal(std::string_view bytes) {
    Reader raw(bytes);
    RecordReader reader("journal entry", raw);
    reader.header(kJournal);
    JournalEntry entry;
    constexpr auto kKindEnd = static_cast<std::uint8_t>(LiveMoment::Kind::kEnded) + 1;
    for (std::uint64_t left = reader.count("steps"); left > 0 && reader.ok(); --left) {
        JournalStep step;
        step.kind = static_cast<LiveMoment::Kind>(reader.choice("step kind", kKindEnd));
        step.name = reader.text("step name");
        step.text = reader.text("step text");
        entry.steps.push_back(std::move(step));
    }
    entry.left_out = reader.varint("left out");
    FERMATA_TRY(reader.finish_at_end());
    return entry;
}

}  // namespace fermata::engine

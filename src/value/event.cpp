#include "value/event.h"

namespace fermata::value {

void write_event(Writer& writer, const Event& event) {
    writer.text(event.name);
    writer.byte(static_cast<std::uint8_t>(event.type));
    writer.text(event.sendid);
    writer.text(event.origin);
    writer.text(event.origintype);
    writer.text(event.invokeid);
    // Wrapped as text, since its references count from its own beginning.
    writer.text(event.data.bytes());
    writer.text(event.raw);
}

Event read_event(Reader& reader) {
    Event event;
    event.name = reader.text();
    const std::uint8_t type = reader.byte();
    event.sendid = reader.text();
    event.origin = reader.text();
    event.origintype = reader.text();
    event.invokeid = reader.text();
    auto data = Value::from_bytes(std::string(reader.text()));
    event.raw = reader.text();
    if (!reader.ok() || !data || type > static_cast<std::uint8_t>(EventType::kExternal)) {
        reader.fail();
        return {};
    }
    event.type = static_cast<EventType>(type);
    event.data = *std::move(data);
    return event;
}

}  // namespace fermata::value

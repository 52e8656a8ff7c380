#include "engine/http_body.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fermata::engine {
namespace {

constexpr std::string_view kEventNameField = "_scxmleventname";
constexpr std::string_view kFormBlank = "+";

bool is_plain(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '*';
}

// Percent-encoding; in forms (application/x-www-form-urlencoded, as HTML defines it) a blank is
// "+".
void append_encoded(std::string& out, std::string_view text, std::string_view blank) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    for (const char c : text) {
        if (is_plain(c)) {
            out += c;
        } else if (c == ' ') {
            out += blank;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += kDigits[byte >> 4U];
            out += kDigits[byte & 0x0fU];
        }
    }
}

void append_field(std::string& out, std::string_view name, std::string_view text) {
    if (!out.empty()) {
        out += '&';
    }
    append_encoded(out, name, kFormBlank);
    out += '=';
    append_encoded(out, text, kFormBlank);
}

std::string content_type_of(const value::Value& content) {
    switch (content.tag()) {
        case value::Tag::kString:
            return "text/plain; charset=utf-8";
        case value::Tag::kXml:
        case value::Tag::kXmlNode:
            return "application/xml";
        default:
            return "application/json";
    }
}

// Form fields are text to the receiver; the last of several values of one name wins, in the place
// of the first.
value::Value data_of_form(const std::vector<std::pair<std::string, std::string>>& form) {
    std::vector<std::pair<std::string, value::Value>> members;
    for (const auto& [name, text] : form) {
        if (name == kEventNameField) {
            continue;
        }
        const std::string& wanted = name;
        const auto known = std::find_if(members.begin(), members.end(),
                                        [&](const auto& one) { return one.first == wanted; });
        if (known == members.end()) {
            members.emplace_back(name, value::Value::string(text));
        } else {
            known->second = value::Value::string(text);
        }
    }
    return members.empty() ? value::Value() : value::Value::object(members);
}

// C.2: _scxmleventname names the event when it is there exactly once; otherwise the method does.
std::string event_name_of(const scxml::SendEffect& send) {
    std::string name = send.event.name;
    int times = name.empty() ? 0 : 1;
    for (const auto& [field, text] : send.form) {
        if (field == kEventNameField) {
            name = text;
            ++times;
        }
    }
    return times == 1 && !name.empty() && !send.has_content ? name : "HTTP.POST";
}

value::Value data_of_content(const scxml::SendEffect& send, const HttpDelivery& delivery) {
    if (send.event.data.is_string()) {
        return send.event.data;
    }
    if (delivery.content_type == "application/xml") {
        return value::Value::xml(delivery.body);
    }
    auto parsed = value::Value::from_json(delivery.body);
    return parsed ? *std::move(parsed) : value::Value::string(delivery.body);
}

}  // namespace

HttpDelivery http_delivery_of(const scxml::SendEffect& send) {
    HttpDelivery delivery;
    delivery.url = send.target;
    delivery.sendid = send.event.sendid;
    delivery.event = send.event.name;
    if (send.has_content) {
        delivery.content_type = content_type_of(send.event.data);
        delivery.body = send.event.data.to_text();
        return delivery;
    }
    delivery.content_type = "application/x-www-form-urlencoded";
    if (!send.event.name.empty()) {
        append_field(delivery.body, kEventNameField, send.event.name);
    }
    for (const auto& [name, text] : send.form) {
        append_field(delivery.body, name, text);
    }
    return delivery;
}

value::Event http_event_of(const scxml::SendEffect& send) {
    const HttpDelivery delivery = http_delivery_of(send);
    value::Event event;
    event.name = event_name_of(send);
    event.origintype = scxml::kBasicHttpProcessor;
    event.data = send.has_content ? data_of_content(send, delivery) : data_of_form(send.form);
    const std::size_t path = send.target.find('/', send.target.find("://") + 3);
    event.raw = http_raw("POST " + send.target.substr(std::min(path, send.target.size())) +
                             " HTTP/1.1\r\nContent-Type: " + delivery.content_type + "\r\n",
                         delivery.content_type, delivery.body);
    return event;
}

std::string http_raw(std::string_view head, std::string_view content_type, std::string_view body) {
    std::string raw(head);
    raw += "\r\n";
    if (content_type.starts_with("text/")) {
        append_encoded(raw, body, "%20");
    } else {
        raw += body;
    }
    return raw;
}

}  // namespace fermata::engine

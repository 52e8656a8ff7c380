#include "engine/http_body.h"

#include <string>
#include <string_view>

namespace fermata::engine {
namespace {

constexpr std::string_view kEventNameField = "_scxmleventname";

bool is_plain(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '*';
}

// application/x-www-form-urlencoded, as HTML defines it.
void append_encoded(std::string& out, std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    for (const char c : text) {
        if (is_plain(c)) {
            out += c;
        } else if (c == ' ') {
            out += '+';
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
    append_encoded(out, name);
    out += '=';
    append_encoded(out, text);
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

}  // namespace fermata::engine

#include "http/sse.h"

namespace fermata::http {
namespace {

void append_single_line(std::string& out, std::string_view field, std::string_view text) {
    if (text.empty()) {
        return;
    }
    out += field;
    for (const char character : text) {
        if (character != '\n' && character != '\r') {
            out += character;
        }
    }
    out += '\n';
}

void append_lines(std::string& out, std::string_view field, std::string_view text) {
    while (true) {
        const std::size_t end = text.find_first_of("\r\n");
        out += field;
        out += text.substr(0, end);
        out += '\n';
        if (end == std::string_view::npos) {
            return;
        }
        const bool is_crlf = text[end] == '\r' && end + 1 < text.size() && text[end + 1] == '\n';
        text.remove_prefix(end + (is_crlf ? 2 : 1));
    }
}

}  // namespace

std::string format_event(std::string_view id, std::string_view name, std::string_view data) {
    std::string out;
    out.reserve(id.size() + name.size() + data.size() + 32);
    if (id.find('\0') == std::string_view::npos) {
        append_single_line(out, "id: ", id);
    }
    append_single_line(out, "event: ", name);
    append_lines(out, "data: ", data);
    out += '\n';
    return out;
}

std::string format_comment(std::string_view text) {
    std::string out;
    append_lines(out, ": ", text);
    out += '\n';
    return out;
}

std::string format_farewell(std::chrono::milliseconds pause, std::string_view reason,
                            bool after_part_of_line) {
    std::string out(after_part_of_line ? "\n" : "");
    out += "retry: " + std::to_string(pause.count()) + "\n";
    append_lines(out, ": ", reason);
    return out;
}

}  // namespace fermata::http

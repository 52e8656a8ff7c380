#include "api/json_writer.h"

#include "http/problem.h"

namespace fermata::api {

void JsonWriter::separate() {
    if (needs_comma_) {
        json_ += ',';
    }
    needs_comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
    separate();
    json_ += bracket;
    needs_comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::shut(char bracket) {
    json_ += bracket;
    needs_comma_ = true;
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    separate();
    http::append_json_string(json_, name);
    json_ += ':';
    needs_comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::text(std::string_view text) {
    separate();
    http::append_json_string(json_, text);
    return *this;
}

JsonWriter& JsonWriter::boolean(bool flag) {
    return raw(flag ? "true" : "false");
}

JsonWriter& JsonWriter::raw(std::string_view json) {
    separate();
    json_ += json;
    return *this;
}

JsonWriter& JsonWriter::member(std::string_view name, const std::vector<std::string>& texts) {
    key(name).begin_array();
    for (const std::string& item : texts) {
        text(item);
    }
    return end_array();
}

}  // namespace fermata::api

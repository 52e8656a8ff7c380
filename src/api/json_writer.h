// JsonWriter: builds one JSON text from the outside in; the caller keeps begin and end in balance.
//
//   JsonWriter json;
//   json.begin_object().member("id", id).key("states").begin_array()…end_array().end_object();
//
// Threads: one owner at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "value/value.h"

namespace fermata::api {

class JsonWriter {
  public:
    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return shut('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return shut(']'); }
    JsonWriter& key(std::string_view name);

    JsonWriter& text(std::string_view text);
    JsonWriter& boolean(bool flag);
    JsonWriter& value(const value::Value& value) { return raw(value.to_json()); }
    // A complete JSON text.
    JsonWriter& raw(std::string_view json);
    template <typename Number>
    requires(std::is_integral_v<Number> &&
             !std::is_same_v<Number, bool>) JsonWriter& number(Number number) {
        return raw(std::to_string(number));
    }

    JsonWriter& member(std::string_view name, std::string_view text) {
        return key(name).text(text);
    }
    template <typename Number>
    requires(std::is_integral_v<Number> &&
             !std::is_same_v<Number, bool>) JsonWriter& member(std::string_view name,
                                                               Number number) {
        return key(name).number(number);
    }
    JsonWriter& member(std::string_view name, const std::vector<std::string>& texts);

    [[nodiscard]] const std::string& json() const { return json_; }
    [[nodiscard]] std::string take() { return std::move(json_); }

  private:
    JsonWriter& open(char bracket);
    JsonWriter& shut(char bracket);
    void separate();

    std::string json_;
    bool needs_comma_ = false;
};

}  // namespace fermata::api

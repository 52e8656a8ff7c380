#include "api/body.h"

#include <algorithm>
#include <charconv>

#include "http/form.h"
#include "http/media_type.h"

namespace fermata::api {

namespace {

Error wrong(std::string message) {
    return {ErrorCode::kInvalidArgument, std::move(message)};
}

std::string join(std::initializer_list<std::string_view> names) {
    std::string joined;
    for (const std::string_view name : names) {
        joined += (joined.empty() ? "" : ", ") + std::string(name);
    }
    return joined;
}

bool contains(std::initializer_list<std::string_view> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

Result<std::int64_t> parse_whole(std::string_view text, std::string_view name) {
    std::int64_t number = 0;
    const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || rest != text.data() + text.size() || number < 0) {
        return wrong("'" + std::string(name) + "' must be a whole number of at least 0");
    }
    return number;
}

}  // namespace

Result<Members> read_members(const http::Request& request,
                             std::initializer_list<std::string_view> known) {
    if (request.body.empty()) {
        return Members{};
    }
    FERMATA_TRY_ASSIGN(const value::Value body, value::Value::from_json(request.body));
    if (body.tag() != value::Tag::kObject) {
        return wrong("the body must be a JSON object");
    }
    Members members = body.members();
    for (const auto& [name, unused] : members) {
        if (!contains(known, name)) {
            return wrong("unknown member '" + name + "'; known are " + join(known));
        }
    }
    return members;
}

const value::Value* find(const Members& members, std::string_view name) {
    for (const auto& [key, value] : members) {
        if (key == name) {
            return &value;
        }
    }
    return nullptr;
}

Result<std::string> text_of(const Members& members, std::string_view name) {
    const value::Value* value = find(members, name);
    if (value == nullptr) {
        return std::string();
    }
    if (!value->is_string()) {
        return wrong("'" + std::string(name) + "' must be a string");
    }
    return value->to_text();
}

Result<std::int64_t> whole_number_of(const Members& members, std::string_view name) {
    const value::Value* value = find(members, name);
    if (value == nullptr) {
        return std::int64_t{0};
    }
    return parse_whole(value->is_string() ? "" : value->to_text(), name);
}

Result<value::Value> read_data(const http::Request& request) {
    if (request.body.empty()) {
        return request.query.empty() ? value::Value() : object_of(request.query);
    }
    const auto type = http::MediaType::parse(request.headers.get("Content-Type"));
    if (type && type->is_json()) {
        return value::Value::from_json(request.body);
    }
    if (type && type->is_form()) {
        FERMATA_TRY_ASSIGN(http::Fields fields, http::parse_form(request.body));
        fields.insert(fields.begin(), request.query.begin(), request.query.end());
        return object_of(fields);
    }
    if (type && type->is_xml()) {
        return value::Value::xml(request.body);
    }
    return value::Value::string(request.body);
}

value::Value object_of(const http::Fields& fields,
                       std::initializer_list<std::string_view> without) {
    std::vector<std::pair<std::string, std::vector<value::Value>>> grouped;
    for (const http::Field& field : fields) {
        if (contains(without, field.name)) {
            continue;
        }
        auto group = std::find_if(grouped.begin(), grouped.end(),
                                  [&](const auto& known) { return known.first == field.name; });
        if (group == grouped.end()) {
            group = grouped.insert(grouped.end(), {field.name, {}});
        }
        group->second.push_back(value::Value::string(field.value));
    }
    Members members;
    for (auto& [name, values] : grouped) {
        members.emplace_back(name,
                             values.size() == 1 ? values.front() : value::Value::array(values));
    }
    return value::Value::object(members);
}

Result<std::int64_t> query_number(const http::Request& request, std::string_view name,
                                  std::int64_t otherwise) {
    const auto text = request.query_value(name);
    if (!text) {
        return otherwise;
    }
    return parse_whole(*text, name);
}

}  // namespace fermata::api

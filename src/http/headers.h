// Headers: the fields of a message in the order received; names compare without case.
//
// Threads: a value; one owner at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fermata::http {

// A name and its value: a header field, a query or form parameter, a path parameter.
struct Field {
    std::string name;
    std::string value;

    bool operator==(const Field&) const = default;
};
using Fields = std::vector<Field>;

// ASCII only, as header names and schemes compare.
bool equals_ignoring_case(std::string_view left, std::string_view right);

class Headers {
  public:
    Headers() = default;
    Headers(std::initializer_list<Field> fields) : fields_(fields) {}

    // The value of the first field of that name.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
    // The value, or "" where the field is missing.
    [[nodiscard]] std::string_view get(std::string_view name) const;
    // All values of that name joined with ", ", as RFC 9110 section 5.3 allows.
    [[nodiscard]] std::string joined(std::string_view name) const;
    [[nodiscard]] bool contains(std::string_view name) const { return find(name).has_value(); }
    // Whether a comma-separated list field (Connection, Cache-Control) names that token.
    [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;

    // Appends, also when the name is there already (Set-Cookie).
    void add(std::string name, std::string value);
    // Replaces all fields of that name by one.
    void set(std::string_view name, std::string value);
    void remove(std::string_view name);
    void clear() { fields_.clear(); }

    [[nodiscard]] std::size_t size() const { return fields_.size(); }
    [[nodiscard]] bool empty() const { return fields_.empty(); }
    [[nodiscard]] Fields::const_iterator begin() const { return fields_.begin(); }
    [[nodiscard]] Fields::const_iterator end() const { return fields_.end(); }

    bool operator==(const Headers&) const = default;

  private:
    Fields fields_;
};

}  // namespace fermata::http

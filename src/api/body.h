// Bodies: reading request bodies into values, with answers that say what is wrong.
#pragma once

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/request.h"
#include "value/value.h"

namespace fermata::api {

using Members = std::vector<std::pair<std::string, value::Value>>;

// The members of a JSON object body; an empty body is an empty object. A member that is not among
// `known` is refused by name, so that a mistyped one is never ignored.
Result<Members> read_members(const http::Request& request,
                             std::initializer_list<std::string_view> known);

const value::Value* find(const Members& members, std::string_view name);
// Empty when missing; kInvalidArgument when it is no string.
Result<std::string> text_of(const Members& members, std::string_view name);
// 0 when missing; kInvalidArgument when it is not a whole number of at least 0.
Result<std::int64_t> whole_number_of(const Members& members, std::string_view name);

// The data of an event as SCXML C.2 and ORS see a message: JSON as its value, a form or the query
// as an object of texts, XML as a document, other bodies as text; undefined for none.
Result<value::Value> read_data(const http::Request& request);

// An object of texts; a name that repeats becomes an array. Fields named in `without` are left out.
value::Value object_of(const http::Fields& fields,
                       std::initializer_list<std::string_view> without = {});

// A query parameter as a whole number.
Result<std::int64_t> query_number(const http::Request& request, std::string_view name,
                                  std::int64_t otherwise);

}  // namespace fermata::api

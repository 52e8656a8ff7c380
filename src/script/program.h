// Program: the data-model side of one chart: every expression, location, script and data item, as
// text with its place. Immutable; shared by all sessions and shards that run the chart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fermata::script {

// Index into Program::expressions.
using ExpressionId = std::uint32_t;
inline constexpr ExpressionId kNoExpression = ~ExpressionId{0};

// Index into Program::data_ids.
using DataIndex = std::uint32_t;

enum class ExpressionKind : std::uint8_t {
    kCondition,  // evaluated as a boolean
    kValue,
    kLocation,  // something that can be assigned to: a variable or a property path
    kScript,    // statements
};

struct Expression {
    ExpressionKind kind = ExpressionKind::kValue;
    std::string text;
    std::uint32_t line = 0;  // of the first character; from 1
    std::uint32_t column = 0;
    std::uint32_t source = 0;  // index into Program::sources
};

enum class DataModelKind : std::uint8_t { kNull, kEcmascript };

struct Program {
    DataModelKind datamodel = DataModelKind::kNull;
    std::vector<Expression> expressions;
    std::vector<std::string> data_ids;  // ids of all <data> in document order
    std::vector<std::string> sources;   // URLs of the document and of what it includes
    // <scxml fermata:realm="own">, or a script that changes built-ins: each session gets a realm of
    // its own.
    bool own_realm = false;
};

}  // namespace fermata::script

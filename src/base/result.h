// Result<T>: a value or an Error. [[nodiscard]], with early-return macros.
//
// Propagation is FERMATA_TRY and FERMATA_TRY_ASSIGN, defined here and nowhere else, so that a move
// to std::expected (missing in g++ 12's C++20) touches this one file.
#pragma once

#include <utility>

#include <tl/expected.hpp>

#include "base/error.h"

namespace fermata {

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  public:
    using tl::expected<T, Error>::expected;
    Result(Error error)  // NOLINT(google-explicit-constructor): so that `return Error(…)` works
        : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}
};

}  // namespace fermata

#define FERMATA_CONCAT_INNER(a, b) a##b
#define FERMATA_CONCAT(a, b) FERMATA_CONCAT_INNER(a, b)

// NOLINTBEGIN(bugprone-macro-parentheses)
// FERMATA_TRY(expression): returns the error of a Result<void> expression from this function.
#define FERMATA_TRY(expression)                       \
    do {                                              \
        auto fermata_result = (expression);           \
        if (!fermata_result) {                        \
            return std::move(fermata_result).error(); \
        }                                             \
    } while (false)

// FERMATA_TRY_ASSIGN(auto x, expression): declares x from the value, or returns the error.
#define FERMATA_TRY_ASSIGN(declaration, expression) \
    FERMATA_TRY_ASSIGN_INNER(declaration, expression, FERMATA_CONCAT(fermata_result_, __LINE__))
#define FERMATA_TRY_ASSIGN_INNER(declaration, expression, name) \
    auto name = (expression);                                   \
    if (!name) {                                                \
        return std::move(name).error();                         \
    }                                                           \
    declaration = std::move(*name)
// NOLINTEND(bugprone-macro-parentheses)

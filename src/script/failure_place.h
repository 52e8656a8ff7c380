// What an exception of a script says to the author of a chart: a message, and where in the text.
#pragma once

#include <cstddef>

#include "script/data_model.h"
#include "script/quickjs_api.h"

namespace fermata::script {

struct SourcePlace;

// What may be taken for making the message: an exception is any value, and not always a small one.
inline constexpr std::size_t kMessageMemory = 1U << 20U;
// Of the message; what is longer is cut.
inline constexpr std::size_t kMessageBytesMax = 10'000;

Failure describe_exception(JSContext* context, JSValueConst exception, const SourcePlace& place);

}  // namespace fermata::script

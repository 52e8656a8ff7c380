// What an exception of a script says to the author of a chart: a message, and where in the text.
#pragma once

#include "script/data_model.h"
#include "script/quickjs_api.h"

namespace fermata::script {

struct SourcePlace;

Failure describe_exception(JSContext* context, JSValueConst exception, const SourcePlace& place);

}  // namespace fermata::script

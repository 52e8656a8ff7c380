// The OpenAPI 3.1 document, generated from the routes.
#pragma once

#include <string>
#include <string_view>

#include "api/route.h"

namespace fermata::api {

std::string openapi_json(const Routes& routes, std::string_view version);

}  // namespace fermata::api

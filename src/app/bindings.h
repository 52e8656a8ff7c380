// Bindings: from the settings to the option structs of the folders below.
#pragma once

#include "api/context.h"
#include "app/outside.h"
#include "app/settings.h"
#include "base/limits.h"
#include "base/log.h"
#include "engine/engine.h"
#include "http/server.h"
#include "store/embedded_store.h"
#include "store/memory_store.h"

namespace fermata::app {

engine::Options engine_options(const Settings& settings);
http::ServerOptions server_options(const Settings& settings);
api::Options api_options(const Settings& settings);
// For calls to other instances of the cluster.
http::ClientOptions peer_client_options(const Settings& settings);
OutsideOptions outside_options(const Settings& settings);
store::EmbeddedOptions embedded_options(const Settings& settings);
store::MemoryOptions memory_options(const Settings& settings);
log::Options log_options(const Settings& settings);

}  // namespace fermata::app

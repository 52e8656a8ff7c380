// The resources of the HTTP interface, one file each; Service puts their routes together.
#pragma once

#include "api/context.h"
#include "api/route.h"

namespace fermata::api {

Routes session_routes(Context& context);   // sessions.cpp: start, list, show, end; journal
Routes event_routes(Context& context);     // events.cpp: send an event
Routes receipt_routes(Context& context);   // receipts.cpp: what became of an event in an inbox
Routes request_routes(Context& context);   // requests.cpp: ask a chart and wait for its answer
Routes answer_routes(Context& context);    // answers.cpp: what another instance's session answered
Routes stream_routes(Context& context);    // streams.cpp: live moments as server-sent events
Routes document_routes(Context& context);  // documents.cpp: uploaded documents
Routes cluster_routes(Context& context);   // cluster.cpp: instances and partitions
Routes metrics_routes(Context& context);   // metrics.cpp
Routes health_routes(Context& context);    // health.cpp
Routes ors_routes(Context& context);       // ors.cpp: the interface of the Genesys server

}  // namespace fermata::api

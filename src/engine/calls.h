// Calls: what clients ask of one session, on the shard that owns it.
//
// Threads: free functions on the shard's thread; `done` is called there, once what it tells is
// durable.
#pragma once

#include <string>

#include "engine/engine.h"
#include "engine/shard.h"

namespace fermata::engine {

void send_event(Shard& shard, const SessionId& session, EventRequest request,
                Answer<EventAnswer> done);
void terminate_session(Shard& shard, const SessionId& session, const std::string& idempotency_key,
                       Answer<EventAnswer> done);
// Names the answer to an event with an Idempotency-Key; empty without one.
std::string answer_key_of_event(const SessionId& session, const std::string& idempotency_key);
void query_session(Shard& shard, const SessionId& session, Answer<SessionView> done);

}  // namespace fermata::engine

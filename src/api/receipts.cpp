// /api/v1/receipts/{id}: what became of an event that nobody could take when it was sent.
#include "api/json_writer.h"
#include "api/reply.h"
#include "api/resources.h"

namespace fermata::api {

namespace {

std::string_view word_for(engine::ReceiptState state) {
    return state == engine::ReceiptState::kWaiting ? "waiting" : "taken";
}

void show(Context& context, const http::Request& request, const http::Responder& responder) {
    context.engine.find_receipt(
        std::string(request.param("id")),
        reply<engine::ReceiptState>(responder, [](engine::ReceiptState state) {
            JsonWriter json;
            json.begin_object().member("state", word_for(state)).end_object();
            return http::Response::json(200, json.take());
        }));
}

}  // namespace

Routes receipt_routes(Context& context) {
    return {
        {"GET",
         "/api/v1/receipts/{id}",
         "showReceipt",
         "events",
         "what became of an event that was answered with 202",
         Access::kRead,
         {},
         {},
         {{200, "whether its session has it", "application/json", "Receipt"}},
         [&context](const http::Request& request, const http::Responder& responder) {
             show(context, request, responder);
         }},
    };
}

}  // namespace fermata::api

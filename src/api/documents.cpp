// /api/v1/documents: uploaded documents, validated, versioned by their content hash.
#include <memory>
#include <mutex>
#include <set>

#include "api/json_writer.h"
#include "api/reply.h"
#include "api/resources.h"

namespace fermata::api {

namespace {

constexpr std::string_view kDocumentType = "application/scxml+xml";

// Names with a PUT under way: a second one is refused, so that If-Match decides between writers.
class PutsUnderWay {
  public:
    // False when there is one already.
    bool begin(const std::string& name) {
        const std::lock_guard lock(mutex_);
        return names_.insert(name).second;
    }
    void end(const std::string& name) {
        const std::lock_guard lock(mutex_);
        names_.erase(name);
    }

  private:
    std::mutex mutex_;
    std::set<std::string> names_;
};

std::string entity_tag(const engine::DocumentView& document) {
    return "\"" + document.hash + "\"";
}

void write_document(JsonWriter& json, const engine::DocumentView& document) {
    json.begin_object()
        .member("name", document.name)
        .member("hash", document.hash)
        .member("changed_ms", document.changed_ms);
}

void list(Context& context, const http::Responder& responder) {
    using Documents = std::vector<engine::DocumentView>;
    context.engine.list_documents(reply<Documents>(responder, [](const Documents& documents) {
        JsonWriter json;
        json.begin_object().key("documents").begin_array();
        for (const engine::DocumentView& document : documents) {
            write_document(json, document);
            json.end_object();
        }
        json.end_array().end_object();
        return http::Response::json(200, json.take());
    }));
}

void get(Context& context, const http::Request& request, const http::Responder& responder) {
    context.engine.get_document(
        std::string(request.param("name")),
        reply<engine::DocumentView>(responder, [known = request.headers.joined("If-None-Match")](
                                                   const engine::DocumentView& document) {
            http::Response response{
                200, {{"Content-Type", std::string(kDocumentType)}}, document.bytes};
            if (known.find(entity_tag(document)) != std::string::npos || known == "*") {
                response = http::Response::empty(304);
            }
            response.headers.set("ETag", entity_tag(document));
            response.headers.set("Cache-Control", "no-cache");
            return response;
        }));
}

http::Response write_put(const std::pair<engine::DocumentView, scxml::Findings>& answer) {
    const auto& [document, findings] = answer;
    if (scxml::has_errors(findings)) {
        return refused_document(findings);
    }
    JsonWriter json;
    write_document(json, document);
    json.key("findings").raw(scxml::findings_json(findings)).end_object();
    http::Response response = http::Response::json(200, json.take());
    response.headers.set("ETag", entity_tag(document));
    return response;
}

// RFC 9110 section 13.1: does the current version (nullptr: none) allow this write?
bool allows(const http::Request& request, const engine::DocumentView* current) {
    const std::string if_match = request.headers.joined("If-Match");
    const std::string if_none_match = request.headers.joined("If-None-Match");
    const auto names_it = [&](const std::string& field) {
        return current != nullptr &&
               (field == "*" || field.find(entity_tag(*current)) != std::string::npos);
    };
    return (if_match.empty() || names_it(if_match)) &&
           (if_none_match.empty() || !names_it(if_none_match));
}

void put(Context& context, const std::shared_ptr<PutsUnderWay>& under_way, http::Request request,
         const http::Responder& responder) {
    const std::string name(request.param("name"));
    if (!under_way->begin(name)) {
        responder.send(
            problem("conflict", "document '" + name + "' is being written by another request"));
        return;
    }
    const auto finish = [under_way, name, responder](http::Response response) {
        under_way->end(name);
        responder.send(std::move(response));
    };
    auto shared = std::make_shared<http::Request>(std::move(request));
    context.engine.get_document(
        name, [&context, name, shared, finish](const Result<engine::DocumentView>& current) {
            if (!current && current.error().code() != ErrorCode::kNotFound) {
                finish(to_response(current.error()));
                return;
            }
            if (!allows(*shared, current ? &*current : nullptr)) {
                finish(problem("precondition-failed",
                               "the current version of '" + name + "' is " +
                                   (current ? current->hash : std::string("none"))));
                return;
            }
            using Put = std::pair<engine::DocumentView, scxml::Findings>;
            context.engine.put_document(
                name, std::move(shared->body), [finish](const Result<Put>& answer) {
                    finish(answer ? write_put(*answer) : to_response(answer.error()));
                });
        });
}

}  // namespace

Routes document_routes(Context& context) {
    const auto under_way = std::make_shared<PutsUnderWay>();
    return {
        {"GET",
         "/api/v1/documents",
         "listDocuments",
         "documents",
         "names and versions of uploaded documents",
         Access::kRead,
         {},
         {},
         {{200, "all of them", "application/json", "Documents"}},
         [&context](const http::Request&, const http::Responder& responder) {
             list(context, responder);
         }},
        {"GET",
         "/api/v1/documents/{name}",
         "getDocument",
         "documents",
         "the text of a document",
         Access::kRead,
         {{"If-None-Match", "header", "string", "version already known"}},
         {},
         {{200, "its text; ETag is its version", kDocumentType, ""},
          {304, "the known version holds", "", ""}},
         [&context](const http::Request& request, const http::Responder& responder) {
             get(context, request, responder);
         }},
        {"PUT",
         "/api/v1/documents/{name}",
         "putDocument",
         "documents",
         "store a document that has no errors; running sessions keep their version",
         Access::kAdminister,
         {{"If-Match", "header", "string", "version that must be the current one"},
          {"If-None-Match", "header", "string", "`*`: only when there is none yet"}},
         {{kDocumentType, ""}, {"application/xml", ""}},
         {{200, "stored; with the linter's warnings", "application/json", "Document"}},
         [&context, under_way](http::Request& request, const http::Responder& responder) {
             put(context, under_way, std::move(request), responder);
         },
         context.options.document_bytes_max},
    };
}

}  // namespace fermata::api

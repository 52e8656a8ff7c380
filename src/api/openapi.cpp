#include "api/openapi.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "api/json_writer.h"

namespace fermata::api {

namespace {

// Schemas that the routes name. By hand, as they are few; openapi_test checks that every name is
// here.
constexpr std::string_view kSchemas = R"({
"Problem":{"type":"object","required":["type","title","status","code"],"properties":{
  "type":{"type":"string","format":"uri"},"title":{"type":"string"},"status":{"type":"integer"},
  "code":{"type":"string"},"detail":{"type":"string"},
  "findings":{"type":"array","items":{"$ref":"#/components/schemas/Finding"}}}},
"Finding":{"type":"object","properties":{
  "severity":{"enum":["error","warning","note"]},"rule":{"type":"string"},"message":{"type":"string"},
  "hint":{"type":"string"},"url":{"type":"string"},"line":{"type":"integer"},"column":{"type":"integer"}}},
"Start":{"type":"object","additionalProperties":false,"properties":{
  "src":{"type":"string","description":"URL of the document; document:<name> for an uploaded one"},
  "document":{"type":"string","description":"the document's text, instead of src"},
  "params":{"type":"object","description":"values for top-level data of the same name"},
  "start_at":{"type":"integer","description":"ms since 1970; not before then"},
  "id":{"type":"string","description":"the session's id, or a name of your own for it"}}},
"Started":{"type":"object","required":["id"],"properties":{
  "id":{"type":"string"},"key":{"type":"string"},
  "findings":{"type":"array","items":{"$ref":"#/components/schemas/Finding"}}}},
"OrsStarted":{"type":"object","required":["sessionid"],"properties":{"sessionid":{"type":"string"}}},
"Event":{"type":"object","additionalProperties":false,"required":["name"],"properties":{
  "name":{"type":"string"},"data":{},"delay":{"type":"integer","description":"milliseconds"}}},
"Committed":{"type":"object","required":["seq"],"properties":{
  "seq":{"type":"integer","description":"of the commit that holds it"}}},
"Accepted":{"type":"object","required":["receipt"],"properties":{
  "receipt":{"type":"string","description":"id for /api/v1/receipts/{id}"}}},
"Receipt":{"type":"object","required":["state"],"properties":{
  "state":{"enum":["waiting","taken"]}}},
"Cluster":{"type":"object","required":["name","node","role","instances","partitions"],"properties":{
  "name":{"type":"string"},"node":{"type":"integer"},
  "role":{"enum":["joining","standby","acting","refused","left"]},"refusal":{"type":"string"},
  "suspended":{"type":"boolean","description":"its lease ran out"},"draining":{"type":"boolean"},
  "drained":{"type":"boolean"},
  "settled":{"type":"boolean","description":"every partition is where it should be"},
  "lease_left_ms":{"type":"integer"},
  "instances":{"type":"array","items":{"type":"object","properties":{
    "node":{"type":"integer"},"role":{"enum":["acting","standby"]},"self":{"type":"boolean"},
    "alive":{"type":"boolean"},"draining":{"type":"boolean"},"internal_url":{"type":"string"},
    "external_url":{"type":"string"},"version":{"type":"string"},
    "format":{"type":"integer","description":"newest record format that there may be in the store, as far as it knows"},
    "format_newest":{"type":"integer","description":"that it can read"},
    "started_ms":{"type":"integer"},
    "lag_ms":{"type":"integer","description":"since its last beat was seen"},
    "partitions":{"type":"integer"}}}},
  "partitions":{"type":"array","description":"by number","items":{"type":"object","properties":{
    "node":{"type":"integer","description":"0: nobody"},"epoch":{"type":"integer"}}}}}},
"Rebalanced":{"type":"object","required":["nodes"],"properties":{"nodes":{"type":"array","items":{
  "type":"object","required":["node","done"],"properties":{
    "node":{"type":"integer"},"done":{"type":"boolean"},"reason":{"type":"string"}}}}}},
"Draining":{"type":"object","properties":{"draining":{"type":"boolean"}}},
"ChartResponse":{"type":"object","required":["event","data"],"properties":{
  "event":{"type":"string"},"data":{}}},
"SessionSummary":{"type":"object","required":["id","status","application","document","created_ms","seq"],"properties":{
  "id":{"type":"string"},"key":{"type":"string"},
  "status":{"enum":["scheduled","active","final","cancelled","error"]},"application":{"type":"string"},
  "document":{"type":"object","properties":{"url":{"type":"string"},"hash":{"type":"string"}}},
  "parent":{"type":"string"},"created_ms":{"type":"integer"},"ended_ms":{"type":"integer"},
  "seq":{"type":"integer"}}},
"Session":{"allOf":[{"$ref":"#/components/schemas/SessionSummary"},{"type":"object","properties":{
  "configuration":{"type":"array","items":{"type":"string"}},"data":{"type":"object"},
  "timers":{"type":"array","items":{"type":"object","properties":{
    "sendid":{"type":"string"},"event":{"type":"string"},"due_ms":{"type":"integer"}}}},
  "pending":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"data":{}}}},
  "invokes":{"type":"array","items":{"type":"object","properties":{
    "invokeid":{"type":"string"},"session":{"type":"string"}}}},
  "donedata":{},"detail":{"type":"string"}}}]},
"SessionPage":{"type":"object","required":["sessions"],"properties":{
  "sessions":{"type":"array","items":{"$ref":"#/components/schemas/SessionSummary"}},
  "next":{"type":"string","description":"cursor of the next page, also of one with few sessions or none; absent at the end"}}},
"Journal":{"type":"object","required":["entries"],"properties":{"entries":{"type":"array","items":{
  "type":"object","required":["seq","at_ms","steps"],"properties":{
    "seq":{"type":"integer","description":"of the commit that ended the run"},"at_ms":{"type":"integer"},
    "steps":{"type":"array","items":{"type":"object","required":["kind","name"],"properties":{
      "kind":{"type":"string"},"name":{"type":"string"},
      "text":{"type":"string","description":"what a log line says"}}}},
    "left_out":{"type":"integer","description":"steps beyond the bound of one entry"}}}}}},
"Moment":{"type":"object","properties":{
  "kind":{"type":"string"},"at_ms":{"type":"integer"},"session":{"type":"string"},
  "application":{"type":"string"},"seq":{"type":"integer"},"name":{"type":"string"},"value":{}}},
"Document":{"type":"object","required":["name","hash","changed_ms"],"properties":{
  "name":{"type":"string"},"hash":{"type":"string"},"changed_ms":{"type":"integer"},
  "findings":{"type":"array","items":{"$ref":"#/components/schemas/Finding"}}}},
"Documents":{"type":"object","required":["documents"],"properties":{
  "documents":{"type":"array","items":{"$ref":"#/components/schemas/Document"}}}},
"Health":{"type":"object","required":["status"],"properties":{
  "status":{"type":"string"},"reason":{"type":"string"}}}
})";

void write_schema(JsonWriter& json, std::string_view schema) {
    json.key("schema");
    if (schema.empty()) {
        json.raw("{}");
        return;
    }
    json.begin_object().member("$ref", "#/components/schemas/" + std::string(schema)).end_object();
}

void write_parameter(JsonWriter& json, const Parameter& parameter, bool required) {
    json.begin_object().member("name", parameter.name).member("in", parameter.place);
    if (required) {
        json.key("required").boolean(true);
    }
    if (!parameter.meaning.empty()) {
        json.member("description", parameter.meaning);
    }
    json.key("schema").begin_object().member("type", parameter.type).end_object();
    json.end_object();
}

void write_answers(JsonWriter& json, const Route& route) {
    json.key("responses").begin_object();
    for (const Answer& answer : route.answers) {
        json.key(std::to_string(answer.status))
            .begin_object()
            .member("description", answer.meaning);
        if (!answer.media_type.empty()) {
            json.key("content").begin_object().key(answer.media_type).begin_object();
            write_schema(json, answer.schema);
            json.end_object().end_object();
        }
        json.end_object();
    }
    json.key("default").raw(
        R"({"description":"a problem (RFC 9457); docs/errors has a page for each code","content":)"
        R"({"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}})");
    json.end_object();
}

void write_operation(JsonWriter& json, const Route& route) {
    std::string method(route.method);
    for (char& letter : method) {
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    json.key(method)
        .begin_object()
        .member("operationId", route.operation)
        .member("summary", route.summary);
    json.key("tags").begin_array().text(route.tag).end_array();
    if (route.access == Access::kOpen || route.access == Access::kPeer) {
        json.key("security").begin_array().end_array();
    }
    json.key("parameters").begin_array();
    for (const std::string& name : path_parameters(route.pattern)) {
        write_parameter(json, {name, "path", "string", ""}, true);
    }
    for (const Parameter& parameter : route.parameters) {
        write_parameter(json, parameter, false);
    }
    json.end_array();
    if (!route.bodies.empty()) {
        json.key("requestBody").begin_object().key("content").begin_object();
        for (const Body& body : route.bodies) {
            json.key(body.media_type).begin_object();
            write_schema(json, body.schema);
            json.end_object();
        }
        json.end_object().end_object();
    }
    write_answers(json, route);
    json.end_object();
}

}  // namespace

std::string openapi_json(const Routes& routes, std::string_view version) {
    std::map<std::string_view, std::vector<const Route*>> paths;
    for (const Route& route : routes) {
        paths[route.pattern].push_back(&route);
    }
    JsonWriter json;
    json.begin_object().member("openapi", "3.1.0");
    json.key("info")
        .begin_object()
        .member("title", "Fermata")
        .member("version", version)
        .key("license")
        .raw(R"({"name":"Apache 2.0","identifier":"Apache-2.0"})")
        .end_object();
    json.key("security").raw(R"([{"token":[]},{}])");
    json.key("paths").begin_object();
    for (const auto& [pattern, operations] : paths) {
        json.key(pattern).begin_object();
        for (const Route* route : operations) {
            write_operation(json, *route);
        }
        json.end_object();
    }
    json.end_object();
    json.key("components")
        .begin_object()
        .key("schemas")
        .raw(kSchemas)
        .key("securitySchemes")
        .raw(R"({"token":{"type":"http","scheme":"bearer"}})")
        .end_object();
    json.end_object();
    return json.take();
}

}  // namespace fermata::api

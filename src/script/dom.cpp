#include "script/dom.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "script/encode.h"
#include "script/realm.h"
#include "value/xml.h"

namespace fermata::script {
namespace {

using value::kNoXml;
using value::XmlDocument;
using value::XmlIndex;
using value::XmlKind;
using value::XmlNode;

// The text of a document: elements, then attributes are made out of it on demand.
struct SharedDocument {
    std::string text;  // as it came: what a snapshot stores
    XmlDocument tree;
    // Script objects that stand for nodes now, so that a node is the same object while one is held.
    // Borrowed; a node's finalizer takes it out. The last entry is the document's.
    std::vector<void*> objects;
};

// What a script object stands for.
struct NodeHandle {
    std::shared_ptr<SharedDocument> document;
    XmlIndex index = kNoXml;  // kNoXml: the document itself

    [[nodiscard]] bool is_document() const { return index == kNoXml; }
    [[nodiscard]] const XmlNode& node() const { return document->tree.at(index); }
    [[nodiscard]] std::size_t slot() const {
        return is_document() ? document->objects.size() - 1 : index;
    }
};

JSClassID node_class() {
    static const JSClassID id = [] {
        JSClassID made = 0;
        JS_NewClassID(&made);
        return made;
    }();
    return id;
}

void finalize_node(JSRuntime*, JSValue value) {
    const std::unique_ptr<NodeHandle> handle(
        static_cast<NodeHandle*>(JS_GetOpaque(value, node_class())));
    if (handle) {
        handle->document->objects[handle->slot()] = nullptr;
    }
}

NodeHandle* handle_of(JSContext* context, JSValueConst value) {
    return static_cast<NodeHandle*>(JS_GetOpaque2(context, value, node_class()));
}

JSValue make_node(JSContext* context, const std::shared_ptr<SharedDocument>& document,
                  XmlIndex index) {
    auto handle = std::make_unique<NodeHandle>(NodeHandle{document, index});
    void*& known = document->objects[handle->slot()];
    if (known != nullptr) {
        return JS_DupValue(context, js::from_object(known));
    }
    JSValue object = JS_NewObjectClass(context, static_cast<int>(node_class()));
    if (js::tag_of(object) != JS_TAG_EXCEPTION) {
        known = js::pointer_of(object);
        JS_SetOpaque(object, handle.release());
    }
    return object;
}

JSValue node_or_null(JSContext* context, const NodeHandle& from, XmlIndex index) {
    return index == kNoXml ? js::null() : make_node(context, from.document, index);
}

std::string qualified(const std::string& prefix, const std::string& name) {
    return prefix.empty() ? name : prefix + ":" + name;
}

JSValue text_or_null(JSContext* context, std::string_view text) {
    return text.empty() ? js::null() : js::text(context, text);
}

// Children of a node; of the document, its element.
std::vector<XmlIndex> children_of(const NodeHandle& handle) {
    return handle.is_document() ? std::vector<XmlIndex>{0} : handle.node().children;
}

JSValue make_list(JSContext* context, const NodeHandle& from, const std::vector<XmlIndex>& nodes) {
    js::Value list(context, JS_NewArray(context));
    std::uint32_t at = 0;
    for (const XmlIndex index : nodes) {
        JSValue node = make_node(context, from.document, index);
        if (js::tag_of(node) == JS_TAG_EXCEPTION ||
            JS_DefinePropertyValueUint32(context, list.get(), at++, node, JS_PROP_C_W_E) < 0) {
            return js::exception();
        }
    }
    return list.release();
}

std::vector<XmlIndex> elements_only(const NodeHandle& handle) {
    std::vector<XmlIndex> elements;
    for (const XmlIndex child : children_of(handle)) {
        if (handle.document->tree.at(child).is_element()) {
            elements.push_back(child);
        }
    }
    return elements;
}

// The sibling `step` away; kNoXml when there is none.
XmlIndex sibling(const NodeHandle& handle, int step) {
    if (handle.is_document() || handle.node().parent == kNoXml) {
        return kNoXml;
    }
    const std::vector<XmlIndex>& all = handle.document->tree.at(handle.node().parent).children;
    for (std::size_t at = 0; at < all.size(); ++at) {
        if (all[at] == handle.index) {
            const std::size_t wanted = at + static_cast<std::size_t>(step);
            return wanted < all.size() ? all[wanted] : kNoXml;
        }
    }
    return kNoXml;
}

enum NodeProperty : int {
    kNodeName,
    kNodeType,
    kNodeValue,
    kTagName,
    kLocalName,
    kNamespaceUri,
    kPrefix,
    kTextContent,
    kParentNode,
    kFirstChild,
    kLastChild,
    kNextSibling,
    kPreviousSibling,
    kChildNodes,
    kChildren,
    kAttributes,
    kDocumentElement,
    kOwnerDocument,
    kOuterXml,
};

const char* kind_name(XmlKind kind) {
    switch (kind) {
        case XmlKind::kText:
            return "#text";
        case XmlKind::kCdata:
            return "#cdata-section";
        case XmlKind::kComment:
            return "#comment";
        case XmlKind::kElement:
            break;
    }
    return "";
}

// DOM Level 1: Node.nodeType.
int node_type(const NodeHandle& handle) {
    if (handle.is_document()) {
        return 9;
    }
    switch (handle.node().kind) {
        case XmlKind::kElement:
            return 1;
        case XmlKind::kText:
            return 3;
        case XmlKind::kCdata:
            return 4;
        case XmlKind::kComment:
            return 8;
    }
    return 0;
}

JSValue node_name(JSContext* context, const NodeHandle& handle) {
    if (handle.is_document()) {
        return js::text(context, "#document");
    }
    const XmlNode& node = handle.node();
    return js::text(context, node.is_element() ? qualified(node.prefix, node.name)
                                               : std::string(kind_name(node.kind)));
}

JSValue attribute_object(JSContext* context, const value::XmlAttribute& attribute) {
    js::Value object(context, JS_NewObject(context));
    const std::string name = qualified(attribute.prefix, attribute.name);
    const std::pair<const char*, std::string_view> members[] = {{"name", name},
                                                                {"nodeName", name},
                                                                {"localName", attribute.name},
                                                                {"value", attribute.value},
                                                                {"nodeValue", attribute.value}};
    for (const auto& [key, text] : members) {
        JS_DefinePropertyValueStr(context, object.get(), key, js::text(context, text),
                                  JS_PROP_C_W_E);
    }
    JS_DefinePropertyValueStr(context, object.get(), "namespaceURI",
                              text_or_null(context, attribute.ns), JS_PROP_C_W_E);
    JS_DefinePropertyValueStr(context, object.get(), "nodeType", js::integer(2), JS_PROP_C_W_E);
    return object.release();
}

JSValue attributes(JSContext* context, const NodeHandle& handle) {
    if (handle.is_document() || !handle.node().is_element()) {
        return js::null();
    }
    js::Value list(context, JS_NewArray(context));
    std::uint32_t at = 0;
    for (const value::XmlAttribute& attribute : handle.node().attributes) {
        JS_DefinePropertyValueUint32(context, list.get(), at++,
                                     attribute_object(context, attribute), JS_PROP_C_W_E);
    }
    return list.release();
}

JSValue text_content(JSContext* context, const NodeHandle& handle) {
    if (handle.is_document()) {
        return js::null();
    }
    const XmlNode& node = handle.node();
    return js::text(context,
                    node.is_element() ? handle.document->tree.text_of(handle.index) : node.text);
}

JSValue outer_xml(JSContext* context, const NodeHandle& handle) {
    return js::text(context, handle.is_document() ? handle.document->text
                                                  : handle.document->tree.to_xml(handle.index));
}

JSValue get_relative(JSContext* context, const NodeHandle& handle, int property) {
    const std::vector<XmlIndex> children = children_of(handle);
    switch (property) {
        case kParentNode:
            if (handle.is_document()) {
                return js::null();
            }
            return make_node(context, handle.document, handle.node().parent);
        case kFirstChild:
            return node_or_null(context, handle, children.empty() ? kNoXml : children.front());
        case kLastChild:
            return node_or_null(context, handle, children.empty() ? kNoXml : children.back());
        case kNextSibling:
            return node_or_null(context, handle, sibling(handle, 1));
        case kPreviousSibling:
            return node_or_null(context, handle, sibling(handle, -1));
        case kChildNodes:
            return make_list(context, handle, children);
        case kChildren:
            return make_list(context, handle, elements_only(handle));
        case kDocumentElement:
            return handle.is_document() ? make_node(context, handle.document, 0) : js::undefined();
        default:
            return handle.is_document() ? js::null() : make_node(context, handle.document, kNoXml);
    }
}

JSValue get_node_property(JSContext* context, JSValueConst self, int property) {
    const NodeHandle* handle = handle_of(context, self);
    if (handle == nullptr) {
        return js::exception();
    }
    const bool element = !handle->is_document() && handle->node().is_element();
    switch (property) {
        case kNodeName:
            return node_name(context, *handle);
        case kNodeType:
            return js::integer(node_type(*handle));
        case kNodeValue:
            return handle->is_document() || element ? js::null()
                                                    : js::text(context, handle->node().text);
        case kTagName:
            return element ? node_name(context, *handle) : js::undefined();
        case kLocalName:
            return element ? js::text(context, handle->node().name) : js::null();
        case kNamespaceUri:
            return element ? text_or_null(context, handle->node().ns) : js::null();
        case kPrefix:
            return element ? text_or_null(context, handle->node().prefix) : js::null();
        case kTextContent:
            return text_content(context, *handle);
        case kAttributes:
            return attributes(context, *handle);
        case kOuterXml:
            return outer_xml(context, *handle);
        default:
            return get_relative(context, *handle, property);
    }
}

JSValue to_xml_text(JSContext* context, JSValueConst self, int, JSValueConst*) {
    const NodeHandle* handle = handle_of(context, self);
    return handle == nullptr ? js::exception() : outer_xml(context, *handle);
}

const std::string* find_attribute(const NodeHandle& handle, std::string_view name) {
    if (handle.is_document() || !handle.node().is_element()) {
        return nullptr;
    }
    for (const value::XmlAttribute& attribute : handle.node().attributes) {
        if (qualified(attribute.prefix, attribute.name) == name) {
            return &attribute.value;
        }
    }
    return nullptr;
}

enum class Question : int { kGet, kHas };

JSValue ask_attribute(JSContext* context, JSValueConst self, int count, JSValueConst* arguments,
                      int question) {
    const NodeHandle* handle = handle_of(context, self);
    const js::Text name(context, count > 0 ? arguments[0] : js::undefined());
    if (handle == nullptr || !name.ok()) {
        return js::exception();
    }
    const std::string* value = find_attribute(*handle, name.view());
    if (question == static_cast<int>(Question::kHas)) {
        return js::boolean(value != nullptr);
    }
    return value == nullptr ? js::null() : js::text(context, *value);
}

// Elements below the node for which `matches` holds, in document order.
template <typename Matches>
std::vector<XmlIndex> descendants(const NodeHandle& from, Matches matches) {
    std::vector<XmlIndex> found;
    std::vector<XmlIndex> waiting = children_of(from);
    std::reverse(waiting.begin(), waiting.end());
    while (!waiting.empty()) {
        const XmlIndex index = waiting.back();
        waiting.pop_back();
        const XmlNode& node = from.document->tree.at(index);
        if (node.is_element() && matches(node)) {
            found.push_back(index);
        }
        waiting.insert(waiting.end(), node.children.rbegin(), node.children.rend());
    }
    return found;
}

JSValue elements_by_tag_name(JSContext* context, JSValueConst self, int count,
                             JSValueConst* arguments) {
    const NodeHandle* handle = handle_of(context, self);
    const js::Text name(context, count > 0 ? arguments[0] : js::undefined());
    if (handle == nullptr || !name.ok()) {
        return js::exception();
    }
    return make_list(context, *handle, descendants(*handle, [&name](const XmlNode& node) {
                         return name.view() == "*" ||
                                qualified(node.prefix, node.name) == name.view();
                     }));
}

JSValue element_by_id(JSContext* context, JSValueConst self, int count, JSValueConst* arguments) {
    const NodeHandle* handle = handle_of(context, self);
    const js::Text id(context, count > 0 ? arguments[0] : js::undefined());
    if (handle == nullptr || !id.ok()) {
        return js::exception();
    }
    const std::vector<XmlIndex> found = descendants(*handle, [&id](const XmlNode& node) {
        const std::string* value = node.find_attribute("id");
        return value != nullptr && *value == id.view();
    });
    return node_or_null(context, *handle, found.empty() ? kNoXml : found.front());
}

constexpr std::pair<const char*, NodeProperty> kProperties[] = {
    {"nodeName", kNodeName},
    {"nodeType", kNodeType},
    {"nodeValue", kNodeValue},
    {"data", kNodeValue},
    {"tagName", kTagName},
    {"localName", kLocalName},
    {"namespaceURI", kNamespaceUri},
    {"prefix", kPrefix},
    {"textContent", kTextContent},
    {"parentNode", kParentNode},
    {"firstChild", kFirstChild},
    {"lastChild", kLastChild},
    {"nextSibling", kNextSibling},
    {"previousSibling", kPreviousSibling},
    {"childNodes", kChildNodes},
    {"children", kChildren},
    {"attributes", kAttributes},
    {"documentElement", kDocumentElement},
    {"ownerDocument", kOwnerDocument},
    {"outerHTML", kOuterXml},
    {"outerXML", kOuterXml},
};

bool add_getter(JSContext* context, JSValueConst prototype, const char* name, int property) {
    JSCFunctionType function{};
    function.getter_magic = get_node_property;
    JSValue getter =
        JS_NewCFunction2(context, function.generic, name, 0, JS_CFUNC_getter_magic, property);
    const js::Atom key(context, std::string_view(name));
    return JS_DefinePropertyGetSet(context, prototype, key.get(), getter, js::undefined(),
                                   JS_PROP_CONFIGURABLE) >= 0;
}

bool add_method(JSContext* context, JSValueConst prototype, const char* name, JSValue function) {
    return JS_DefinePropertyValueStr(context, prototype, name, function,
                                     JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE) >= 0;
}

JSValue attribute_method(JSContext* context, const char* name, Question question) {
    JSCFunctionType function{};
    function.generic_magic = ask_attribute;
    return JS_NewCFunction2(context, function.generic, name, 1, JS_CFUNC_generic_magic,
                            static_cast<int>(question));
}

}  // namespace

bool add_dom(Realm& realm) {
    JSContext* context = realm.context();
    JSRuntime* runtime = JS_GetRuntime(context);
    if (JS_IsRegisteredClass(runtime, node_class()) == 0) {
        JSClassDef definition{};
        definition.class_name = "Node";
        definition.finalizer = finalize_node;
        if (JS_NewClass(runtime, node_class(), &definition) != 0) {
            return false;
        }
    }
    JSValue prototype = JS_NewObject(context);
    bool complete = js::tag_of(prototype) != JS_TAG_EXCEPTION;
    for (const auto& [name, property] : kProperties) {
        complete = complete && add_getter(context, prototype, name, property);
    }
    complete =
        complete &&
        add_method(context, prototype, "toString",
                   JS_NewCFunction(context, to_xml_text, "toString", 0)) &&
        add_method(context, prototype, "getElementsByTagName",
                   JS_NewCFunction(context, elements_by_tag_name, "getElementsByTagName", 1)) &&
        add_method(context, prototype, "getElementById",
                   JS_NewCFunction(context, element_by_id, "getElementById", 1)) &&
        add_method(context, prototype, "getAttribute",
                   attribute_method(context, "getAttribute", Question::kGet)) &&
        add_method(context, prototype, "hasAttribute",
                   attribute_method(context, "hasAttribute", Question::kHas));
    JS_SetClassProto(context, node_class(), prototype);
    return complete;
}

JSValue dom_prototype(Realm& realm) {
    return JS_GetClassProto(realm.context(), node_class());
}

JSValue create_document(Realm& realm, std::string_view xml) {
    tl::expected<XmlDocument, value::XmlError> tree = value::parse_xml(xml, "", {});
    if (!tree) {
        return JS_ThrowTypeError(realm.context(), "XML data is not well formed: %s",
                                 tree.error().message.c_str());
    }
    auto document = std::make_shared<SharedDocument>();
    document->text = xml;
    document->tree = std::move(*tree);
    document->objects.resize(document->tree.nodes.size() + 1);
    return make_node(realm.context(), document, kNoXml);
}

JSValue find_node(Realm& realm, JSValueConst document, const std::uint32_t* path,
                  std::size_t size) {
    const auto* handle = static_cast<const NodeHandle*>(JS_GetOpaque(document, node_class()));
    if (handle == nullptr) {
        return JS_ThrowTypeError(realm.context(), "stored XML node is damaged");
    }
    XmlIndex index = 0;
    for (std::size_t step = 0; step < size; ++step) {
        const std::vector<XmlIndex>& children = handle->document->tree.at(index).children;
        if (path[step] >= children.size()) {
            return JS_ThrowTypeError(realm.context(), "stored XML node is damaged");
        }
        index = children[path[step]];
    }
    return make_node(realm.context(), handle->document, index);
}

bool encode_node(Realm& realm, JSValueConst value, Encoder& encoder) {
    const auto* handle = static_cast<const NodeHandle*>(JS_GetOpaque(value, node_class()));
    if (handle == nullptr) {
        return false;
    }
    if (handle->is_document()) {
        encoder.tagged(value::Tag::kXml);
        encoder.writer().text(handle->document->text);
        return true;
    }
    std::vector<std::uint32_t> path;
    for (XmlIndex at = handle->index; at != 0;) {
        const XmlIndex parent = handle->document->tree.at(at).parent;
        const std::vector<XmlIndex>& children = handle->document->tree.at(parent).children;
        const auto found = std::find(children.begin(), children.end(), at);
        path.push_back(static_cast<std::uint32_t>(found - children.begin()));
        at = parent;
    }
    encoder.tagged(value::Tag::kXmlNode);
    JSValue document = make_node(realm.context(), handle->document, kNoXml);
    encoder.keep(document);
    encoder.encode(document, 0);
    encoder.writer().varint(path.size());
    for (auto step = path.rbegin(); step != path.rend(); ++step) {
        encoder.writer().varint(*step);
    }
    return true;
}

}  // namespace fermata::script

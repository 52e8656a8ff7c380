// parse_xml(): expat's callbacks build the tree.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <expat.h>

#include "value/text_encoding.h"
#include "value/xml.h"

namespace fermata::value {
namespace {

// Between the parts of a name as expat hands it over; no XML document can contain it.
constexpr char kSeparator = '\x01';

struct Name {
    std::string_view ns;
    std::string_view local;
    std::string_view prefix;
};

// expat writes "local", "namespace|local" or "namespace|local|prefix".
Name split_name(std::string_view text) {
    const std::size_t first = text.find(kSeparator);
    if (first == std::string_view::npos) {
        return {"", text, ""};
    }
    Name name{text.substr(0, first), text.substr(first + 1), ""};
    const std::size_t second = name.local.find(kSeparator);
    if (second != std::string_view::npos) {
        name.prefix = name.local.substr(second + 1);
        name.local = name.local.substr(0, second);
    }
    return name;
}

class TreeBuilder {
  public:
    TreeBuilder(std::string_view url, const XmlOptions& options)
        : options_(options), parser_(XML_ParserCreateNS(nullptr, kSeparator)) {
        document_.sources.emplace_back(url);
        XML_Parser parser = parser_.get();
        XML_SetReturnNSTriplet(parser, XML_TRUE);
        XML_SetUserData(parser, this);
        XML_SetNamespaceDeclHandler(parser, on_declaration, nullptr);
        XML_SetElementHandler(parser, on_start, on_end);
        XML_SetCharacterDataHandler(parser, on_text);
        XML_SetCdataSectionHandler(parser, on_cdata_start, on_cdata_end);
        XML_SetCommentHandler(parser, on_comment);
        XML_SetStartDoctypeDeclHandler(parser, on_document_type);
        XML_SetEntityDeclHandler(parser, on_entity_declaration);
        XML_SetSkippedEntityHandler(parser, on_skipped_entity);
        XML_SetUnknownEncodingHandler(parser, on_unknown_encoding, nullptr);
    }

    tl::expected<XmlDocument, XmlError> parse(std::string_view bytes) {
        if (bytes.size() > options_.limits.bytes_max) {
            return tl::unexpected(
                XmlError{XmlPlace{1, 1, 0}, "the document has " + std::to_string(bytes.size()) +
                                                " bytes, more than max-document-size allows (" +
                                                std::to_string(options_.limits.bytes_max) + ")"});
        }
        source_ = bytes;
        // XML_Parse takes an int.
        constexpr std::size_t kPieceMax = 1U << 30U;
        bool last = false;
        while (!last) {
            const std::string_view piece = bytes.substr(0, kPieceMax);
            bytes.remove_prefix(piece.size());
            last = bytes.empty();
            const auto status = XML_Parse(parser_.get(), piece.data(),
                                          static_cast<int>(piece.size()), last ? 1 : 0);
            if (status != XML_STATUS_OK) {
                return tl::unexpected(failure());
            }
        }
        return std::move(document_);
    }

  private:
    static TreeBuilder& self(void* data) { return *static_cast<TreeBuilder*>(data); }

    [[nodiscard]] XmlPlace place() const {
        return {static_cast<std::uint32_t>(XML_GetCurrentLineNumber(parser_.get())),
                static_cast<std::uint32_t>(XML_GetCurrentColumnNumber(parser_.get()) + 1), 0};
    }

    // Our own reason when we stopped the parser, else expat's.
    [[nodiscard]] XmlError failure() const {
        if (stopped_) {
            return refusal_;
        }
        const XML_Error code = XML_GetErrorCode(parser_.get());
        std::string message = XML_ErrorString(code);
        const bool inside = code == XML_ERROR_TAG_MISMATCH || code == XML_ERROR_NO_ELEMENTS ||
                            code == XML_ERROR_UNCLOSED_TOKEN;
        if (inside && current_ != kNoXml) {
            const XmlNode& open = document_.at(current_);
            message += "; <" + open.name + "> of line " + std::to_string(open.place.line) +
                       " is still open";
        }
        if (code == XML_ERROR_UNKNOWN_ENCODING) {
            message += " (known are UTF-8, UTF-16, ISO-8859-1, US-ASCII, windows-1252)";
        }
        return {place(), std::move(message)};
    }

    void refuse(std::string message) {
        if (!stopped_) {
            stopped_ = true;
            refusal_ = XmlError{place(), std::move(message)};
            XML_StopParser(parser_.get(), XML_FALSE);
        }
    }

    bool count_nodes(std::size_t more) {
        node_count_ += more;
        if (node_count_ > options_.limits.nodes_max) {
            refuse(
                "the document has more elements, attributes and texts than max-xml-nodes allows (" +
                std::to_string(options_.limits.nodes_max) + ")");
        }
        return !stopped_;
    }

    // Below the current element; null once the document is refused.
    XmlNode* add_node(XmlKind kind) {
        if (stopped_ || !count_nodes(1)) {
            return nullptr;
        }
        const auto index = static_cast<XmlIndex>(document_.nodes.size());
        XmlNode& node = document_.nodes.emplace_back();
        node.kind = kind;
        node.place = place();
        node.parent = current_;
        if (current_ != kNoXml) {
            document_.nodes[current_].children.push_back(index);
        }
        return &node;
    }

    void start(std::string_view name, const XML_Char** attributes) {
        if (depth_ == options_.limits.depth_max) {
            refuse("elements are nested deeper than max-xml-depth allows (" +
                   std::to_string(options_.limits.depth_max) + ")");
        }
        if (has_external_subset_) {
            refuse_skipped_entities();
        }
        XmlNode* node = add_node(XmlKind::kElement);
        if (node == nullptr) {
            return;
        }
        const Name parts = split_name(name);
        node->ns = parts.ns;
        node->name = parts.local;
        node->prefix = parts.prefix;
        node->declarations = std::exchange(declarations_, {});
        check_name(parts.local);
        for (; *attributes != nullptr; attributes += 2) {
            const Name attribute = split_name(attributes[0]);
            check_name(attribute.local);
            node->attributes.push_back({std::string(attribute.ns), std::string(attribute.prefix),
                                        std::string(attribute.local), attributes[1]});
        }
        ++depth_;
        current_ = static_cast<XmlIndex>(document_.nodes.size() - 1);
        count_nodes(node->attributes.size());
    }

    // In UTF-16 and Latin-1 expat takes three signs for letters (U+00AA, U+00B5, U+00BA) that XML
    // does not allow in names, and that it refuses itself in UTF-8.
    void check_name(std::string_view name) {
        for (const std::string_view sign : {"\xC2\xAA", "\xC2\xB5", "\xC2\xBA"}) {
            if (name.find(sign) != std::string_view::npos) {
                refuse("not well-formed (a sign that names may not have)");
            }
        }
    }

    // expat leaves out undeclared entities when there is an external subset, and tells about those
    // in text only; for those in attributes the tag itself is looked through.
    void refuse_skipped_entities() {
        const auto begin = static_cast<std::size_t>(XML_GetCurrentByteIndex(parser_.get()));
        const auto size = static_cast<std::size_t>(XML_GetCurrentByteCount(parser_.get()));
        std::string tag(source_.substr(begin, size));
        tag.erase(std::remove(tag.begin(), tag.end(), '\0'), tag.end());  // UTF-16
        std::size_t reference = tag.find('&');
        while (reference != std::string::npos) {
            const std::size_t close = tag.find(';', reference);
            const std::string name = tag.substr(reference + 1, close - reference - 1);
            if (close != std::string::npos && name[0] != '#' && !is_predefined(name)) {
                refuse_undeclared(name);
            }
            reference = tag.find('&', reference + 1);
        }
    }

    static bool is_predefined(std::string_view entity) {
        return entity == "amp" || entity == "lt" || entity == "gt" || entity == "quot" ||
               entity == "apos";
    }

    void refuse_undeclared(const std::string& entity) {
        refuse("the entity \"" + entity + "\" is not declared");
    }

    void end() {
        if (!stopped_) {
            --depth_;
            current_ = document_.nodes[current_].parent;
        }
    }

    // expat gives text in pieces: at line ends, entities and the edges of its buffer.
    void text(std::string_view piece) {
        if (stopped_ || current_ == kNoXml) {
            return;
        }
        const XmlKind kind = in_cdata_ ? XmlKind::kCdata : XmlKind::kText;
        const auto& siblings = document_.nodes[current_].children;
        if (!siblings.empty() && document_.nodes[siblings.back()].kind == kind) {
            document_.nodes[siblings.back()].text.append(piece);
        } else if (XmlNode* node = add_node(kind)) {
            node->text = piece;
        }
    }

    void comment(const XML_Char* text) {
        // Outside the document element there is no node that it could belong to.
        if (!options_.keep_comments || current_ == kNoXml) {
            return;
        }
        if (XmlNode* node = add_node(XmlKind::kComment)) {
            node->text = text;
        }
    }

    static void on_declaration(void* data, const XML_Char* prefix, const XML_Char* uri) {
        self(data).declarations_.emplace_back(prefix == nullptr ? "" : prefix,
                                              uri == nullptr ? "" : uri);
    }
    static void on_start(void* data, const XML_Char* name, const XML_Char** attributes) {
        self(data).start(name, attributes);
    }
    static void on_end(void* data, const XML_Char* /*name*/) { self(data).end(); }
    static void on_text(void* data, const XML_Char* text, int size) {
        self(data).text({text, static_cast<std::size_t>(size)});
    }
    static void on_cdata_start(void* data) {
        self(data).in_cdata_ = true;
        self(data).add_node(XmlKind::kCdata);
    }
    static void on_cdata_end(void* data) { self(data).in_cdata_ = false; }
    static void on_comment(void* data, const XML_Char* text) { self(data).comment(text); }
    static void on_document_type(void* data, const XML_Char* /*name*/, const XML_Char* system,
                                 const XML_Char* /*public_id*/, int /*has_internal_subset*/) {
        self(data).has_external_subset_ = system != nullptr;
    }
    static void on_entity_declaration(void* data, const XML_Char* name, int /*is_parameter*/,
                                      const XML_Char* /*value*/, int /*size*/,
                                      const XML_Char* /*base*/, const XML_Char* /*system*/,
                                      const XML_Char* /*public_id*/, const XML_Char* /*notation*/) {
        self(data).refuse("the document type declaration declares the entity \"" +
                          std::string(name) + "\"; documents must not declare entities");
    }
    // expat may skip entities when there is an external subset, which is never read.
    static void on_skipped_entity(void* data, const XML_Char* name, int /*is_parameter*/) {
        self(data).refuse_undeclared(name);
    }
    static int on_unknown_encoding(void* /*data*/, const XML_Char* name, XML_Encoding* encoding) {
        if (find_encoding(name) != TextEncoding::kWindows1252) {
            return XML_STATUS_ERROR;
        }
        for (int byte = 0; byte < 256; ++byte) {
            encoding->map[byte] = byte;
        }
        for (std::size_t high = 0; high < kWindows1252High.size(); ++high) {
            const int code = kWindows1252High[high];
            encoding->map[0x80 + high] = code == 0 ? -1 : code;
        }
        encoding->data = nullptr;
        encoding->convert = nullptr;
        encoding->release = nullptr;
        return XML_STATUS_OK;
    }

    struct ParserDeleter {
        void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
    };

    XmlOptions options_;
    std::unique_ptr<XML_ParserStruct, ParserDeleter> parser_;
    std::string_view source_;
    XmlDocument document_;
    XmlIndex current_ = kNoXml;  // the element that is open
    std::uint32_t depth_ = 0;
    std::size_t node_count_ = 0;
    bool in_cdata_ = false;
    bool has_external_subset_ = false;
    bool stopped_ = false;
    XmlError refusal_;
    // Of the element that comes next: expat reports them before it.
    std::vector<std::pair<std::string, std::string>> declarations_;
};

}  // namespace

tl::expected<XmlDocument, XmlError> parse_xml(std::string_view bytes, std::string_view url,
                                              const XmlOptions& options) {
    return TreeBuilder(url, options).parse(bytes);
}

}  // namespace fermata::value

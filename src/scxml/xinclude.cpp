#include "scxml/xinclude.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "scxml/document.h"
#include "scxml/rule_ids.h"
#include "scxml/url.h"

namespace fermata::scxml {

namespace {

using value::kNoXml;
using value::XmlDocument;
using value::XmlIndex;
using value::XmlKind;
using value::XmlNode;
using value::XmlPlace;

bool is_include(const XmlNode& node) {
    return node.is_element(kXIncludeNamespace, "include");
}

// The element with this id, by `id` or xml:id.
XmlIndex find_by_id(const XmlDocument& document, std::string_view id) {
    constexpr std::string_view kXml = "http://www.w3.org/XML/1998/namespace";
    for (XmlIndex index = 0; index < document.nodes.size(); ++index) {
        const XmlNode& node = document.at(index);
        if (!node.is_element()) {
            continue;
        }
        const std::string* plain = node.find_attribute("id");
        const std::string* xml_id = node.find_attribute(kXml, "id");
        if ((plain != nullptr && *plain == id) || (xml_id != nullptr && *xml_id == id)) {
            return index;
        }
    }
    return kNoXml;
}

// The `position`th element child, from 1.
XmlIndex element_child(const XmlDocument& document, XmlIndex parent, std::uint32_t position) {
    for (const XmlIndex child : document.at(parent).children) {
        if (document.at(child).is_element() && --position == 0) {
            return child;
        }
    }
    return kNoXml;
}

// The element() scheme's argument: an id, a child sequence "/1/2", or both.
XmlIndex find_by_sequence(const XmlDocument& document, std::string_view argument) {
    const std::size_t first_slash = argument.find('/');
    const std::string_view id = argument.substr(0, first_slash);
    XmlIndex at = kNoXml;
    if (!id.empty()) {
        at = find_by_id(document, id);
    }
    std::string_view steps =
        first_slash == std::string_view::npos ? std::string_view() : argument.substr(first_slash);
    bool at_document = id.empty();
    while (!steps.empty() && (at != kNoXml || at_document)) {
        steps.remove_prefix(1);
        const std::string_view step = steps.substr(0, steps.find('/'));
        std::uint32_t position = 0;
        const auto parsed = std::from_chars(step.data(), step.data() + step.size(), position);
        if (parsed.ptr != step.data() + step.size() || position == 0) {
            return kNoXml;
        }
        // The document itself has one element child, its document element.
        if (at_document) {
            at = position == 1 ? 0 : kNoXml;
        } else {
            at = element_child(document, at, position);
        }
        at_document = false;
        steps.remove_prefix(step.size());
    }
    return at;
}

XmlIndex find_pointed(const XmlDocument& document, std::string_view xpointer) {
    constexpr std::string_view kScheme = "element(";
    if (xpointer.empty()) {
        return 0;
    }
    if (xpointer.starts_with(kScheme) && xpointer.ends_with(')')) {
        return find_by_sequence(
            document, xpointer.substr(kScheme.size(), xpointer.size() - kScheme.size() - 1));
    }
    return xpointer.find('(') == std::string_view::npos ? find_by_id(document, xpointer) : kNoXml;
}

// One xi:include element, read.
struct Reference {
    std::string url;
    std::string xpointer;
    std::string encoding;
    bool is_text = false;
};

class Includer {
  public:
    Includer(XmlDocument main, const ResourceSet& resources, const DocumentLimits& limits)
        : main_(std::move(main)),
          own_url_(resolve_url(main_.sources[0], "")),
          resources_(resources),
          limits_(limits) {}

    Expanded expand() {
        out_.xml.sources = main_.sources;
        open_.emplace_back(own_url_, std::string());
        copy(main_, 0, kNoXml, 0);
        return std::move(out_);
    }

  private:
    FindingWriter writer() { return {out_.xml.sources, out_.findings}; }

    // Copies one node with all below it. Recursion is bounded by max-xml-depth, checked here since
    // an include starts inside another document.
    void copy(const XmlDocument& from, XmlIndex index, XmlIndex parent, std::uint32_t depth) {
        const XmlNode& node = from.at(index);
        if (is_include(node) && parent != kNoXml) {
            include(from, index, parent, depth);
            return;
        }
        XmlPlace place = place_of(from, node);
        if (depth >= limits_.depth_max || out_.xml.nodes.size() >= limits_.nodes_max) {
            refuse_size(place, depth);
            return;
        }
        XmlNode copied = node;
        copied.place = place;
        copied.children.clear();
        const XmlIndex self = append(std::move(copied), parent);
        for (const XmlIndex child : node.children) {
            copy(from, child, self, depth + 1);
        }
    }

    XmlIndex append(XmlNode node, XmlIndex parent) {
        const auto index = static_cast<XmlIndex>(out_.xml.nodes.size());
        node.parent = parent;
        out_.xml.nodes.push_back(std::move(node));
        if (parent != kNoXml) {
            out_.xml.nodes[parent].children.push_back(index);
        }
        return index;
    }

    void refuse_size(const XmlPlace& place, std::uint32_t depth) {
        if (std::exchange(too_large_, true)) {
            return;
        }
        const bool is_deep = depth >= limits_.depth_max;
        writer().error(place, rule::kIncludeLimit,
                       is_deep ? fmt::format("with its includes the document is nested deeper than "
                                             "max-xml-depth ({})",
                                             limits_.depth_max)
                               : fmt::format("with its includes the document has more nodes than "
                                             "max-xml-nodes ({})",
                                             limits_.nodes_max));
    }

    XmlPlace place_of(const XmlDocument& from, const XmlNode& node) {
        XmlPlace place = node.place;
        place.source = source_index(from.sources[node.place.source]);
        return place;
    }

    std::uint32_t source_index(const std::string& url) {
        auto& sources = out_.xml.sources;
        const auto known = std::find(sources.begin(), sources.end(), url);
        if (known == sources.end()) {
            sources.push_back(url);
            return static_cast<std::uint32_t>(sources.size() - 1);
        }
        return static_cast<std::uint32_t>(known - sources.begin());
    }

    void include(const XmlDocument& from, XmlIndex index, XmlIndex parent, std::uint32_t depth) {
        const XmlNode& element = from.at(index);
        const XmlPlace place = place_of(from, element);
        const std::optional<Reference> reference =
            read_reference(element, from.sources[element.place.source], place);
        if (!reference || !count_include(place)) {
            return;
        }
        const bool is_own = reference->url == own_url_ && !reference->is_text;
        const Result<std::string>* bytes = resources_.find(reference->url);
        if (!is_own && bytes == nullptr) {
            add_once(out_.missing, reference->url);
            return;
        }
        if (!is_own && !*bytes) {
            fall_back(
                from, index, parent, depth,
                fmt::format("{} cannot be had: {}", reference->url, bytes->error().message()));
            return;
        }
        if (!is_own) {
            add_once(out_.used, reference->url);
        }
        if (reference->is_text) {
            include_text(*reference, **bytes, place, parent);
            return;
        }
        const XmlDocument* target = is_own ? &main_ : parsed(reference->url, **bytes);
        if (target != nullptr) {
            include_element(from, index, *reference, *target, parent, depth);
        }
    }

    bool count_include(const XmlPlace& place) {
        if (++include_count_ <= limits_.includes_max) {
            return true;
        }
        if (include_count_ == limits_.includes_max + 1) {
            writer().error(
                place, rule::kIncludeLimit,
                fmt::format("more than max-includes ({}) inclusions", limits_.includes_max),
                "raise max-includes, or include less");
        }
        return false;
    }

    std::optional<Reference> read_reference(const XmlNode& element, const std::string& base,
                                            const XmlPlace& place) {
        if (element.find_attribute("resolveid") != nullptr) {
            writer().error(
                place, rule::kUnavailableDialect,
                "attribute resolveid of <xi:include> belongs to the ORS dialect, which is "
                "not available in this build",
                "remove resolveid, or give the parts ids that do not collide");
            return std::nullopt;
        }
        Reference reference;
        const std::string* parse = element.find_attribute("parse");
        reference.is_text = parse != nullptr && *parse == "text";
        if (parse != nullptr && *parse != "text" && *parse != "xml") {
            writer().error(place, rule::kIncludeSyntax,
                           fmt::format("parse=\"{}\" is neither xml nor text", *parse));
            return std::nullopt;
        }
        const std::string* xpointer = element.find_attribute("xpointer");
        reference.xpointer = xpointer == nullptr ? std::string() : *xpointer;
        if (reference.is_text && xpointer != nullptr) {
            writer().error(place, rule::kIncludeSyntax,
                           "xpointer cannot be used with parse=\"text\"");
            return std::nullopt;
        }
        const std::string* encoding = element.find_attribute("encoding");
        reference.encoding = encoding == nullptr ? "UTF-8" : *encoding;
        const std::string* href = element.find_attribute("href");
        const bool has_href = href != nullptr && !href->empty();
        if (!has_href && (xpointer == nullptr || reference.is_text)) {
            writer().error(place, rule::kIncludeSyntax, "<xi:include> needs href",
                           "without href, only xpointer can say what to include");
            return std::nullopt;
        }
        if (has_href && href->find('#') != std::string::npos) {
            writer().error(place, rule::kIncludeSyntax,
                           fmt::format("href=\"{}\" has a fragment", *href),
                           "name the part in attribute xpointer");
            return std::nullopt;
        }
        reference.url = resolve_url(base, has_href ? *href : std::string());
        return reference;
    }

    void include_text(const Reference& reference, const std::string& bytes, const XmlPlace& place,
                      XmlIndex parent) {
        if (bytes.size() > limits_.bytes_max) {
            writer().error(place, rule::kIncludeLimit,
                           fmt::format("{} is larger than max-document-size ({} bytes)",
                                       reference.url, limits_.bytes_max));
            return;
        }
        const Result<std::string> text = value::decode_text(bytes, reference.encoding);
        if (!text) {
            writer().error(place, rule::kIncludeUnavailable,
                           fmt::format("{}: {}", reference.url, text.error().message()),
                           "say its encoding in attribute encoding");
            return;
        }
        XmlNode node;
        node.kind = XmlKind::kText;
        node.text = *text;
        node.place.line = 1;
        node.place.column = 1;
        node.place.source = source_index(reference.url);
        append(std::move(node), parent);
    }

    void include_element(const XmlDocument& from, XmlIndex index, const Reference& reference,
                         const XmlDocument& target, XmlIndex parent, std::uint32_t depth) {
        const XmlPlace place = place_of(from, from.at(index));
        std::pair<std::string, std::string> opened(reference.url, reference.xpointer);
        if (std::find(open_.begin(), open_.end(), opened) != open_.end()) {
            writer().error(place, rule::kIncludeLoop,
                           fmt::format("{} includes itself", reference.url));
            return;
        }
        const XmlIndex pointed = find_pointed(target, reference.xpointer);
        if (pointed == kNoXml) {
            fall_back(from, index, parent, depth,
                      fmt::format("{} has no element {}", reference.url, reference.xpointer));
            return;
        }
        open_.push_back(std::move(opened));
        copy(target, pointed, parent, depth);
        open_.pop_back();
    }

    const XmlDocument* parsed(const std::string& url, const std::string& bytes) {
        const auto known = documents_.find(url);
        if (known != documents_.end()) {
            return known->second ? &*known->second : nullptr;
        }
        value::XmlOptions options;
        options.limits = limits_;
        auto document = value::parse_xml(bytes, url, options);
        if (!document) {
            XmlPlace place = document.error().place;
            place.source = source_index(url);
            writer().error(place, rule::kMalformedXml, document.error().message);
            documents_.emplace(url, std::nullopt);
            return nullptr;
        }
        return &*documents_.emplace(url, std::move(*document)).first->second;
    }

    // XInclude 4.4: what cannot be had is replaced by the fallback, if there is one.
    void fall_back(const XmlDocument& from, XmlIndex index, XmlIndex parent, std::uint32_t depth,
                   std::string reason) {
        for (const XmlIndex child : from.at(index).children) {
            if (!from.at(child).is_element(kXIncludeNamespace, "fallback")) {
                continue;
            }
            for (const XmlIndex replacement : from.at(child).children) {
                copy(from, replacement, parent, depth);
            }
            return;
        }
        writer().error(place_of(from, from.at(index)), rule::kIncludeUnavailable, std::move(reason),
                       "correct href, or give <xi:include> an <xi:fallback>");
    }

    static void add_once(std::vector<std::string>& urls, const std::string& url) {
        if (std::find(urls.begin(), urls.end(), url) == urls.end()) {
            urls.push_back(url);
        }
    }

    const XmlDocument main_;
    const std::string own_url_;
    const ResourceSet& resources_;
    const DocumentLimits& limits_;
    Expanded out_;
    // Included documents; nullopt when malformed. A map, since pointers into it are kept meanwhile.
    std::map<std::string, std::optional<XmlDocument>> documents_;
    std::vector<std::pair<std::string, std::string>> open_;  // URL and xpointer of what encloses us
    std::uint32_t include_count_ = 0;
    bool too_large_ = false;
};

}  // namespace

Expanded expand_includes(value::XmlDocument document, const ResourceSet& resources,
                         const DocumentLimits& limits) {
    if (std::none_of(document.nodes.begin(), document.nodes.end(), is_include)) {
        Expanded unchanged;
        unchanged.xml = std::move(document);
        return unchanged;
    }
    return Includer(std::move(document), resources, limits).expand();
}

}  // namespace fermata::scxml

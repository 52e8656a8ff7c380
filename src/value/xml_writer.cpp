// XML text of nodes, with the namespace declarations that it needs to stand alone.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "value/xml.h"

namespace fermata::value {
namespace {

class XmlWriter {
  public:
    explicit XmlWriter(const XmlDocument& document) : document_(document) {}

    // Iteratively: merged documents may nest deeper than any single limit.
    void write(XmlIndex top) {
        open(top);
        while (!open_.empty()) {
            const Open& innermost = open_.back();
            const auto& children = document_.at(innermost.node).children;
            if (innermost.next_child == children.size()) {
                close();
                continue;
            }
            const XmlIndex child = children[innermost.next_child];
            ++open_.back().next_child;
            open(child);
        }
    }

    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    struct Open {
        XmlIndex node = 0;
        std::size_t next_child = 0;
        std::size_t outer_bindings = 0;  // size of bindings_ outside of it
    };

    void open(XmlIndex index) {
        const XmlNode& node = document_.at(index);
        switch (node.kind) {
            case XmlKind::kText:
                append_escaped(out_, node.text, false);
                return;
            case XmlKind::kCdata:
                write_cdata(node.text);
                return;
            case XmlKind::kComment:
                out_.append("<!--").append(node.text).append("-->");
                return;
            case XmlKind::kElement:
                break;
        }
        const std::size_t outer_bindings = bindings_.size();
        out_.push_back('<');
        write_name(node.prefix, node.name);
        bind(node.prefix, node.ns, outer_bindings);
        for (const auto& [prefix, ns] : node.declarations) {
            declare(prefix, ns, outer_bindings);
        }
        for (const XmlAttribute& attribute : node.attributes) {
            if (!attribute.ns.empty()) {
                bind(attribute.prefix, attribute.ns, outer_bindings);
            }
            write_attribute(attribute.prefix, attribute.name, attribute.value);
        }
        if (node.children.empty()) {
            out_.append("/>");
            bindings_.resize(outer_bindings);
        } else {
            out_.push_back('>');
            open_.push_back({index, 0, outer_bindings});
        }
    }

    void close() {
        const XmlNode& node = document_.at(open_.back().node);
        out_.append("</");
        write_name(node.prefix, node.name);
        out_.push_back('>');
        bindings_.resize(open_.back().outer_bindings);
        open_.pop_back();
    }

    void write_name(std::string_view prefix, std::string_view name) {
        if (!prefix.empty()) {
            out_.append(prefix).push_back(':');
        }
        out_.append(name);
    }

    void write_attribute(std::string_view prefix, std::string_view name, std::string_view value) {
        out_.push_back(' ');
        write_name(prefix, name);
        out_.append("=\"");
        append_escaped(out_, value, true);
        out_.push_back('"');
    }

    void write_cdata(std::string_view text) {
        constexpr std::string_view kEnd = "]]>";
        out_.append("<![CDATA[");
        for (std::size_t end = text.find(kEnd); end != std::string_view::npos;
             end = text.find(kEnd)) {
            out_.append(text.substr(0, end + 2)).append("]]><![CDATA[");
            text.remove_prefix(end + 2);
        }
        out_.append(text).append(kEnd);
    }

    // Declares the prefix unless it means `ns` here already.
    void bind(std::string_view prefix, std::string_view ns, std::size_t outer_bindings) {
        if (prefix == "xml") {
            return;  // bound by definition
        }
        for (auto binding = bindings_.rbegin(); binding != bindings_.rend(); ++binding) {
            if (binding->first == prefix) {
                if (binding->second != ns) {
                    declare(prefix, ns, outer_bindings);
                }
                return;
            }
        }
        if (!ns.empty()) {
            declare(prefix, ns, outer_bindings);
        }
    }

    // At most one declaration of a prefix per element: the first one counts.
    void declare(std::string_view prefix, std::string_view ns, std::size_t outer_bindings) {
        for (std::size_t own = outer_bindings; own < bindings_.size(); ++own) {
            if (bindings_[own].first == prefix) {
                return;
            }
        }
        bindings_.emplace_back(prefix, ns);
        write_attribute(prefix.empty() ? "" : "xmlns", prefix.empty() ? "xmlns" : prefix, ns);
    }

    const XmlDocument& document_;
    std::vector<Open> open_;
    std::vector<std::pair<std::string_view, std::string_view>> bindings_;  // prefix, namespace
    std::string out_;
};

}  // namespace

std::string XmlDocument::to_xml(XmlIndex index) const {
    XmlWriter writer(*this);
    writer.write(index);
    return writer.take();
}

std::string XmlDocument::inner_xml(XmlIndex index) const {
    XmlWriter writer(*this);
    for (const XmlIndex child : at(index).children) {
        writer.write(child);
    }
    return writer.take();
}

void append_escaped(std::string& out, std::string_view text, bool attribute) {
    for (const char character : text) {
        switch (character) {
            case '&':
                out.append("&amp;");
                break;
            case '<':
                out.append("&lt;");
                break;
            case '>':
                out.append("&gt;");
                break;
            case '\r':  // a parser would read it as a line feed
                out.append("&#13;");
                break;
            case '"':
                out.append(attribute ? "&quot;" : "\"");
                break;
            case '\n':  // a parser would read these two as spaces in attributes
                out.append(attribute ? "&#10;" : "\n");
                break;
            case '\t':
                out.append(attribute ? "&#9;" : "\t");
                break;
            default:
                out.push_back(character);
        }
    }
}

}  // namespace fermata::value

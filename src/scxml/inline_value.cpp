#include "scxml/inline_value.h"

#include "value/encoding.h"

namespace fermata::scxml {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool is_blank(std::string_view text) {
    return text.find_first_not_of(kBlanks) == std::string_view::npos;
}

std::string normalised(std::string_view text) {
    std::string result;
    std::size_t at = text.find_first_not_of(kBlanks);
    while (at != std::string_view::npos) {
        const std::size_t end = text.find_first_of(kBlanks, at);
        if (!result.empty()) {
            result.push_back(' ');
        }
        result.append(text.substr(at, end == std::string_view::npos ? end : end - at));
        at = end == std::string_view::npos ? end : text.find_first_not_of(kBlanks, end);
    }
    return result;
}

value::Value text_value(std::string_view text, script::DataModelKind datamodel) {
    if (datamodel == script::DataModelKind::kEcmascript) {
        if (Result<value::Value> json = value::Value::from_json(text)) {
            return std::move(*json);
        }
    }
    return value::Value::string(normalised(text));
}

}  // namespace

value::Value inline_value(const value::XmlDocument& xml, value::XmlIndex element,
                          script::DataModelKind datamodel) {
    value::XmlIndex only_element = value::kNoXml;
    bool is_one_element = true;
    bool has_element = false;
    for (const value::XmlIndex child : xml.at(element).children) {
        const value::XmlNode& node = xml.at(child);
        if (node.is_element()) {
            is_one_element = is_one_element && !has_element;
            has_element = true;
            only_element = child;
        } else if (node.kind != value::XmlKind::kComment && !is_blank(node.text)) {
            is_one_element = false;
        }
    }
    if (!has_element) {
        return text_value(xml.text_of(element), datamodel);
    }
    if (is_one_element) {
        return value::Value::xml(xml.to_xml(only_element));
    }
    // Mixed content is no document, so it stays text with its mark-up.
    return value::Value::string(xml.inner_xml(element));
}

value::Value resource_value(std::string_view text, script::DataModelKind datamodel) {
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first != std::string_view::npos && text[first] == '<' &&
        value::parse_xml(text, "", value::XmlOptions{})) {
        return value::Value::xml(text);
    }
    return text_value(text, datamodel);
}

bool is_blank_inside(const value::XmlDocument& xml, value::XmlIndex element) {
    for (const value::XmlIndex child : xml.at(element).children) {
        const value::XmlNode& node = xml.at(child);
        if (node.is_element() || (node.kind != value::XmlKind::kComment && !is_blank(node.text))) {
            return false;
        }
    }
    return true;
}

std::optional<std::string> document_text(const value::Value& value) {
    if (value.is_string()) {
        return value.to_text();
    }
    if (value.tag() == value::Tag::kXml) {
        value::Reader reader(value.bytes());
        reader.tag();
        return std::string(reader.text());
    }
    return std::nullopt;
}

}  // namespace fermata::scxml

#include "scxml/validate_walk.h"

namespace fermata::scxml {

namespace {
constexpr std::string_view kSpace = " \t\r\n";
}  // namespace

std::string_view attribute_of(const value::XmlNode& node, std::string_view name) {
    const std::string* found = node.find_attribute(name);
    return found == nullptr ? std::string_view() : std::string_view(*found);
}

bool has_attribute(const value::XmlNode& node, std::string_view name) {
    return node.find_attribute(name) != nullptr;
}

std::vector<value::XmlIndex> children_named(const value::XmlDocument& xml,
                                            const value::XmlNode& node, std::string_view name) {
    std::vector<value::XmlIndex> found;
    for (const value::XmlIndex child : node.children) {
        if (xml.at(child).is_element(kScxmlNamespace, name)) {
            found.push_back(child);
        }
    }
    return found;
}

std::vector<std::string_view> split_words(std::string_view list) {
    std::vector<std::string_view> words;
    std::size_t at = list.find_first_not_of(kSpace);
    while (at != std::string_view::npos) {
        const std::size_t end = list.find_first_of(kSpace, at);
        words.push_back(list.substr(at, end - at));
        at = list.find_first_not_of(kSpace, end);
    }
    return words;
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(kSpace) == std::string_view::npos;
}

}  // namespace fermata::scxml

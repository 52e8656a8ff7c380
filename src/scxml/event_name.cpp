#include "scxml/event_name.h"

namespace fermata::scxml {

std::string_view normalised_descriptor(std::string_view descriptor) {
    if (descriptor == ".*" || descriptor == "*.") {
        return "*";
    }
    if (descriptor.ends_with(".*")) {
        descriptor.remove_suffix(2);
    }
    while (descriptor.size() > 1 && descriptor.back() == '.') {
        descriptor.remove_suffix(1);
    }
    return descriptor;
}

bool descriptor_matches(std::string_view descriptor, std::string_view name) {
    if (descriptor == "*") {
        return true;
    }
    return name.starts_with(descriptor) &&
           (name.size() == descriptor.size() || name[descriptor.size()] == '.');
}

}  // namespace fermata::scxml

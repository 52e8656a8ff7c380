// Event names and descriptors (SCXML 3.12.1): a descriptor matches a name when its tokens, split at
// dots, are a prefix of the name's; "*" matches everything; "error", "error." and "error.*" are the
// same. Case counts.
#pragma once

#include <string_view>

namespace fermata::scxml {

// The shortest form of a descriptor: "error.*" -> "error"; "*" stays.
std::string_view normalised_descriptor(std::string_view descriptor);

// `descriptor` must be in its shortest form.
bool descriptor_matches(std::string_view descriptor, std::string_view name);

}  // namespace fermata::scxml

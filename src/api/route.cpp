#include "api/route.h"

namespace fermata::api {

std::vector<std::string> path_parameters(std::string_view pattern) {
    std::vector<std::string> names;
    std::size_t open = pattern.find('{');
    while (open != std::string_view::npos) {
        const std::size_t shut = pattern.find('}', open);
        std::string name(pattern.substr(open + 1, shut - open - 1));
        if (name.ends_with("...")) {
            name.resize(name.size() - 3);
        }
        names.push_back(std::move(name));
        open = pattern.find('{', shut);
    }
    return names;
}

}  // namespace fermata::api

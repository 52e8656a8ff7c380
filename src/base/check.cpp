#include "base/check.h"

#include <cstdlib>

#include "base/log.h"

namespace fermata {

void check_failed(const char* condition, const char* file, int line) {
    log::critical("invariant broken", {{"condition", condition}, {"file", file}, {"line", line}});
    log::flush();
    std::abort();
}

}  // namespace fermata

#include "app/store_opening.h"

#include <utility>

#include "app/bindings.h"
#include "app/persistence_rules.h"
#include "base/log.h"

namespace fermata::app {

Result<std::unique_ptr<store::Store>> open_store(const Settings& settings) {
    FERMATA_TRY(check_persistence(settings));
    for (const std::string& warning : persistence_warnings(settings)) {
        log::warning(warning);
    }
    const std::string& type = settings.text("persistence", "type");
    if (type == "memory") {
        return std::unique_ptr<store::Store>(
            std::make_unique<store::MemoryStore>(memory_options(settings)));
    }
    if (type != "embedded") {
        return Error(ErrorCode::kInvalidArgument, "[persistence] type=" + type +
                                                      " is not in this build: it keeps sessions in "
                                                      "a folder (type=embedded, the default) or in "
                                                      "memory (type=memory)");
    }
    FERMATA_TRY_ASSIGN(auto embedded, store::EmbeddedStore::open(embedded_options(settings)));
    return std::unique_ptr<store::Store>(std::move(embedded));
}

}  // namespace fermata::app

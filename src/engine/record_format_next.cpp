// What a later version would say, for tests of upgrades: one format more, of the same layout.
#include "engine/record_format.h"

namespace fermata::engine {

RecordFormat record_format_newest() {
    return 2;
}

}  // namespace fermata::engine

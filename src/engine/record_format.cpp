#include "engine/record_format.h"

namespace fermata::engine {

RecordFormat record_format_newest() {
    return 1;
}

}  // namespace fermata::engine

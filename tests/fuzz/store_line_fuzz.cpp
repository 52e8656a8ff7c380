// Lines of an export, as `fermata store import` reads them: whatever stands in a file gives an
// error or a piece, and a piece is written and read again as the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/store_lines.h"
#include "base/check.h"

using fermata::app::from_line;
using fermata::app::to_line;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libFuzzer hands over bytes.
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    const auto piece = from_line(line);
    if (piece) {
        const std::string written = to_line(*piece);
        const auto again = from_line(written);
        FERMATA_CHECK(again.has_value());
        FERMATA_CHECK(to_line(*again) == written);
    }
    return 0;
}

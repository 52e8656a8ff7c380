// FERMATA_CHECK: an invariant whose breach is a bug of ours. Logs and aborts, also in release.
#pragma once

namespace fermata {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace fermata

#define FERMATA_CHECK(condition)                                     \
    do {                                                             \
        if (!(condition)) {                                          \
            ::fermata::check_failed(#condition, __FILE__, __LINE__); \
        }                                                            \
    } while (false)

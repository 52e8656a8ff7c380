// Heap: how many bytes of memory this process holds. Of jemalloc where the program is linked with
// it, else of glibc.
//
// Threads: any one at a time; what others allocate meanwhile counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>

#include <unistd.h>
#ifdef FERMATA_JEMALLOC
#include <jemalloc/jemalloc.h>
#else
#include <malloc.h>
#endif

namespace fermata::bench {

// Handed out and not given back, as the allocator rounds it up.
inline std::size_t heap_bytes() {
#ifdef FERMATA_JEMALLOC
    // What threads keep for their next allocations counts as handed out, so ours goes back first.
    mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
    std::uint64_t epoch = 1;  // statistics are as of its last change
    mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch);
    std::size_t bytes = 0;
    std::size_t size = sizeof bytes;
    mallctl("stats.allocated", &bytes, &size, nullptr, 0);
    return bytes;
#else
    const auto usage = mallinfo2();
    return usage.uordblks + usage.hblkhd;
#endif
}

// Returns to the system what is free.
inline void trim_heap() {
#ifdef FERMATA_JEMALLOC
    static_assert(MALLCTL_ARENAS_ALL == 4096);
    mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
#else
    malloc_trim(0);
#endif
}

inline double resident_bytes() {
    std::ifstream file("/proc/self/statm");
    double pages = 0;
    file >> pages >> pages;
    return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace fermata::bench

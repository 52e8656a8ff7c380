// Loaded into the Redis servers of a test (LD_PRELOAD): an fsync takes as long as on a busy disk.
// Meanwhile, with `appendfsync everysec`, Redis keeps what it acknowledges in memory, and kill -9
// loses it (docs/guide/redis.md, "When all copies die at once"). Only the thread that syncs the
// file is slow. The main thread syncs nodes.conf at each change in the cluster, answers nobody
// meanwhile, and with the short node time-out of the tests its neighbours would take it for dead:
// changes that make changes, and a cluster that may never form.
#include <chrono>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

namespace {

// Of each second, so that nearly every moment is within one.
constexpr std::chrono::milliseconds kDelay{900};

}  // namespace

extern "C" int fdatasync(int file) {
    const auto outcome = static_cast<int>(::syscall(SYS_fdatasync, file));
    if (::gettid() != ::getpid()) {
        std::this_thread::sleep_for(kDelay);  // pause: the fault itself
    }
    return outcome;
}

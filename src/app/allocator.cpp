// What jemalloc reads before main(), in programs that are linked with it: see
// docs/decisions/0011-jemalloc.md. An idle process gives memory of a peak back.
extern "C" {
// NOLINTNEXTLINE(*-avoid-non-const-global-variables): the name and type that jemalloc looks for
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true";
}

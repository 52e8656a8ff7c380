# Fermata::allocator: jemalloc, for programs that are run for longer than a test: see docs/decisions/0011-jemalloc.md. Sanitizers
# bring an allocator of their own.
option(FERMATA_JEMALLOC "link programs with jemalloc" ON)
add_library(fermata_allocator INTERFACE)
add_library(Fermata::allocator ALIAS fermata_allocator)
if(FERMATA_JEMALLOC AND NOT FERMATA_SANITIZE AND NOT FERMATA_FUZZ)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
  target_link_libraries(fermata_allocator INTERFACE PkgConfig::JEMALLOC)
  target_compile_definitions(fermata_allocator INTERFACE FERMATA_JEMALLOC=1)
endif()

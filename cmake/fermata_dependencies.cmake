# Everything that is not ours: Debian packages, and what `scripts/dev deps` built into build/deps (QuickJS; hiredis on Debian 12).
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url system)
find_package(EXPAT REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(RocksDB REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(tl-expected REQUIRED)
find_package(CLI11 REQUIRED)

set(FERMATA_DEPS_DIR "${CMAKE_SOURCE_DIR}/build/deps" CACHE PATH "what `scripts/dev deps` built")
add_library(quickjs::quickjs STATIC IMPORTED)
set_target_properties(quickjs::quickjs PROPERTIES
  IMPORTED_LOCATION "${FERMATA_DEPS_DIR}/quickjs/lib/libquickjs.a"
  INTERFACE_INCLUDE_DIRECTORIES "${FERMATA_DEPS_DIR}/quickjs/include"
  INTERFACE_LINK_LIBRARIES "m;dl;Threads::Threads")
if(NOT EXISTS "${FERMATA_DEPS_DIR}/quickjs/lib/libquickjs.a")
  message(FATAL_ERROR "QuickJS is not built yet: run `scripts/dev deps` first")
endif()

# hiredis with TLS (1.2 or newer): built by `scripts/dev deps`, or the package where it is new enough.
add_library(fermata_hiredis INTERFACE)
add_library(Fermata::hiredis ALIAS fermata_hiredis)
if(EXISTS "${FERMATA_DEPS_DIR}/hiredis/lib/libhiredis_ssl.a")
  target_include_directories(fermata_hiredis SYSTEM INTERFACE "${FERMATA_DEPS_DIR}/hiredis/include")
  target_link_libraries(fermata_hiredis INTERFACE
    "${FERMATA_DEPS_DIR}/hiredis/lib/libhiredis_ssl.a" "${FERMATA_DEPS_DIR}/hiredis/lib/libhiredis.a"
    OpenSSL::SSL OpenSSL::Crypto)
else()
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis>=1.2 hiredis_ssl>=1.2)
  target_link_libraries(fermata_hiredis INTERFACE PkgConfig::HIREDIS OpenSSL::SSL OpenSSL::Crypto)
endif()

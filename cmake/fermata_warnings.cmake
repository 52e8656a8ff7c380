# One INTERFACE target carries the warnings, so that third-party code never sees them.
add_library(fermata_warnings INTERFACE)
target_compile_options(fermata_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 reports overlapping copies inside std::string that cannot happen (GCC bug 105651).
  target_compile_options(fermata_warnings INTERFACE -Wno-restrict)
else()
  # Libraries newer than Debian 12's deprecate what those have nothing else for (expat's XML_GetCurrentLineNumber).
  target_compile_options(fermata_warnings INTERFACE -Wno-deprecated-declarations)
endif()
if(FERMATA_WERROR)
  target_compile_options(fermata_warnings INTERFACE -Werror)
endif()

if(FERMATA_SANITIZE)
  add_compile_options(-fsanitize=${FERMATA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FERMATA_SANITIZE})
endif()

# A faster linker where there is one: linking is most of an incremental build.
find_program(FERMATA_LLD ld.lld)
if(FERMATA_LLD)
  add_link_options(-fuse-ld=lld)
endif()

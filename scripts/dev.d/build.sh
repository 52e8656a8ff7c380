# shellcheck shell=bash
# Configures and builds one preset; the second call only builds what changed.
verb_build() {
  local preset=${1:-dev}
  use_verb deps
  verb_deps
  configure "$preset"
  step "build ($preset)"
  NINJA_STATUS="[%f/%t %es] " cmake --build --preset "$preset" --parallel "$(jobs)" "${@:2}"
}

configure() {
  local preset=$1
  step "configure ($preset)"
  if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache CMAKE_C_COMPILER_LAUNCHER=ccache
  fi
  mkdir -p "build/$preset"
  cmake --preset "$preset" >"build/$preset/configure.log" 2>&1 ||
    fail "cmake failed; see build/$preset/configure.log:
$(tail -n 15 "build/$preset/configure.log")"
}

# shellcheck shell=bash
# shellcheck disable=SC2154  # root is set by scripts/dev
# Builds and passes the tests. Without a label: the checks and everything that is not marked slow.
verb_test() {
  local label=${1:-all} preset=dev
  local selection=()
  case "$label" in
    all) selection=(-LE "slow") ;;
    asan | tsan)
      preset=$label
      selection=(-LE "slow|differential")
      ;;
    *) selection=(-L "^$label\$") ;;
  esac
  use_verb build
  case "$label" in
    differential | cluster | slow)
      use_verb deps
      install_peers
      ;;
  esac
  # Where the mirror has no Valkey, the tests beside Redis's servers remain; ctest names what is left out.
  use_verb deps
  (fetch_valkey) || step "Valkey: not there, its tests are left out"
  verb_build "$preset"
  if [ "$label" = all ]; then
    use_verb check
    verb_check
  fi
  step "tests ($label)"
  # Many tests wait for timers and processes: twice as many at a time as there are cores.
  sanitizer_options
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "$(($(jobs) * 2))" "${selection[@]}"
  step "tests ($label): passed"
}

sanitizer_options() {
  export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=0:allocator_may_return_null=1}
  export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
  export TSAN_OPTIONS=${TSAN_OPTIONS:-second_deadlock_stack=1:suppressions=$root/scripts/check/tsan.suppressions}
}

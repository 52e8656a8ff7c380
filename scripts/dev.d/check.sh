# shellcheck shell=bash
# shellcheck disable=SC2154  # root is set by scripts/dev
# Everything that can be checked without running the program. `check tidy` adds clang-tidy over all sources.
check_format() {
  step "format"
  git ls-files -co --exclude-standard '*.cpp' '*.h' | xargs -r clang-format --dry-run -Werror
}

check_own_rules() {
  step "folder direction and own rules"
  python3 scripts/check/check_test.py --buffer >build/check_test.log 2>&1 || fail "the checks fail their own tests; see build/check_test.log"
  python3 scripts/check/layers.py .
  python3 scripts/check/rules.py .
}

check_spelling() {
  step "spelling and shell"
  git ls-files '*.md' '*.h' '*.cpp' '*.py' '*.sh' | grep -v '^tests/fuzz/corpus/' | xargs -r codespell --quiet-level=2 --ignore-words=scripts/check/words.txt
  shellcheck -x scripts/dev scripts/dev.d/*.sh .ci/run
}

# clang-tidy reads the compile commands of the dev build, and those of benchmarks and fuzz targets, which need not be built for it; as
# many at a time as there are cores, since each takes 1 to 2 GB. What was clean is not read again until it changes.
check_tidy() {
  use_verb build
  use_verb deps
  install_peers
  verb_build dev
  local preset
  for preset in release fuzz; do
    configure "$preset"
  done
  step "clang-tidy"
  python3 scripts/check/tidy.py build/dev --also build/release --also build/fuzz --jobs "$(jobs)" "$@"
}

verb_check() {
  check_format
  check_own_rules
  check_spelling
  if [ "${1:-}" = tidy ]; then
    check_tidy "${@:2}"
  fi
  step "checks: clean"
}

# shellcheck shell=bash
# shellcheck disable=SC2154  # root is set by scripts/dev
# Builds for release and prints the benchmark table; each figure beside its reference measured in the same run.
verb_bench() {
  use_verb deps
  use_verb build
  install_peers
  verb_build release
  step "benchmarks"
  python3 bench/run.py --binaries build/release/bin --shared "${FERMATA_SHARED_DIR:-$root/../shared}" "$@"
}

# shellcheck shell=bash
# shellcheck disable=SC2154  # root is set by scripts/dev
# Builds for release and prints the benchmark table; each figure beside its reference measured in the same run.
# `bench redis` prints those of the Redis store instead, `bench cluster` those of several nodes, on Redis clusters that they start.
verb_bench() {
  use_verb deps
  use_verb build
  if [[ ${1:-} == redis ]]; then
    shift
    verb_build release
    step "benchmarks of the Redis store"
    python3 bench/redis_run.py --binaries build/release/bin "$@"
    return
  fi
  if [[ ${1:-} == cluster ]]; then
    shift
    verb_build release
    step "benchmarks of several nodes"
    python3 bench/cluster_run.py --binaries build/release/bin "$@"
    return
  fi
  install_peers
  verb_build release
  step "benchmarks"
  python3 bench/run.py --binaries build/release/bin --shared "${FERMATA_SHARED_DIR:-$root/../shared}" "$@"
}

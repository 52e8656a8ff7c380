# shellcheck shell=bash
# shellcheck disable=SC2154  # root is set by scripts/dev
# Builds the fuzz targets and runs each for a while, starting from the small corpus in the tree; as many at a time as there
# are cores.
fuzz_target() {
  local name=$1 seconds=$2
  local new=build/fuzz/fuzz/$name seeds=tests/fuzz/corpus/$name log=build/fuzz/$name.log
  local folders=("$new")
  mkdir -p "$new"
  [ ! -d "$seeds" ] || folders+=("$seeds")
  if "build/fuzz/bin/fuzz_$name" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 -timeout=20 \
    -artifact_prefix="build/fuzz/$name-" -print_final_stats=1 "${folders[@]}" >"$log" 2>&1; then
    echo "$name: no finding in $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs"
  else
    echo "$name: FOUND SOMETHING, see $log"
    return 1
  fi
}

verb_fuzz() {
  local seconds=${1:-60} names
  names=$(sed -n 's/^ *fermata_fuzz_target(\([a-z_]*\).*/\1/p' tests/fuzz/CMakeLists.txt)
  use_verb build
  # shellcheck disable=SC2046,SC2086  # a list of words
  verb_build fuzz --target $(printf 'fuzz_%s ' $names)
  step "fuzz: $(echo "$names" | wc -w) targets, $seconds s each, $(jobs) at a time"
  export -f fuzz_target
  # shellcheck disable=SC2016,SC2086  # a list of words; the inner shell expands $0
  printf '%s\n' $names | xargs -P "$(jobs)" -I{} bash -c 'fuzz_target {} "$0"' "$seconds" ||
    fail "a fuzz target found something"
  step "fuzz: no findings"
}

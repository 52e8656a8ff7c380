# shellcheck shell=bash
# Builds the fuzz targets and runs each for a while, starting from the small corpus in the tree.
verb_fuzz() {
  local seconds=${1:-60} target name work
  use_verb build
  verb_build fuzz
  for target in build/fuzz/bin/*_fuzz; do
    name=$(basename "$target")
    work=build/fuzz/corpus/$name
    mkdir -p "$work"
    step "fuzz $name for $seconds s"
    "$target" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
      "$work" "tests/fuzz/corpus/${name%_fuzz}" >"build/fuzz/$name.log" 2>&1 ||
      fail "$name found something; see build/fuzz/$name.log:
$(tail -n 20 "build/fuzz/$name.log")"
    grep -E 'number_of_executed_units|peak_rss' "build/fuzz/$name.log" || true
  done
  step "fuzz: no findings"
}

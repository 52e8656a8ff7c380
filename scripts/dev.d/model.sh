# shellcheck shell=bash
# shellcheck disable=SC2154  # root is set by scripts/dev
# Checks the specification of the cluster protocol (tests/model) with spin: as it is, it must hold in every interleaving;
# with any rule left out, spin must find a schedule that breaks it.

# MODEL DEFINES...: what holds as it is. MODEL DEFINES... without RULE: what must break.
models_that_hold=("lease" "commit" "commit LOSSY")
models_that_break=(
  "lease NO_LEASE" "lease NO_MARK" "lease NO_CONFIRMATION" "lease NO_ORDER"
  "commit NO_FENCING" "commit NO_WAIT" "commit NO_NUMBERS" "commit LOSSY NO_REDO" "commit LOSSY NO_CLAIM_NUMBER"
)

# run_model NAME DEFINE...: leaves spin's report in $model_report. Safety only, at most 4 GB.
run_model() {
  local name=$1 folder=$root/build/model/${*// /_} define defines=()
  folder=${folder// /-}
  shift
  for define in "$@"; do
    defines+=("-D$define")
  done
  rm -rf "$folder" && mkdir -p "$folder"
  model_report=$folder/report
  (cd "$folder" && spin "${defines[@]}" -a "$root/tests/model/$name.pml" >spin.log 2>&1 &&
    gcc -O2 -w -DSAFETY -DNOREDUCE -DMEMLIM=4096 -o pan pan.c && ./pan -m1000000 -w24 >report 2>&1) ||
    fail "the model $name cannot be checked; see $folder"
  ! grep -q 'max search depth too small\|out of memory' "$model_report" || fail "the search was cut short; see $model_report"
}

verb_model() {
  use_verb deps
  mkdir -p build
  install_packages spin gcc
  local model
  for model in "${models_that_hold[@]}"; do
    # shellcheck disable=SC2086  # a list of words
    run_model $model
    grep -q 'errors: 0' "$model_report" || fail "the model \"$model\" is violated; see $model_report"
    step "model $model: holds in $(sed -n 's/^ *\([0-9e+.]*\) states, stored.*/\1/p' "$model_report") states"
  done
  for model in "${models_that_break[@]}"; do
    # shellcheck disable=SC2086  # a list of words
    run_model $model
    grep -q 'errors: 1' "$model_report" || fail "the model \"$model\" holds, although a rule is left out; see $model_report"
    step "model $model: breaks, as it must, after $(sed -n 's/.*(at depth \([0-9]*\)).*/\1/p' "$model_report") steps"
  done
}

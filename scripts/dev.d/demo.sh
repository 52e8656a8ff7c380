# shellcheck shell=bash
# The main job on the embedded store: strategies run, the server is killed in the middle, and everything goes on. At a
# terminal the server then stays, with commands to try, until Ctrl-C; elsewhere the demo ends (`--stay` and `--once` choose).
verb_demo() {
  local mode=()
  if [ "${1:-}" = --once ] || { [ "${1:-}" != --stay ] && { [ -n "${CI:-}" ] || [ ! -t 0 ]; }; }; then
    mode=(--once)
  fi
  use_verb build
  verb_build dev --target fermata
  step "demo"
  exec build/dev/bin/fermata demo "${mode[@]}"
}

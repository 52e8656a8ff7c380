# shellcheck shell=bash
# The main job on the embedded store: strategies run, the server is killed in the middle, and everything goes on.
verb_demo() {
  local mode=()
  if [ "${1:-}" = --once ] || [ -n "${CI:-}" ]; then
    mode=(--once)
  fi
  use_verb build
  verb_build dev --target fermata
  step "demo"
  exec build/dev/bin/fermata demo "${mode[@]}"
}

# shellcheck shell=bash
# Builds, then calls the binary.
verb_run() {
  use_verb build
  verb_build dev --target fermata >&2
  exec build/dev/bin/fermata "$@"
}

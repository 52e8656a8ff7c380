# shellcheck shell=bash
# Shared by the verbs: progress lines, root rights, the number of jobs.

step() { printf '\033[1m==> %s\033[0m (%ss)\n' "$*" "$SECONDS"; }
fail() {
  printf 'scripts/dev: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "installing packages needs root: run this as root, or install sudo"
  fi
}

jobs() { echo "${FERMATA_JOBS:-$(nproc)}"; }

use_verb() {
  # shellcheck source=/dev/null
  source "scripts/dev.d/$1.sh"
}

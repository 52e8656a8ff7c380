# shellcheck shell=bash
# shellcheck disable=SC2154  # root is set by scripts/dev
# A real Redis cluster on this machine to try things out with; the tests start theirs with the same code.
verb_redis() {
  if [ "$#" = 0 ]; then
    set -- --help
  fi
  if [ "$1" = up ]; then
    use_verb deps
    mkdir -p build
    install_packages python3 "${packages_to_test[@]}"
    case " $* " in *" --valkey "*) fetch_valkey ;; esac
  fi
  exec python3 tests/support/redis_command.py "$@"
}

# shellcheck shell=bash
# shellcheck disable=SC2016,SC2154  # expanded beside the cluster; packages_to_test is set by deps.sh
# The main job: strategies run, the server is killed in the middle, and everything goes on. On the embedded store, or with
# --redis on a Redis Cluster of its own (TLS, ACL, 3 primaries, 3 replicas). At a terminal the server then stays, with commands
# to try, until Ctrl-C; elsewhere the demo ends (`--stay` and `--once` choose).
verb_demo() {
  local redis="" stay="" mode=() word
  for word in "$@"; do
    case "$word" in
      --redis) redis=yes ;;
      --once) stay=no ;;
      --stay) stay=yes ;;
      *)
        echo "usage: scripts/dev demo [--redis] [--once|--stay]" >&2
        exit 64
        ;;
    esac
  done
  if [ "$stay" = no ] || { [ -z "$stay" ] && { [ -n "${CI:-}" ] || [ ! -t 0 ]; }; }; then
    mode=(--once)
  fi
  use_verb build
  verb_build dev --target fermata
  if [ -n "$redis" ]; then
    use_verb deps
    install_packages python3 "${packages_to_test[@]}"
    step "demo on Redis"
    exec python3 tests/support/with_redis.py --tls --acl -- \
      bash -c 'exec build/dev/bin/fermata demo --config "$FERMATA_TEST_REDIS_FOLDER/fermata.toml" "$@"' demo "${mode[@]}"
  fi
  step "demo"
  exec build/dev/bin/fermata demo "${mode[@]}"
}

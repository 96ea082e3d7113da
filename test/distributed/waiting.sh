# shellcheck shell=bash
# For scripts that define `fail`.

# Waits for what a command says, so many seconds.
until_true() {
  local seconds=$1
  shift
  while ! "$@"; do
    [ $((seconds--)) -gt 0 ] || fail "waited in vain for: $*"
    sleep 1
  done
}

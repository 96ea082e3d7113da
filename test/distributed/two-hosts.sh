#!/usr/bin/env bash
# A training on two hosts by Open MPI: network namespaces of this machine with host names of their
# own and a link between them, which is cut in the middle. Both processes end soon with one sentence,
# and the run goes on once the link is back. Needs root and iproute2.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
. test/distributed/waiting.sh

. test/distributed/two-namespaces.sh

enter "$root/test/distributed/two-hosts.sh"
make_hosts

starts=0
# train ARGUMENTS...: by mpirun on the first host, in the background; sets pid and log.
train() {
  log=$at/log-$((++starts))
  on_hosts train "$@" > "$log" 2>&1 &
  pid=$!
}

fail() {
  echo "failed: $1" >&2
  cat "$log" >&2
  exit 1
}

log_says() { grep --quiet "$1" "$log"; }
no_training() { ! pgrep --full '^node .*bin/cnn.js train' > /dev/null; }
ended() { ! kill -0 $pid 2> /dev/null; }

training=(--arch lenet5 --data synthetic --backend cpu --precision f32 --threads 1 --workers 1 --epochs)
train "${training[@]}" 100000 --dist-timeout 5 --experiment run
until_true 120 log_says '^epoch 3/'
log_says '^2 processes on host1, host2 (Open MPI' || fail 'the hosts are not two'
ip link set link2 down
cut=$SECONDS
until_true 30 no_training
echo "cut link: both processes ended after $((SECONDS - cut)) s"
grep --quiet 'error: Nothing came from rank 1 of 2 (host2) for 5 s .*step [0-9].*--resume runs/run' "$log" ||
  fail 'no sentence'
[ "$(grep --count error: "$log")" = 1 ] || fail 'not one sentence'
sleep 5
ended && mpirun='ended' || mpirun='hangs, and is ended by SIGKILL'
echo "mpirun $mpirun"
# Its daemon on the other host too. Both are in the namespace of this test alone.
pkill -KILL '^(mpirun|orted)$' || true
{ wait $pid || true; } 2> /dev/null
ip link set link2 up
sleep 2

train --resume runs/run
until_true 120 log_says '^epoch '
kill -USR1 $pid
code=0
wait $pid || code=$?
[ $code = 75 ] || fail "SIGUSR1 to mpirun: exit code $code"
log_says 'Stopped by SIGUSR1 .* and saved' || fail 'not saved'
no_training || fail 'processes are left'
echo 'SIGUSR1: both saved the run and ended in 75'

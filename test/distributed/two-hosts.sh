#!/usr/bin/env bash
# A training on two hosts by Open MPI: network namespaces of this machine with host names of their
# own and a link between them, which is cut in the middle. Both processes end soon with one sentence,
# and the run goes on once the link is back. Needs root and iproute2.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
. test/distributed/waiting.sh

skip() {
  echo "skipped: $1"
  [ "${CNN_TEST_ALL:-0}" != 1 ]
  exit
}
mpirun --version 2> /dev/null | grep --quiet 'Open MPI' || skip 'there is no mpirun of Open MPI'
[ -e build/cnn_mpi.so ] || skip 'cnn was built without MPI (bin/setup --mpi)'
# Namespaces of this process alone: all that is made in them goes when it ends.
if [ "${CNN_IN_NAMESPACE:-0}" = 0 ]; then
  npm run --silent build:ts
  unshare --net --mount --pid --fork true 2> /dev/null || skip 'this machine allows no namespaces'
  CNN_IN_NAMESPACE=1 exec unshare --net --mount --pid --fork --mount-proc --kill-child "$root/${BASH_SOURCE[0]#"$root/"}"
fi

at=$(mktemp -d --tmpdir cnn-hosts.XXXXXX)
trap 'rm -rf "$at"' EXIT
mount -t tmpfs tmpfs /run/netns 2> /dev/null || { mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns; }
ip link set lo up
for host in 1 2; do
  ip netns add host$host
  ip link add link$host type veth peer name eth0 netns host$host
  ip -n host$host addr add 10.77.0.$host/24 dev eth0
  ip -n host$host link set eth0 up
  ip -n host$host link set lo up
done
ip link add switch type bridge
ip link set switch up
for host in 1 2; do ip link set link$host master switch up; done

# What mpirun calls in place of ssh: [options] ADDRESS COMMAND...
cat > "$at/on-host" << 'END'
#!/usr/bin/env bash
while [[ $1 == -* ]]; do shift; done
host=host${1##*.}
shift
exec ip netns exec $host unshare --uts bash -c "hostname $host; exec bash -c \"\$*\"" _ "$@"
END
chmod +x "$at/on-host"

starts=0
# train ARGUMENTS...: by mpirun on the first host, in the background; sets pid and log.
train() {
  log=$at/log-$((++starts))
  cd "$at"
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_WAIT_POLICY=passive \
    "$at/on-host" 10.77.0.1 exec mpirun --quiet --bind-to none --mca plm_rsh_agent "$at/on-host" \
    --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 \
    --host 10.77.0.1:1,10.77.0.2:1 -np 2 -x OMP_WAIT_POLICY -wdir "$at" \
    node "$root/bin/cnn.js" train "$@" > "$log" 2>&1 &
  pid=$!
  cd "$root"
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

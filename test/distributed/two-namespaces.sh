# shellcheck shell=bash
# Two hosts on this machine: network namespaces with host names of their own and a link between them,
# for Open MPI's mpirun. For scripts that define `root`, the folder of the project. Needs root and iproute2.

skip() {
  echo "skipped: $1"
  [ "${CNN_TEST_ALL:-0}" != 1 ]
  exit
}

# enter SCRIPT: starts the script again where all that is made goes when it ends, or ends it where it
# cannot run.
enter() {
  mpirun --version 2> /dev/null | grep --quiet 'Open MPI' || skip 'there is no mpirun of Open MPI'
  [ -e "$root/build/cnn_mpi.so" ] || skip 'cnn was built without MPI (bin/setup --mpi)'
  [ "${CNN_IN_NAMESPACE:-0}" = 0 ] || return 0
  npm run --silent build:ts
  unshare --net --mount --pid --fork true 2> /dev/null || skip 'this machine allows no namespaces'
  CNN_IN_NAMESPACE=1 exec unshare --net --mount --pid --fork --mount-proc --kill-child "$@"
}

# make_hosts: host1 and host2, and a folder for their files, $at.
make_hosts() {
  at=$(mktemp -d --tmpdir cnn-hosts.XXXXXX)
  trap 'rm -rf "$at"' EXIT
  mount -t tmpfs tmpfs /run/netns 2> /dev/null || { mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns; }
  ip link set lo up
  local host
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
}

# limit_link RATE: of what each host sends, such as 1gbit; none without one.
limit_link() {
  local host
  for host in 1 2; do
    ip netns exec host$host tc qdisc del dev eth0 root 2> /dev/null || true
    [ $# = 0 ] || ip netns exec host$host tc qdisc add dev eth0 root tbf rate "$1" burst 256kb latency 50ms
  done
}

# on_hosts ARGUMENTS...: cnn as two processes, one on each host, in $at.
on_hosts() {
  cd "$at"
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_WAIT_POLICY=passive \
    exec "$at/on-host" 10.77.0.1 exec mpirun --quiet --bind-to none --mca plm_rsh_agent "$at/on-host" \
    --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 \
    --host 10.77.0.1:1,10.77.0.2:1 -np 2 -x OMP_WAIT_POLICY -wdir "$at" \
    node "$root/bin/cnn.js" "$@"
}

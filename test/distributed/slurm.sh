#!/usr/bin/env bash
# A training of two processes as a job of a Slurm cluster on this machine, which it starts and ends:
# docs/examples/slurm.sh is asked to stop in the middle, by `scancel` and by the end of its time, is
# queued again each time, and comes to the same bits as without that.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
. test/distributed/waiting.sh

skip() {
  echo "skipped: $1"
  [ "${CNN_TEST_ALL:-0}" = 1 ] && exit 1
  exit 0
}
for program in munged slurmctld slurmd sbatch; do
  command -v $program > /dev/null || skip "$program is not installed (apt-get install slurm-wlm munge)"
done
[ -e build/cnn_mpi.so ] || skip 'cnn was built without MPI (bin/setup --mpi)'
npm run --silent build:ts

at=$(mktemp -d --tmpdir cnn-slurm.XXXXXX)
export SLURM_CONF=$at/slurm.conf OMP_WAIT_POLICY=passive
trap stop EXIT

stop() {
  scancel --user="$(id -un)" 2> /dev/null || true
  for daemon in slurmd slurmctld munged; do
    [ -e "$at/$daemon.pid" ] || continue
    local pid
    pid=$(cat "$at/$daemon.pid")
    kill "$pid" || true
    # They write and remove files to the last.
    while kill -0 "$pid" 2> /dev/null; do sleep 0.2; done
  done
  rm -rf "$at"
}

fail() {
  echo "failed: $1" >&2
  tail -n 40 "$at"/clone/*.log "$at"/log/*.log >&2
  exit 1
}

start_cluster() {
  mkdir "$at"/{state,spool,log}
  # Ports that are free now, of those that the system gives nobody by itself.
  local port=$((20000 + RANDOM % 10000))
  cat > "$SLURM_CONF" << END
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
# A job that is queued again waits until its credential has ended, by default two minutes.
AuthInfo=socket=$at/munge.socket,cred_expire=10
StateSaveLocation=$at/state
SlurmdSpoolDir=$at/spool
SlurmctldPidFile=$at/slurmctld.pid
SlurmdPidFile=$at/slurmd.pid
SlurmctldLogFile=$at/log/slurmctld.log
SlurmdLogFile=$at/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=5
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
KillWait=5
NodeName=localhost NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=localhost Default=YES MaxTime=INFINITE State=UP
END
  dd if=/dev/urandom of="$at/munge.key" bs=128 count=1 status=none
  chmod 600 "$at/munge.key"
  munged --force --key-file="$at/munge.key" --socket="$at/munge.socket" --pid-file="$at/munged.pid" \
    --log-file="$at/log/munged.log" --seed-file="$at/munge.seed"
  slurmctld -i
  slurmd -N localhost
  until_true 30 idle
}

idle() { [ "$(sinfo --noheader --format=%T)" = idle ]; }
job_says() { scontrol --oneliner show job "$job" | grep --quiet "$1"; }
log_says() { grep --quiet --no-messages "$1" "$at/clone/$name-$job.log"; }

# submit NAME ARGUMENTS OF SBATCH: the training as a job of that name.
submit() {
  name=$1
  shift
  job=$(cd "$at/clone" && sbatch --parsable --job-name="$name" --nodes=1 --ntasks-per-node=2 \
    --cpus-per-task=1 "$@" docs/examples/slurm.sh "${training[@]}")
  echo "$name: job $job, sbatch $*"
}

no_process() { ! pgrep --full "experiment $name-$job|resume runs/$name-$job" > /dev/null; }

start_cluster
# The job runs in the folder from which it was sent.
mkdir -p "$at/clone/docs"
ln -s "$root/bin" "$at/clone/bin"
ln -s "$root/docs/examples" "$at/clone/docs/examples"
training=(--arch lenet5 --data synthetic --backend cpu --precision f32 --threads 1 --epochs "${CNN_TEST_EPOCHS:-100}")

(cd "$at/clone" && srun --mpi=pmix --ntasks=2 bin/cnn.js train "${training[@]}" --experiment undisturbed) \
  > "$at/log/undisturbed.log" 2>&1 || fail 'srun bin/cnn.js train'
grep --quiet '^2 processes on .*Open MPI' "$at/log/undisturbed.log" || fail 'two processes did not meet'
echo 'undisturbed: trained by srun'

# Open MPI ends processes that it cannot connect, with many words; ours come first.
(cd "$at/clone" && srun --mpi=none --ntasks=2 bin/cnn.js train "${training[@]}") > "$at/log/none.log" 2>&1 &&
  fail 'srun --mpi=none: trained'
grep --quiet 'srun --mpi=none has started .*, but Open MPI .* by srun --mpi=pmix' "$at/log/none.log" ||
  fail 'srun --mpi=none: no advice'
echo 'srun --mpi=none: refused'

submit scancel --signal=USR1@20
until_true 120 log_says '^epoch 2/'
scancel --signal=USR1 "$job"
until_true 60 log_says 'Stopped by SIGUSR1 .* and saved'
until_true 600 job_says JobState=COMPLETED
job_says Restarts=1 || fail 'scancel: not one restart'
for file in weights.bin optimizer.bin; do
  cmp "$at/clone/runs/undisturbed/checkpoints/last/$file" \
    "$at/clone/runs/$name-$job/checkpoints/last/$file" || fail "scancel: $file differs"
done
no_process || fail 'scancel: processes are left'
echo 'scancel: saved, queued again, and in the end as if undisturbed'

# A limit is looked at once in a minute or so: the signal comes up to a minute before its time.
training+=(--epochs 1000000)
submit limit --time=1 --signal=USR1@15
until_true 120 log_says 'Stopped by SIGUSR1 .* and saved'
until_true 120 log_says '^resumed '
until_true 120 job_says 'JobState=RUNNING.* Restarts=1'
scancel "$job"
until_true 60 no_process
echo 'limit: saved, queued again, and resumed'

#!/bin/bash
# One training on the nodes of a Slurm job. It is saved before the time of the job is over, and the
# job starts it again. From a clone, in a folder that all nodes see:
#   sbatch docs/examples/slurm.sh --arch resnet50 --data /path/to/imagenet
#SBATCH --job-name=cnn
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --cpus-per-task=16
#SBATCH --time=12:00:00
# To all processes, so many seconds before the end; Slurm may send it a minute earlier.
#SBATCH --signal=USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log

run=runs/$SLURM_JOB_NAME-$SLURM_JOB_ID
if [ -e "$run" ]; then
  # The job runs once at a time: only a node that failed can have left a lock.
  rm -f "$run/lock.json"
  training=(--resume "$run")
else
  training=("$@" --output runs --experiment "${run#runs/}")
fi
# Debian's Open MPI takes pmix, MPICH pmi2. srun does not pass on --cpus-per-task from Slurm 22.05 on.
srun --mpi="${CNN_SLURM_MPI:-pmix}" --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" \
  bin/cnn.js train "${training[@]}"
code=$?
# The training was saved and is to go on.
[ $code != 75 ] || scontrol requeue "$SLURM_JOB_ID"
exit $code

#!/usr/bin/env bash
# The tests of several processes with Debian's MPICH beside Open MPI: a cnn_mpi.so of its own in
# build/mpich. Needs mpich and libmpich-dev.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
compiler=$(command -v mpicxx.mpich) && [ -e /usr/include/x86_64-linux-gnu/mpich/mpi.h ] || {
  echo 'skipped: MPICH is not installed (apt-get install mpich libmpich-dev)'
  [ "${CNN_TEST_ALL:-0}" != 1 ]
  exit
}
cmake -S native -B build/mpich -DCMAKE_BUILD_TYPE=Release "-DMPI_CXX_COMPILER=$compiler" > /dev/null
cmake --build build/mpich --target cnn_mpi > /dev/null
ln -sf ../cnn.node build/mpich/cnn.node
export CNN_ADDON=$PWD/build/mpich/cnn.node CNN_TEST_DISTRIBUTED=1 CNN_TEST_KILLS=${CNN_TEST_KILLS:-5}

# One sentence where the launcher of the other MPI starts it.
if mpirun --version 2> /dev/null | grep --quiet 'Open MPI'; then
  npm run --silent build:ts
  code=0
  said=$(OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --quiet --oversubscribe -np 3 \
    bin/cnn.js train lenet5 synthetic 2>&1) || code=$?
  [ "$code $(wc -l <<< "$said")" = '1 1' ] && [[ $said == *'but cnn was built with MPICH'* ]] ||
    { echo "mpirun of Open MPI was not refused: $code, $said" >&2 && exit 1; }
  echo 'mpirun of Open MPI: refused'
fi
[ $# != 0 ] || set -- test/distributed/{processes,faults,launch}.test.ts
exec npx mocha "$@"

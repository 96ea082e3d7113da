#!/usr/bin/env bash
# Two processes of one thread each, on two hosts with a link of 1 Gbit/s between them and without a
# limit, in turn, beside what the model of bench/scaling.ts says: bench/scaling/two-hosts.sh [ARCH BATCH]...
# Needs a quiet machine, root, Open MPI and SimGrid.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
. test/distributed/two-namespaces.sh
enter "$root/bench/scaling/two-hosts.sh" "$@"
make_hosts

[ $# != 0 ] || set -- resnet50 16 alexnet 64
while [ $# -ge 2 ]; do
  arch=$1 batch=$2
  shift 2
  rm -rf "$at/reports" && mkdir "$at/reports"
  for round in 1 2 3 4 5; do
    for link in free limited; do
      case $link in free) limit_link ;; limited) limit_link 1gbit ;; esac
      (on_hosts bench train --arch "$arch" --batch-size "$batch" --precision f32 --threads 1 --aux-weight 0 \
        --steps 3 --no-autotune --profile --json) > "$at/reports/$link-$round" 2> "$at/log" || { cat "$at/log" >&2 && exit 1; }
    done
  done
  npx tsx bench/scaling/two-hosts.ts "$arch" "$at/reports"
done

#!/usr/bin/env bash
# The README's first command in an empty root file system of Debian 12, timed: of a clone of this
# commit, with git and Node.js there and nothing else. packaging/test-clone.sh [MAJOR VERSION OF NODE.JS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. packaging/roots.sh

root=$roots/clone
make_root bookworm-git bookworm git ca-certificates
rm -rf "$root" && cp -a "$roots/bookworm-git" "$root"
put_node "$root" "${1:-20}" /usr/local
git bundle create --quiet "$root/root/cnn.bundle" HEAD
inside "$root" root /root 'git clone --quiet cnn.bundle cnn'
TIMEFORMAT='%R s, of processors %U and in the system %S s'
for command in bin/setup 'npx cnn train --arch lenet5 --data mnist'; do
  time inside "$root" root /root/cnn "$command"
done
printf 'load %s\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"

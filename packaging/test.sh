#!/usr/bin/env bash
# Installs what packaging/build.sh made in root file systems that have neither compiler nor headers,
# and trains LeNet-5 there: packaging/test.sh [RELEASE…] [NODE…], such as "bookworm 22".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. packaging/roots.sh

packages=$PWD/build/packages
releases=()
nodes=()
for word in "$@"; do
  if [[ $word =~ ^[0-9]+$ ]]; then nodes+=("$word"); else releases+=("$word"); fi
done
[ ${#releases[@]} != 0 ] || releases=(bullseye bookworm trixie)
[ ${#nodes[@]} != 0 ] || nodes=(20 22 24)
version=$(node -p 'require("./package.json").version')

main() {
  local root
  for release in "${releases[@]}"; do
    make_root "$release" "$release"
    root=$roots/$release
    for node in "${nodes[@]}"; do try "$root" "$node"; done
  done
}

# try ROOT NODE: installs with npm inside of the root file system and trains.
try() {
  local root=$1 program said
  rm -rf "$root/app" && mkdir -p "$root/app"
  cp "$packages/cnn-$version.tgz" "$packages/cnn-linux-x64-$version.tgz" "$root/app"
  put_node "$root" "$2" /opt/node
  for program in cc c++ gcc g++ cmake make; do
    ! chroot "$root" /bin/sh -c "command -v $program" || { printf '%s\n' "$root has $program" && return 1; }
  done
  said=$(inside "$root" root /app '
      echo "{}" > package.json
      npm install --no-audit --no-fund ./*.tgz
      node_modules/.bin/cnn --version
      node_modules/.bin/cnn doctor
      node_modules/.bin/cnn train --arch lenet5 --data mnist --epochs 1
    ' CNN_CACHE=/app/cache 2>&1) || { printf '%s\n' "$said" && return 1; }
  grep -q '^works *cpu: .*oneDNN' <<< "$said" && grep -q '^works *JPEG: libjpeg-turbo' <<< "$said" ||
    { printf '%s\n' "$said" && return 1; }
  printf '%s Node %s: %s\n' "${root##*/}" "$2" "$(tail -n 1 <<< "$said")"
}

main

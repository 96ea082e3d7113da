#!/usr/bin/env bash
# Makes what is published, in build/packages: the package of this project and one with its addon
# for each platform. Runs on Debian 12 (x86-64), as root or with these packages installed: g++,
# cmake, make, binutils, libjpeg62-turbo-dev, python3-pip.
# Uses nothing but package registries.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=$PWD/build/packages
platforms=(linux-x64)
. packaging/debian.sh
. packaging/linux-x64.sh

main() {
  mkdir -p "$out"
  for platform in "${platforms[@]}"; do
    rm -rf "$out/$platform" && mkdir -p "$out/$platform"
    "build_${platform//-/_}" "$out/$platform" "$out/$platform.build"
    node packaging/manifest.js platform "$platform" "$out/$platform"
    check_notices "$out/$platform"
    npm pack --silent --pack-destination "$out" "$out/$platform"
    check_size "$out/cnn-$platform-$(node -p 'require("./package.json").version').tgz"
  done
  pack_main "${platforms[@]}"
}

# Fails where a library of a package is not among what others wrote in it.
check_notices() {
  local library
  for library in "$1"/*.so*; do
    grep -qF "(${library##*/})" "$1/THIRD_PARTY.md" ||
      { printf '%s\n' "THIRD_PARTY.md does not have ${library##*/}: see packaging/notices.js" >&2 && return 1; }
  done
}

# Fails above 25 MB.
check_size() {
  [ "$(stat --format %s "$1")" -le 25000000 ] || { printf '%s\n' "$1 is larger than 25 MB" >&2 && return 1; }
}

# The package of the project, whose optionalDependencies are the platforms' of the same version.
pack_main() {
  rm -rf "$out/main" && mkdir -p "$out/main"
  npm pack --silent --pack-destination "$out/main"
  tar -xzf "$out"/main/*.tgz -C "$out/main" --strip-components 1
  rm "$out"/main/*.tgz
  node packaging/manifest.js main "$out/main" "$@"
  npm pack --silent --ignore-scripts --pack-destination "$out" "$out/main"
}

# build_addon FOLDER OPTION...: compiles native/ in FOLDER, with options of CMake.
build_addon() {
  local folder=$1
  shift
  cmake -S native -B "$folder" -DCMAKE_BUILD_TYPE=Release -DCNN_CUDA=OFF -DCNN_CPU=ON "$@" > /dev/null
  cmake --build "$folder" --target cnn --parallel "$(nproc)" > "$folder/build.log" ||
    { tail -n 25 "$folder/build.log" >&2 && return 1; }
}

# newest_symbol LIBRARY FILE...: the newest version of a library's symbols that the files use: GLIBC,
# GLIBCXX or CXXABI.
newest_symbol() {
  local library=$1 file
  shift
  for file in "$@"; do objdump -T "$file"; done | grep -o "${library}_[0-9.]*" | sort -Vu | tail -n 1
}

# is_at_most VERSION MOST: whether a symbol's version is not newer.
is_at_most() {
  [ "$(printf '%s\n' "$1" "$2" | sort -V | tail -n 1)" = "$2" ]
}

main

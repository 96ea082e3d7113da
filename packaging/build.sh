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
    npm pack --silent --pack-destination "$out" "$out/$platform"
  done
  pack_main "${platforms[@]}"
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

# newest_symbol FILE...: the newest version of glibc's symbols that the files use.
newest_symbol() {
  for file in "$@"; do objdump -T "$file"; done | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1
}

main

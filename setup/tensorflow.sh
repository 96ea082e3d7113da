# shellcheck shell=bash
# What `bin/setup --tensorflow` does beside the rest. Into build/tensorflow, which npm leaves alone,
# go TensorFlow's library from PyPI, the npm package that package.json names among its peers, and
# the binding between them, built here. The package's own download never runs.

library=build/tensorflow/library
modules=build/tensorflow/node_modules
binding=build/tensorflow/tfjs_binding.node

set_up_tensorflow() {
  fetch_library && fetch_node_packages && build_binding && check_binding && return
  say tensorflow "$tensorflow_failure"
  failed=1
}

fetch_library() {
  local pins size space kept
  if [ "$(uname -sm)" != 'Linux x86_64' ]; then
    tensorflow_failure="it is set up on Linux x86_64 only, and this is $(uname -sm)"
    return 1
  fi
  if command -v nvidia-smi > /dev/null || [ -e /proc/driver/nvidia ]; then
    pins=setup/tensorflow-cuda-wheels.txt space=9600 kept=5500
    tensorflow_variant='with CUDA 12, as there is an NVIDIA driver'
  else
    pins=setup/tensorflow-wheels.txt space=1700 kept=860
    tensorflow_variant='without CUDA, as there is no NVIDIA driver'
  fi
  wheels_in_step $library $pins && return
  size=$(wheels_mebibytes $pins)
  say tensorflow "fetching $size MiB, $tensorflow_variant; that takes $space MiB of the disk for a while, $kept in the end"
  rm -f $binding
  doing tensorflow "fetching $size MiB"
  # Not for the Python that is here, which would need a wheel of its own: none runs what is in them.
  if ! enough_space $space || ! fetch_wheels $library $pins --python-version 312 \
    --platform manylinux_2_27_x86_64 --platform manylinux_2_25_x86_64 --platform manylinux2014_x86_64; then
    tensorflow_failure=$wheels_failure
    return 1
  fi
  keep_library
}

# Removes all that only Python needs.
keep_library() {
  rm -rf $library/bin $library/nvidia/*/include
  (
    cd $library/tensorflow &&
      find . -type f ! -path './libtensorflow_*' ! -name THIRD_PARTY_NOTICES.txt \
        ! -path './include/tensorflow/c/*' ! -path './include/tensorflow/core/platform/*' \
        ! -path './include/tsl/platform/*' ! -path './include/xla/tsl/c/*' -delete &&
      find . -type d -empty -delete
  )
}

# The package and what it loads; in place of @tensorflow/tfjs, which would bring copies of packages
# that are here, the one of them that it uses.
fetch_node_packages() {
  local packages=(
    "@tensorflow/tfjs-node-gpu@$(node -p 'require("./package.json").peerDependencies["@tensorflow/tfjs-node-gpu"]')"
    google-protobuf@3.21.4
  )
  [ "$(cat $modules/packages.txt 2> /dev/null)" = "${packages[*]}" ] && return
  doing tensorflow 'fetching @tensorflow/tfjs-node-gpu'
  rm -rf $modules $binding
  for package in "${packages[@]}"; do
    unpack_node_package "$package" "$modules/${package%@*}" && continue
    show_log
    tensorflow_failure="npm could not fetch $package"
    return 1
  done
  mkdir -p $modules/@tensorflow/tfjs &&
    printf '%s\n' "module.exports = require('@tensorflow/tfjs-core');" > $modules/@tensorflow/tfjs/index.js &&
    printf '%s\n' "${packages[*]}" > $modules/packages.txt
}

# unpack_node_package NAME@VERSION FOLDER: without what it depends on, and without its scripts.
unpack_node_package() {
  mkdir -p "$2" && logged npm pack --ignore-scripts --pack-destination "$2" "$1" &&
    logged tar -xzf "$2"/*.tgz -C "$2" --strip-components 1 && rm "$2"/*.tgz
}

build_binding() {
  local compiler headers sources=$modules/@tensorflow/tfjs-node-gpu/binding
  [ $binding -nt native/tensorflow/stderr.cc ] && return
  headers=$(node -p 'require("node-api-headers").include_dir')
  read -r -a compiler <<< "${CXX:-c++}"
  doing tensorflow 'building the binding'
  logged "${compiler[@]}" -std=c++17 -O2 -fPIC -shared -DNAPI_VERSION=8 \
    -I "$headers" -I $library/tensorflow/include \
    -o $binding $sources/tfjs_backend.cc $sources/tfjs_binding.cc \
    -L $library/tensorflow -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 \
    "-Wl,-rpath,\$ORIGIN/library/tensorflow" &&
    logged "${compiler[@]}" -std=c++17 -O2 -fPIC -shared -DNAPI_VERSION=8 -I "$headers" \
      -o build/tensorflow/stderr.node native/tensorflow/stderr.cc && return
  show_log
  tensorflow_failure='the binding of @tensorflow/tfjs-node-gpu could not be built'
  return 1
}

check_binding() {
  local version
  if version=$(TF_CPP_MIN_LOG_LEVEL=3 node -p "require('./$binding').TF_Version" 2>> "$log"); then
    say tensorflow "TensorFlow $version $tensorflow_variant"
    return
  fi
  show_log
  tensorflow_failure='TensorFlow does not load'
  return 1
}

# shellcheck shell=bash
# What `bin/setup --cuda` does beside the rest: fetches NVIDIA's packages before the addon is
# built, and says afterwards what came of it. The addon is built without CUDA where that fails.

cuda_pins=setup/cuda-wheels.txt

fetch_cuda() {
  local began=$SECONDS size
  if [ -n "${CUDA_HOME:-}" ]; then
    say cuda "CUDA_HOME is $CUDA_HOME: nothing is fetched"
  elif wheels_in_step build/cuda $cuda_pins; then
    say cuda "packages are in step with $cuda_pins"
  elif [ ! -e build/cuda ] && has_cuda; then
    say cuda "a CUDA toolkit with cuDNN is installed: nothing is fetched"
  else
    size=$(wheels_mebibytes $cuda_pins)
    say cuda "fetching $size MiB of NVIDIA's packages, 1.6 GB on the disk; their licences, which are no free ones, go to build/cuda/*/licenses"
    doing cuda "fetching $size MiB"
    if fetch_wheels build/cuda $cuda_pins; then
      say cuda "$(du -sh build/cuda | cut -f 1) in build/cuda after $((SECONDS - began)) s"
    else
      say cuda "$wheels_failure"
      failed=1
    fi
  fi
}

has_cuda() {
  (cd build && cmake -P ../native/cuda/toolkit.cmake 2>&1) | grep -q '^-- CUDA: /'
}

# CMake's line about CUDA, and what the driver would refuse.
report_cuda() {
  local built gpus
  built=$(grep '^-- CUDA: ' "$log" | tail -n 1 | cut -c 10-)
  case $built in
    '' | *'not built in'*) failed=1 ;;
  esac
  say cuda "${built:-no addon was built}"
  if ! gpus=$(nvidia-smi --query-gpu=name,driver_version,compute_cap --format=csv,noheader 2> /dev/null); then
    say cuda 'nvidia-smi finds no GPU: --backend cuda is for machines that have one'
    return
  fi
  while IFS=, read -r name driver capability; do
    say cuda "$name, driver$driver, compute capability$capability"
    [ "${driver%%.*}" -ge 580 ] ||
      say cuda "driver$driver is too old for CUDA 13: install 580 or newer, or use --backend tensorflow"
    [ "${capability%%.*}" -ge 8 ] ||
      say cuda "$name is older than Ampere (compute capability 8.0), which --backend cuda needs: use --backend tensorflow"
  done <<< "$gpus"
}

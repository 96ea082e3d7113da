#!/bin/sh
# Runs tests, all or those given, with the addon and the emulated GPU built by gcc's AddressSanitizer and
# UndefinedBehaviorSanitizer (build-asan/). A finding in any process ends it and is shown at the end.
set -u
cd "$(dirname "$0")/.." || exit 1

reports=$PWD/build-asan/reports
# The initialisers of files for AVX-512 would end the program on a machine without it.
avx512=OFF
grep -q avx512bw /proc/cpuinfo && avx512=ON
# Without nvcc, whose kernels the tests cannot run.
cmake -S native -B build-asan -DCMAKE_BUILD_TYPE=Release -DCNN_SANITIZE=ON -DCNN_CUDA=OFF -DCNN_AVX512=$avx512 &&
  cmake --build build-asan --parallel "$(nproc)" --target cnn cnn-emulated || exit 1
rm -rf "$reports" && mkdir "$reports" || exit 1
[ $# -gt 0 ] || set -- 'test/**/*.test.ts'

# Node's and OpenMP's memory is theirs to the end, which is no leak; what the tests hold to a limit
# must not wait long to be freed.
options="detect_leaks=0:print_stacktrace=1:quarantine_size_mb=16:log_path=$reports/report"
LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" \
  ASAN_OPTIONS=$options UBSAN_OPTIONS=print_stacktrace=1 CNN_ADDON=$PWD/build-asan/cnn.node \
  CNN_EMULATED_ADDON=$PWD/build-asan/cnn-emulated.node \
  node node_modules/mocha/bin/mocha.js --timeout 600000 "$@"
status=$?

found=$(ls "$reports")
[ -z "$found" ] && exit $status
cat "$reports"/*
echo "The sanitizers found something: see above"
exit 1

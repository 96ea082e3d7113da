#!/usr/bin/env bash
# Exports of every network at its smallest size, in the programs that open them: stock TensorFlow.js,
# PyPI's onnx, onnxruntime and netron, and npm's onnxruntime-web, installed in build/exports at the
# first time (about 400 MB). Arguments are names of networks; none are all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CNN_TEST_EXPORTS=build/exports
[ -e $CNN_TEST_EXPORTS/installed ] || {
  python3 -m venv $CNN_TEST_EXPORTS/venv
  $CNN_TEST_EXPORTS/venv/bin/pip install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 netron==9.3.3
  npm install --silent --no-save --ignore-scripts --prefix $CNN_TEST_EXPORTS onnxruntime-web@1.30.0
  touch $CNN_TEST_EXPORTS/installed
}
CNN_TEST_NETRON=$($CNN_TEST_EXPORTS/venv/bin/python -c 'import netron; print(netron.__path__[0])')
export CNN_TEST_NETRON
exec npx tsx test/export/programs/all.ts "$@"

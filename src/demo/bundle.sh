#!/usr/bin/env bash
# Bundles what the page of `cnn demo` runs: the page, and its worker with TensorFlow.js.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
npx esbuild src/demo/page/main.ts src/demo/page/worker/worker.ts --entry-names=[name] \
  --bundle --minify --charset=utf8 --legal-comments=eof --format=iife --platform=browser \
  --target=es2022 --outdir=dist/demo/bundles --log-level=warning
cp node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm dist/demo/bundles/

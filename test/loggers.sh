#!/usr/bin/env bash
# The tests of the loggers with the programs that read what they write: PyPI's tensorboard and mlflow,
# installed in build/loggers at the first time (about 1 GB). Arguments are mocha's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CNN_TEST_LOGGERS=build/loggers
[ -e $CNN_TEST_LOGGERS/installed ] || {
  python3 -m venv $CNN_TEST_LOGGERS
  $CNN_TEST_LOGGERS/bin/pip install --quiet tensorboard==2.21.0 mlflow==3.17.2
  touch $CNN_TEST_LOGGERS/installed
}
exec npx mocha 'test/loggers/*.test.ts' "$@"

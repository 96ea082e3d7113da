#!/usr/bin/env bash
# Datasets in the forms that people have them, made small and read by their own libraries, against what
# is read of them here: torchvision (Debian's python3-torchvision). Arguments are mocha's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=build/data-formats
rm -rf $work/sets
mkdir -p $work/sets
/usr/bin/python3 test/data/layouts/containers/torchvision_sets.py $work/sets
export CNN_CACHE=$work/cache CNN_TEST_DATA_FORMATS=$work/sets
npx mocha test/data/layouts/containers/libraries.test.ts "$@"

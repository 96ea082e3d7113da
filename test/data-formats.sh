#!/usr/bin/env bash
# Datasets in the forms that people have them, made small and read by their own libraries, against what
# is read of them here: torchvision (Debian's python3-torchvision), Hugging Face's datasets and
# TensorFlow, which are installed in build/data-formats at the first time. Arguments are mocha's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=build/data-formats
scripts=test/data/layouts/containers
[ -e $work/installed ] || {
  python3 -m venv $work/python
  $work/python/bin/pip install --quiet datasets==5.2.0 pillow tensorflow-cpu==2.21.0
  touch $work/installed
}
rm -rf $work/sets
mkdir -p $work/sets
/usr/bin/python3 $scripts/torchvision_sets.py $work/sets
HF_HUB_OFFLINE=1 $work/python/bin/python $scripts/parquet_sets.py $work/sets 2> /dev/null
$work/python/bin/python $scripts/tensorflow_sets.py $work/sets
export CNN_CACHE=$work/cache CNN_TEST_DATA_FORMATS=$work/sets
npx mocha $scripts/libraries.ts "$@"

#!/usr/bin/env bash
# Weights of keras.applications and timm, random ones, read by us: our logits against theirs. Installs
# TensorFlow and timm of PyPI in build/libraries at the first time (about 2 GB); timm runs on Debian's
# python3-torch. Arguments are names of networks; none are all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
at=build/libraries
/usr/bin/python3 -c 'import torch' 2> /dev/null || {
  echo 'timm needs python3-torch: apt-get install python3-torch' >&2
  exit 1
}
[ -e $at/installed ] || {
  python3 -m venv $at/keras
  $at/keras/bin/pip install --quiet tensorflow-cpu==2.21.0 keras==3.15.1
  /usr/bin/python3 -m venv --system-site-packages $at/timm
  $at/timm/bin/pip install --quiet --no-deps timm==1.0.31
  $at/timm/bin/pip install --quiet safetensors huggingface_hub pyyaml
  touch $at/installed
}
export CNN_TEST_KERAS=$at/keras/bin/python CNN_TEST_TIMM=$at/timm/bin/python
exec npx tsx test/weights/programs/all.ts "$@"

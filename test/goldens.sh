#!/usr/bin/env bash
# What Python's libraries compute is stored beside the scripts that compute it, so that the tests need
# no Python. This runs the scripts, all or those named:
#   test/goldens.sh write [SCRIPT..]   makes the stored files and their digests in goldens.sha256
#   test/goldens.sh check [SCRIPT..]   fails where the libraries of this machine compute something else
# On Debian: apt-get install python3-torchvision python3-scipy. loggers/ needs tensorboard of PyPI, which
# npm run test:loggers installs in build/loggers. CNN_TEST_PYTHON names another Python.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

export PYTHONDONTWRITEBYTECODE=1
python=${CNN_TEST_PYTHON:-/usr/bin/python3}
scripts=(augment/changes.py augment/goldens.py data/decode/odd-images.py data/layouts/meta.py
  evaluate/protocols.py loggers/event_files.py network/optimizers.py parity/goldens.py
  train/schedulers.py weights/torch_files.py)

main() {
  local command=${1:-} script
  case $command in
    write | check) shift ;;
    *) sed -n '2,8s/^# //p' goldens.sh >&2; exit 2 ;;
  esac
  for script in "${@:-${scripts[@]}}"; do
    script=${script#test/}
    echo "$command $script"
    "$python" "$script" "$command"
    [ "$command" = check ] || record "$script"
  done
}

# Replaces the digests of a script and its parts.
record() {
  local files digests
  readarray -t files < <(find $(parts "$1") -type f)
  # The linter's form.
  npx biome format --write --no-errors-on-unmatched "${files[@]}" > /dev/null
  digests=$(sha256sum "$1" "${files[@]}")
  grep -vF "$(printf '  %s\n' "$1" $(parts "$1"))" goldens.sha256 > goldens.sha256.new || true
  printf '%s\n' "$digests" >> goldens.sha256.new
  LC_ALL=C sort -k 2 goldens.sha256.new > goldens.sha256
  rm goldens.sha256.new
}

# The files and folders that a script writes, and the modules that are a part of it.
parts() {
  case $1 in
    augment/goldens.py) echo augment/goldens.json ;;
    augment/changes.py) echo augment/changes.json ;;
    data/decode/odd-images.py) echo data/decode/odd-images data/decode/odd_formats.py ;;
    data/layouts/meta.py) echo data/layouts/meta.mat data/layouts/meta-compressed.mat ;;
    loggers/event_files.py) echo loggers/expected.tfevents ;;
    evaluate/protocols.py) echo evaluate/protocols.json parity/hashed_tensors.py ;;
    network/optimizers.py) echo network/optimizers.json ;;
    parity/goldens.py) echo parity/goldens.json parity/hashed_tensors.py ;;
    train/schedulers.py) echo train/schedulers.json ;;
    weights/torch_files.py) echo weights/torch ;;
  esac
}

main "$@"

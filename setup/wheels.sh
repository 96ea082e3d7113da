# shellcheck shell=bash
# Packages of PyPI that hold programs and libraries; no Python program of theirs is run.

# wheels_in_step FOLDER PINS: whether FOLDER holds what the requirements file PINS names.
wheels_in_step() { cmp -s "$1/pins.txt" "$2"; }

# fetch_wheels FOLDER PINS: makes FOLDER hold what the requirements file PINS names. Its last
# words say why it failed. One call of pip, because a second one would leave out what shares a
# folder with the first.
fetch_wheels() {
  if ! python3 -m pip --version > /dev/null 2>&1; then
    wheels_failure='pip for Python 3 is missing'
    return 1
  fi
  rm -rf "$1.new"
  if ! logged python3 -m pip install --target "$1.new" --requirement "$2" --no-deps --no-compile \
    --only-binary :all: --no-cache-dir --disable-pip-version-check --root-user-action ignore; then
    rm -rf "$1.new"
    show_log
    wheels_failure="pip could not fetch what $2 names"
    return 1
  fi
  cp "$2" "$1.new/pins.txt" && rm -rf "$1" && mv "$1.new" "$1" && return
  wheels_failure="cannot write to $1"
  return 1
}

# wheels_mebibytes PINS: the sum of the sizes that stand behind the pins.
wheels_mebibytes() { awk -F '# ' '/==/ { sum += $2 } END { printf "%.0f", sum }' "$1"; }

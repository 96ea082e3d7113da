# shellcheck shell=bash
# Packages of PyPI that hold programs and libraries; no Python program of theirs is run.

# wheels_in_step FOLDER PINS: whether FOLDER holds what the requirements file PINS names.
wheels_in_step() { cmp -s "$1/pins.txt" "$2"; }

# fetch_wheels FOLDER PINS OPTION...: makes FOLDER hold what the requirements file PINS names, with
# options of pip. `wheels_failure` says why it failed. One call of pip, because a second one would
# leave out what shares a folder with the first.
fetch_wheels() {
  if ! python3 -m pip --version > /dev/null 2>&1; then
    wheels_failure='pip for Python 3 is missing'
    return 1
  fi
  local folder=$1 pins=$2
  shift 2
  rm -rf "$folder.new" "$folder.tmp"
  # Beside the folder, because the disk of /tmp may be a small one.
  if ! mkdir -p "$folder.tmp" ||
    ! logged env TMPDIR="$PWD/$folder.tmp" python3 -m pip install --target "$folder.new" \
      --requirement "$pins" --no-deps --no-compile --only-binary :all: --no-cache-dir \
      --disable-pip-version-check --root-user-action ignore "$@"; then
    rm -rf "$folder.new" "$folder.tmp"
    show_log
    wheels_failure="pip could not fetch what $pins names"
    return 1
  fi
  rm -rf "$folder.tmp"
  cp "$pins" "$folder.new/pins.txt" && rm -rf "$folder" && mv "$folder.new" "$folder" && return
  wheels_failure="cannot write to $folder"
  return 1
}

# enough_space MIB: whether so much is free where build/ is.
enough_space() {
  local free
  free=$(node -p 'const { bavail, bsize } = fs.statfsSync("build"); Math.floor((bavail * bsize) / 2 ** 20)')
  wheels_failure="$1 MiB are needed for the packages, and the disk of $PWD/build has only $free"
  [ "$free" -ge "$1" ]
}

# wheels_mebibytes PINS: the sum of the sizes that stand behind the pins.
wheels_mebibytes() { awk -F '# ' '/==/ { sum += $2 } END { printf "%.0f", sum }' "$1"; }

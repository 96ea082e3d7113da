#!/usr/bin/env bash
# Takes the steps of the Dockerfile and of apptainer.def in root file systems of Debian, where neither
# Docker nor Apptainer is, and trains LeNet-5 in what they make: packaging/test-containers.sh
# [Dockerfile|apptainer.def]. In place of the images of Node.js are Debian 12 with the same Node.js
# and, for the first stage, with the compiler that is in that image.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. packaging/roots.sh

main() {
  local files=("$@")
  [ ${#files[@]} != 0 ] || files=(Dockerfile apptainer.def)
  for file in "${files[@]}"; do
    case $file in
      Dockerfile) steps=$(dockerfile_steps) ;;
      apptainer.def) steps=$(apptainer_steps) ;;
      *) printf '%s\n' "Expected Dockerfile or apptainer.def but received \"$file\"" >&2 && exit 2 ;;
    esac
    take_steps "$file"
  done
}

# The steps of a file are lines: FROM IMAGE NAME, COPY STAGE SOURCE… TARGET, with "clone" for the
# folder that is built from, RUN SCRIPT, ENV NAME=VALUE, WORKDIR FOLDER, USER NAME and START PROGRAM.
dockerfile_steps() {
  sed -e '/^#/d' -e '/^$/d' Dockerfile | sed -e ':join' -e '/\\$/{N;s/\\\n *//;b join}' |
    sed -E -e 's/^FROM (\S+)( AS (\S+))?$/FROM \1 \3/' -e 's/^COPY --from=/COPY /;t' -e 's/^COPY /COPY clone /' \
      -e 's/^ENTRYPOINT \["(.*)"\]$/START \1/' -e '/^CMD/d'
}

apptainer_steps() {
  awk '
    function end() { if (section == "%post") print "RUN " script; script = "" }
    /^#/ || /^ *$/ { next }
    /^Bootstrap:/ { end(); section = ""; next }
    /^From:/ { image = $2; next }
    /^Stage:/ { print "FROM", image, $2; next }
    /^%/ { end(); section = $1; source = section == "%files" && NF > 1 ? $3 : "clone"; next }
    section == "%files" { print "COPY", source, $1, $2 }
    section == "%post" { sub(/^ +/, ""); script = script (script == "" ? "" : " && ") $0 }
    section == "%runscript" { print "START", $2 }' apptainer.def
}

take_steps() {
  local file=$1 root='' at=/ user=root start='' environment=() instruction rest
  while read -r instruction rest <&3; do
    printf '%s: %s %s\n' "$file" "$instruction" "$rest"
    case $instruction in
      FROM) root=$(root_of $rest) at=/ user=root environment=() ;;
      COPY) copy "$root" "$at" $rest ;;
      RUN) inside "$root" "$user" "$at" "$rest" "${environment[@]}" < /dev/null > "$root.log" 2>&1 || { tail -n 40 "$root.log" && return 1; } ;;
      ENV) environment+=("$rest") ;;
      WORKDIR) at=$rest && mkdir -p "$root$at" ;;
      USER) user=$rest ;;
      START) start=$rest ;;
      *) printf '%s\n' "$file has \"$instruction\", which is not tried" && return 1 ;;
    esac
  done 3<<< "$steps"
  # The folder of the user that is mounted at /work.
  mkdir -p "$root/work" && chown 1000 "$root/work"
  inside "$root" node /work "$start --version && $start doctor && $start train --arch lenet5 --data mnist --epochs 1 && $start report runs/*" "${environment[@]}"
}

# root_of IMAGE NAME: a root file system that stands for the image; the stage's own.
root_of() {
  local base=${1//:/-} root=$roots/stage-${2:-final} packages=()
  case $1 in
    node:*-bookworm) packages=(g++ gcc git make python3 ca-certificates) ;;
    node:*-bookworm-slim) ;;
    *) printf '%s\n' "No root file system stands for $1" >&2 && return 1 ;;
  esac
  make_root "$base" bookworm "${packages[@]}"
  rm -rf "$root" && cp -a "$roots/$base" "$root"
  put_node "$root" "$(grep -o '[0-9]*' <<< "$1" | head -n 1)" /usr/local
  grep -q ^node: "$root/etc/passwd" || chroot "$root" useradd --uid 1000 --create-home node
  printf '%s' "$root"
}

# copy ROOT FOLDER STAGE SOURCE… TARGET
copy() {
  local root=$1 folder=$2 stage=$3 last=${*: -1} target source
  case $last in /*) target=$root$last ;; *) target=$root$folder/$last ;; esac
  for source in "${@:4:$#-4}"; do
    if [ "$stage" = clone ]; then
      [ "$source" = . ] || { printf '%s\n' "Of the clone . is copied, not $source" && return 1; }
      mkdir -p "$target" && git ls-files -z | tar --create --null --files-from=- | tar --extract --directory "$target"
    elif [ -d "$roots/stage-$stage$source" ]; then
      mkdir -p "$target" && cp -a "$roots/stage-$stage$source/." "$target"
    else
      case $last in */) mkdir -p "$target" ;; *) mkdir -p "$(dirname "$target")" ;; esac
      cp -a "$roots/stage-$stage$source" "$target"
    fi
  done
}

main "$@"

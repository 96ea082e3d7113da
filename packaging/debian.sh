# shellcheck shell=bash
# Packages of Debian releases other than the one that runs here.

# fetch_debian FOLDER RELEASE ARCHITECTURE PACKAGE...: unpacks packages below FOLDER, from the
# mirror that this machine's own packages come from.
fetch_debian() {
  local folder=$1 release=$2 architecture=$3 mirror options package file
  shift 3
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
  mkdir -p "$folder/apt/lists/partial" "$folder/apt/debs"
  printf 'deb [arch=%s] %s %s main\n' "$architecture" "$mirror" "$release" > "$folder/apt/sources.list"
  options=(
    -o "Dir::Etc::SourceList=$folder/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$folder/apt/lists" -o Dir::State::Status=/dev/null -o "APT::Architecture=$architecture"
    -o "APT::Architectures=$architecture" -o APT::Sandbox::User=root
  )
  apt-get "${options[@]}" update > /dev/null
  for package in "$@"; do
    (cd "$folder/apt/debs" && apt-get "${options[@]}" download "$package" > /dev/null)
  done
  for file in "$folder"/apt/debs/*.deb; do dpkg-deb -x "$file" "$folder"; done
}

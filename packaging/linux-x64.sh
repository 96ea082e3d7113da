# shellcheck shell=bash
# The addon for Linux on x86-64, for glibc 2.28 and newer: compiled here, and linked with the
# symbols that glibc 2.28 has, which Zig's package of PyPI holds. oneDNN is the build for GCC's
# OpenMP that its authors publish on PyPI; OpenMP itself is Debian 11's, which needs glibc 2.17.
# Both lie beside the addon; libjpeg-turbo and the C++ library are linked in.

build_linux_x64() {
  local package=$1 work=$2 newest
  mkdir -p "$work"
  [ -e "$work/wheels/share" ] || fetch_wheels_data "$work"
  [ -e "$work/debian/usr" ] || fetch_debian "$work/debian" bullseye amd64 libgomp1 gcc-10-base
  [ -e "$work/glibc/libc.so" ] || make_glibc "$work"
  local gomp=$work/debian/usr/lib/x86_64-linux-gnu/libgomp.so.1
  build_addon build-linux-x64 \
    -DDNNL_INCLUDE="$work/wheels/include" -DDNNL_LIBRARY="$work/wheels/lib/libdnnl.so.3" \
    -DJPEG_LIBRARY="$work/glibc/libjpeg.a" \
    -DOpenMP_gomp_LIBRARY="$gomp" \
    -DCMAKE_MODULE_LINKER_FLAGS="-L$work/glibc $work/glibc/missing.o -static-libstdc++ -Wl,--exclude-libs,ALL" \
    -DCMAKE_CXX_STANDARD_LIBRARIES='-lpthread -ldl -lm' \
    -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON '-DCMAKE_INSTALL_RPATH=$ORIGIN'
  strip -o "$package/cnn.node" build-linux-x64/cnn.node
  strip -o "$package/libdnnl.so.3" "$work/wheels/lib/libdnnl.so.3"
  cp -L "$gomp" "$package/libgomp.so.1"
  newest=$(newest_symbol GLIBC "$package"/*.node "$package"/*.so.*)
  printf '%s\n' "linux-x64: needs glibc ${newest#GLIBC_}"
  # Without a version are those of Node.js, oneDNN and the dynamic loader, and what glibc 2.28 lacks.
  ! nm -D --undefined-only "$package/cnn.node" | grep ' U ' |
    grep -v -e @ -e ' napi_' -e ' dnnl_' -e ' __tls_get_addr$' || return 1
  # What RHEL 8 has.
  is_at_most "$newest" GLIBC_2.28 &&
    is_at_most "$(newest_symbol GLIBCXX "$package"/*.node "$package"/*.so.*)" GLIBCXX_3.4.25 &&
    is_at_most "$(newest_symbol CXXABI "$package"/*.node "$package"/*.so.*)" CXXABI_1.3.11
}

# pip leaves the folder lib of a wheel out where it installs to another place than Python's.
fetch_wheels_data() {
  local work=$1 wheel part
  rm -rf "$work/wheels" && mkdir -p "$work/wheels"
  python3 -m pip download --quiet --require-hashes --no-deps --disable-pip-version-check \
    --dest "$work/wheels" --requirement packaging/linux-x64-wheels.txt
  for wheel in "$work"/wheels/*.whl; do python3 -m zipfile -e "$wheel" "$work/wheels" && rm "$wheel"; done
  for part in include lib share; do
    cp -r "$work"/wheels/*.data/data/"$part" "$work/wheels" && rm -r "$work"/wheels/*.data/data/"$part"
  done
  chmod +x "$work/wheels/ziglang/zig"
}

# Libraries with glibc 2.28's symbols and no code, what that version lacks of what Debian 12's
# compiler and headers use, and its libjpeg-turbo.
make_glibc() {
  local work=$1 library
  rm -rf "$work/zig" "$work/glibc" && mkdir -p "$work/zig" "$work/glibc"
  printf 'int main(void) { return 0; }\n' > "$work/zig/main.c"
  ZIG_GLOBAL_CACHE_DIR=$work/zig ZIG_LOCAL_CACHE_DIR=$work/zig \
    "$work/wheels/ziglang/zig" cc -target x86_64-linux-gnu.2.28 "$work/zig/main.c" -o "$work/zig/main"
  find "$work/zig" \( -name 'lib*.so.[0-9]*' -o -name libc_nonshared.a \) -exec cp {} "$work/glibc" \;
  for library in "$work"/glibc/lib*.so.*; do ln -s "${library##*/}" "${library%.so.*}.so"; done
  rm "$work/glibc/libc.so"
  printf 'INPUT(%s %s)\n' libc.so.6 libc_nonshared.a > "$work/glibc/libc.so"
  cc -c -O2 -fPIC -o "$work/glibc/missing.o" packaging/missing.c
  # It was compiled for programs, which may have a copy of stderr; a library has not.
  objcopy --redefine-sym stderr=cnn_stderr /usr/lib/x86_64-linux-gnu/libjpeg.a "$work/glibc/libjpeg.a"
}

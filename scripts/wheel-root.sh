#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/wheel-root.sh amd64|arm64
#
# Prints the path of a folder in which wheels are linked, for CMake's CMAKE_SYSROOT: the libraries of Debian 12 that the
# Python package needs, and the C library of Debian 11, 2.31, so that wheels run on systems as old as that. Those of the
# libraries that need a newer one are static: libwebp, and libzip, which is built from Debian's source without its
# cryptography. It is made once, in build-cross; nothing is installed, and none of it is run. Exits with 77, with the
# reason on standard error, if it cannot be made.
source "$(dirname "$0")/lib.sh"

libraries=libcjson-dev,libhdf5-dev,libjpeg-dev,libpng-dev,libwebp-dev
machine=${1:-}
case $machine in
amd64) triple=x86_64-linux-gnu ;;
arm64) triple=aarch64-linux-gnu ;;
*) die "give one of amd64 and arm64; see scripts/wheel-root.sh --help" ;;
esac
root=$PWD/build-cross/wheel-$machine

# apt-get for the machine's C library and for sources, with its own settings and lists.
fetch_packages() {
    local apt=$made/apt key=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$made/source"
    : >"$apt/status"
    printf 'deb%s [signed-by=%s] %s %s main\n' "" "$key" "$mirror" bullseye -src "$key" "$mirror" bookworm \
        ${security:+-src "$key" "$security" bookworm-security} >"$apt/sources"
    cat >"$apt/apt.conf" <<END
APT::Architecture "$machine";
APT::Architectures { "$machine"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Etc::SourceList "$apt/sources";
Dir::Etc::SourceParts "$apt/none";
END
    export APT_CONFIG=$apt/apt.conf
    apt-get -q update && (cd "$made" && apt-get -q download libc6 libc6-dev) &&
        (cd "$made/source" && apt-get -q source --download-only libzip) &&
        dpkg-source -x "$made"/source/*.dsc "$made/zip"
}

# Debian 11 has all of its C library below /lib/TRIPLE and /usr/lib/TRIPLE.
replace_libc() {
    local package
    for package in "$made"/libc6*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$made/root" --no-same-owner --keep-directory-symlink ||
            return 1
    done
    relative_links "$made/root"
    rm "$made/root/usr/lib/$triple/libwebp.so"
}

# Into the root, where CMake looks for libzip.
build_zip() {
    cmake -S "$made/zip" -B "$made/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr \
        -DCMAKE_INSTALL_LIBDIR="lib/$triple" --toolchain "$PWD/cmake/toolchains/${triple%%-*}.cmake" \
        -DCMAKE_SYSROOT="$made/root" -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DENABLE_BZIP2=OFF \
        -DENABLE_LZMA=OFF -DENABLE_COMMONCRYPTO=OFF -DENABLE_GNUTLS=OFF -DENABLE_MBEDTLS=OFF -DENABLE_OPENSSL=OFF \
        -DBUILD_TOOLS=OFF -DBUILD_REGRESS=OFF -DBUILD_EXAMPLES=OFF -DBUILD_DOC=OFF &&
        cmake --build "$made/build" -j "$jobs" && DESTDIR=$made/root cmake --install "$made/build"
}

if [[ ! -d $root ]]; then
    mirror=$(debian_mirror)
    [[ -n $mirror ]] || skip "apt takes nothing from Debian here"
    have mmdebstrap || skip "mmdebstrap is missing (on Debian: apt-get install mmdebstrap)"
    have dpkg-source || skip "dpkg-source is missing (on Debian: apt-get install dpkg-dev)"
    mkdir -p build-cross
    made=$(mktemp -d -p "$PWD/build-cross")
    trap 'rm -rf "$made"' EXIT
    security=$(debian_mirror Debian-Security)
    mmdebstrap --quiet --variant=extract --architectures="$machine" --include="$libraries" bookworm "$made/root" \
        "$mirror" ${security:+"deb $security bookworm-security main"} >"$made/log" 2>&1 || skip "mmdebstrap fails: $(tail -n 1 "$made/log")"
    fetch_packages >"$made/log" 2>&1 || skip "apt-get fails: $(tail -n 1 "$made/log")"
    replace_libc >"$made/log" 2>&1 || die "the packages cannot be unpacked: $(tail -n 1 "$made/log")"
    build_zip >"$made/log" 2>&1 || die "libzip cannot be built: $(tail -n 20 "$made/log")"
    mv "$made/root" "$root"
fi
echo "$root"

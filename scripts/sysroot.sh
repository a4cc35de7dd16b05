#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/sysroot.sh arm64|armhf
#
# Prints the path of a folder with the libraries of Debian 12 for 64-bit or 32-bit Arm that the commands are built with,
# for CMake's CMAKE_SYSROOT and for QEMU's -L. It is made once, in build-cross; nothing is installed, and none of it is
# run. Exits with 77, with the reason on standard error, if it cannot be made.
source "$(dirname "$0")/lib.sh"

libraries=libc6-dev,libcjson-dev,libhdf5-dev,libjpeg-dev,libpng-dev,libwebp-dev,libzip-dev
machine=${1:-}
case $machine in arm64 | armhf) ;; *) die "give one of arm64 and armhf; see scripts/sysroot.sh --help" ;; esac
root=$PWD/build-cross/sysroot-$machine

if [[ ! -d $root ]]; then
    mirror=$(debian_mirror)
    [[ -n $mirror ]] || skip "apt takes nothing from Debian here"
    have mmdebstrap || skip "mmdebstrap is missing (on Debian: apt-get install mmdebstrap)"
    mkdir -p build-cross
    made=$(mktemp -d -p build-cross)
    trap 'rm -rf "$made"' EXIT
    mmdebstrap --quiet --variant=extract --architectures="$machine" --include="$libraries" bookworm "$made/root" \
        "$mirror" >"$made/log" 2>&1 || skip "mmdebstrap fails: $(tail -n 1 "$made/log")"
    relative_links "$made/root"
    mv "$made/root" "$root"
fi
echo "$root"

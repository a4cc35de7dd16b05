#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# An installed library serves C and C++ programs through pkg-config, shared and static.
source tests/build/common.sh

need pkg-config
install_moved
export PKG_CONFIG_PATH=$library_dir/pkgconfig
read -ra flags <<<"$(pkg-config --cflags --libs mobilenet)"
read -ra cflags <<<"$(pkg-config --cflags mobilenet)"
version=$(pkg-config --modversion mobilenet)

# check NAME COMMAND...: builds the consumer and compares the version that it prints.
check() {
    local name=$1
    shift
    "$@" -Wall -Wextra -Werror -o "$scratch/$name" || fail "$name: cannot be built"
    [[ $(LD_LIBRARY_PATH=$library_dir "$scratch/$name") == "$version" ]] || fail "$name: wrong version or exit status"
}

check shared "$CC" -std=c11 tests/build/consumer.c "${flags[@]}"
# Programs ask for the library by a name that carries the minor version, which before 1.0 may change the interface.
name=libmobilenet.so.$(cut -d. -f1-2 <<<"$version")
[[ $version == 0.* ]] || name=libmobilenet.so.${version%%.*}
[[ -e $library_dir/$name ]] || fail "$name is not installed"
grep -q "$name" "$scratch/shared" || fail "a program does not ask for $name"
check static "$CC" -std=c11 tests/build/consumer.c "${cflags[@]}" "$library_dir/libmobilenet.a" -pthread -lm
read -ra flags_image <<<"$(pkg-config --cflags --libs mobilenet_image)"
read -ra decoders <<<"$(pkg-config --static --libs mobilenet_image | tr ' ' '\n' | grep -v mobilenet | tr '\n' ' ')"
check image "$CC" -std=c11 tests/build/consumer_image.c "${flags_image[@]}"
check image_static "$CC" -std=c11 tests/build/consumer_image.c "${cflags[@]}" "$library_dir/libmobilenet_image.a" \
    "$library_dir/libmobilenet.a" "${decoders[@]}"
[[ -e $scratch/prefix/include/mobilenet.hpp ]] || fail "mobilenet.hpp is not installed"
need "$CXX"
check shared_cxx "$CXX" -std=c++11 -x c++ tests/build/consumer.c "${flags[@]}"
check image_cxx "$CXX" -std=c++11 -x c++ tests/build/consumer_image.c "${flags_image[@]}"

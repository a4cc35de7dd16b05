#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The shared libraries export the functions of their public headers and no more; the static libraries define no
# global name without our prefix.
source tests/build/common.sh

need nm
# check LIBRARY HEADER...
check() {
    local library=$MN_BUILD/$1
    shift
    grep -oh 'MN_API [^(;]*(' "$@" | grep -o 'mn_[a-z0-9_]*(' | tr -d '(' | sort >"$scratch/declared"
    nm -D --defined-only "$library.so" | awk '{ print $3 }' | sort >"$scratch/exported"
    [[ -s $scratch/declared ]] || fail "no function found in $*"
    diff "$scratch/declared" "$scratch/exported" ||
        fail "$library.so: declared (<) and exported (>) functions differ: mark with MN_API, or implement"
    nm -g --defined-only "$library.a" | awk 'NF == 3 && $3 !~ /^mn_/ { print $3 }' >"$scratch/foreign"
    [[ ! -s $scratch/foreign ]] || fail "$library.a: global names without mn_: $(tr '\n' ' ' <"$scratch/foreign")"
}

mapfile -t core < <(find include -name '*.h' ! -name mobilenet_image.h)
check libmobilenet "${core[@]}"
check libmobilenet_image include/mobilenet_image.h
# A delegate of TensorFlow Lite shows what interpreters look for, and nothing of the library in it.
plugin=$MN_BUILD/libmobilenet_delegate.so
if [[ -e $plugin ]]; then
    printf '%s\n' tflite_plugin_create_delegate tflite_plugin_destroy_delegate >"$scratch/declared"
    nm -D --defined-only "$plugin" | awk '{ print $3 }' | sort >"$scratch/exported"
    diff "$scratch/declared" "$scratch/exported" || fail "$plugin: interpreters look for (<) and it exports (>)"
    ! nm -D --undefined-only "$plugin" | grep -E ' (mn_|tfl|Tf)' || fail "$plugin: needs symbols of whoever loads it"
fi
# Decoders are what the second library is for; the first one has none.
if command -v readelf >/dev/null; then
    ! readelf -d "$MN_BUILD/libmobilenet.so" | grep NEEDED | grep -E 'jpeg|png|webp' || fail "libmobilenet.so needs a decoder"
fi

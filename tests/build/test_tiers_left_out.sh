#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# MN_TIERS leaves kernels out of a library, and nothing else: a program linked with it has no code of theirs, gives the
# same bytes, and says why a tier that is named is missing. All of the library but its two tables comes from $MN_BUILD.
source tests/build/common.sh

need ninja
need nm
case $(uname -m) in
    x86_64) tier=avx2 other=avx512 others='avxvnni|avx512|avx512vnni|amx' ;;
    aarch64) tier=neon other=dotprod others='dotprod|i8mm' ;;
    *) skip "no tier of this processor but ref and portable is known here" ;;
esac

# configure TIERS: configures a build of the library alone.
configure() {
    "$CMAKE" -G Ninja -S . -B "$scratch/build" -DCMAKE_C_COMPILER="$CC" -DCMAKE_BUILD_TYPE=Release -DMN_TESTS=OFF \
        -DMN_TOOLS=OFF -DMN_IMAGE=OFF -DMN_TIERS="$1" >"$scratch/log" 2>&1
}

# link NAME TIERS: builds tests/outputs.c with the tables of a library that has those tiers.
link() {
    configure "$2" || fail "MN_TIERS=$2: $(cat "$scratch/log")"
    local tables=CMakeFiles/mobilenet_objects.dir/src/kernels
    ninja -C "$scratch/build" $tables/registry.c.o $tables/tier.c.o >"$scratch/log" || fail "$(cat "$scratch/log")"
    "$CC" -std=c11 -Iinclude -Isrc tests/outputs.c "$scratch/build/$tables"/{registry,tier}.c.o \
        "$MN_BUILD/libmobilenet.a" -Wl,--gc-sections -pthread -lm -o "$scratch/$1"
    nm "$scratch/$1" >"$scratch/$1.symbols"
}

# lacks NAME TIERS: the program has no kernel of the tiers, which are separated by |. What packs weights may choose among
# functions of its own file by the processor; kernels are global (T).
lacks() {
    ! grep -E " T mn_[a-z0-9_]+_($2)\$" "$scratch/$1.symbols" || fail "$1: kernels of $2 are in the program"
}

# same_bytes NAME: the program gives what the whole library gives.
same_bytes() {
    "$scratch/$1" "${models[@]}" >"$scratch/given" || fail "$1: models fail"
    diff "$scratch/expected" "$scratch/given" || fail "$1: < are the whole library's outputs"
}

models=(tests/golden/tiny_v2_{int8,uint8}.tflite)
"$MN_BUILD/tests/outputs" "${models[@]}" >"$scratch/expected" || fail "no outputs of ${models[*]}"

nm "$MN_BUILD/tests/outputs" >"$scratch/whole.symbols"
for left in ${others//|/ }; do
    grep -qE " mn_[a-z0-9_]+_$left\$" "$scratch/whole.symbols" || skip "this build has no kernel of $left itself"
done
link one "$tier"
lacks one "$others"
for kept in ref portable "$tier"; do
    grep -q " mn_conv_i8_$kept\$" "$scratch/one.symbols" || fail "$kept is left out of MN_TIERS=$tier"
done
same_bytes one
MOBILENET_CPU=portable same_bytes one
! MOBILENET_CPU=$other "$scratch/one" "${models[@]}" 2>"$scratch/message" || fail "one: runs tier $other"
grep -q "kernel tier \"$other\" was left out of this build; use one of ref, portable" "$scratch/message" ||
    fail "one: $(cat "$scratch/message")"
link none ref
lacks none "portable|$tier|$others"
same_bytes none

! configure "$tier;fast" || fail "MN_TIERS takes a tier that is not known"
# CMake breaks lines where it likes.
message=$(tr -s ' \n' ' ' <"$scratch/log")
[[ $message == *"MN_TIERS: unknown tier 'fast'; use some of ref, portable, "*"$tier, "*"$other"* ]] ||
    fail "MN_TIERS=$tier;fast: $(cat "$scratch/log")"

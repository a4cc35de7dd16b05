#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# On emulated Arm processors: kernels of each tier equal the reference, and only those run for which the processor has
# instructions; whole models give this machine's bytes; commands work; and what runs on a Cortex-A53 is Armv8.0. 32-bit
# processors with and without NEON, too. Builds for Arm as scripts/cross.sh does, which takes minutes, so only
# ./test.sh --all runs it.
source tests/build/common.sh
source tests/build/emulated.sh

[[ -n ${MN_LONG_TESTS:-} ]] || skip "it builds for Arm, which takes minutes; ./test.sh --all does"
need python3
need aarch64-linux-gnu-gcc
need qemu-aarch64
emulator=(qemu-aarch64 -L /usr/aarch64-linux-gnu)
native=$MN_BUILD/mobilenet
[[ -x $native ]] || skip "$native is not built"
run_commands='test_(run|new|variants|benchmark_model)[.]sh$'

# The tests of the commands, with programs that stand for the emulated ones.
commands() {
    local program file
    mkdir -p "$scratch/commands"
    for program in mobilenet benchmark_model; do
        printf '#!/bin/sh\nexec %s -cpu %s %s "$@"\n' "${emulator[*]}" "$1" "$PWD/$folder/$program" \
            >"$scratch/commands/$program"
        chmod +x "$scratch/commands/$program"
    done
    for file in tests/cli/test_*.sh; do
        [[ $file =~ $run_commands ]] || continue
        MN_BUILD=$scratch/commands bash "$file" >"$scratch/log" 2>&1 || fail "$file on $1: $(tail -n 5 "$scratch/log")"
    done
}

# What PROCESSOR executes of a model whose input are BYTES: executed PROCESSOR MODEL BYTES
executed() {
    head -c "$3" "$native" >"$scratch/input"
    rm -f "$scratch/output"
    emulate "$1" -plugin "$scratch/count.so,out=$scratch/count.txt" "$mobilenet" run -m "$2" -i "$scratch/input" \
        -o "$scratch/output"
    PYTHONDONTWRITEBYTECODE=1 python3 bench/arm/newer.py "$scratch/count.txt" >"$scratch/newer"
}

models() {
    local type skip file
    for type in int8 uint8; do model "$1" "$2" "tests/golden/tiny_v2_$type.tflite" 3072 0; done
    for file in ../shared/models/*.tflite; do
        [[ -r $file ]] || continue
        for skip in 0 100000 200000; do model "$1" "$2" "$file" 150528 "$skip"; done
    done
}

build_for aarch64
kernels cortex-a53 'portable|neon' 'dotprod|i8mm'
kernels cortex-a76 'portable|neon|dotprod' i8mm
kernels max 'portable|neon|dotprod' none
refuses cortex-a53 'ref portable neon' dotprod
refuses cortex-a76 'ref portable neon dotprod' i8mm
models cortex-a53 neon
models cortex-a76 'neon|dotprod'
models max 'neon|dotprod|i8mm'
cc -O2 -shared -fPIC bench/arm/count.c -o "$scratch/count.so"
for model in int8:3072 uint8:3072 float32:12288; do
    executed cortex-a53 "tests/golden/tiny_v2_${model%:*}.tflite" "${model#*:}" ||
        fail "on a Cortex-A53: $(head -n 5 "$scratch/newer")"
done
! executed cortex-a76 tests/golden/tiny_v2_int8.tflite 3072 || fail "dot products are not told from Armv8.0"
grep -q sdot "$scratch/newer" || fail "no dot products on a Cortex-A76"
commands cortex-a53

need arm-linux-gnueabihf-gcc
need qemu-arm
emulator=(qemu-arm -L /usr/arm-linux-gnueabihf)
build_for armhf
kernels cortex-a7,neon=off portable neon
kernels cortex-a7 'portable|neon' none
refuses cortex-a7,neon=off 'ref portable' neon
for type in int8 uint8; do
    model cortex-a7,neon=off portable "tests/golden/tiny_v2_$type.tflite" 3072 0
    model cortex-a7 neon "tests/golden/tiny_v2_$type.tflite" 3072 0
done

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The commands with the libraries of photos and of Keras' files, cross-built for 64-bit and 32-bit Arm with Debian's
# libraries for these: what is in a photo is the same as here, and weights of Keras give the same model.
source tests/build/common.sh

[[ -n ${MN_LONG_TESTS:-} ]] || skip "it cross-builds the commands twice; ./test.sh --all does"
model=tests/golden/tiny_v2_int8.tflite
photo=fuzz/corpus/image/colour420.jpg
if [[ -e ../shared/models ]]; then
    model=../shared/models/tf2_mobilenet_v2_1.0_224_ptq.tflite
    photo=../shared/images/example_input.jpg
fi

# What a command says of the photo: five lines but for the time.
answer() { "$@" classify -m "$model" -i "$photo" | grep -v ' ms'; }

# Builds for a machine with a toolchain, and compares under QEMU: photos MACHINE TOOLCHAIN COMPILER
photos() {
    local folder=build-cross/photos-$1 root run
    need "$3"
    root=$(scripts/sysroot.sh "$1") || exit 77
    "$CMAKE" -S . -B "$folder" -G Ninja --toolchain "cmake/toolchains/$2.cmake" -DCMAKE_SYSROOT="$root" \
        -DCMAKE_BUILD_TYPE=Release -DMN_TESTS=OFF >"$scratch/log" 2>&1 || fail "$1: $(tail -n 20 "$scratch/log")"
    "$CMAKE" --build "$folder" --target mobilenet_command >"$scratch/log" 2>&1 || fail "$1: $(tail -n 20 "$scratch/log")"
    IFS=';' read -ra run <<<"$(sed -n 's/^MN_QEMU:[A-Z]*=//p' "$folder/CMakeCache.txt");-L;$root;$folder/mobilenet"
    answer "${run[@]}" >"$scratch/given" || fail "$1: no answer"
    diff "$scratch/wanted" "$scratch/given" || fail "$1: another answer"
    "${run[@]}" convert models/signs_0.35_96.h5 -o "$scratch/$1.tflite" >"$scratch/log" || fail "$1: $(cat "$scratch/log")"
    cmp "$scratch/wanted.tflite" "$scratch/$1.tflite" || fail "$1: another model"
    echo "$1: the same answer and model"
}

need ninja
answer "$MN_BUILD/mobilenet" >"$scratch/wanted"
"$MN_BUILD/mobilenet" convert models/signs_0.35_96.h5 -o "$scratch/wanted.tflite" >"$scratch/log"
need qemu-aarch64
photos arm64 aarch64 aarch64-linux-gnu-gcc
photos armhf armhf arm-linux-gnueabihf-gcc

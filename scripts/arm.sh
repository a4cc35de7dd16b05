#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/arm.sh [--own] MODEL [ARGUMENTS of bench/arm...]
#
# Counts the instructions and cache misses of one inference on emulated Arm cores, Cortex-A53, A55, A76 and one with
# i8mm: this library by tier, LiteRT 1.4.0 with XNNPACK, with this library's delegate and without either, and TFLite
# 2.14.0 without, in one run; no board is needed. All files are in build-arm/.
#
#   --own   this library alone
#
# python3 bench/arm --help lists the other arguments, bench/arm/README.md describes what is counted. Exits with 77 if
# the cross-compiler or the emulator is missing.
source "$(dirname "$0")/lib.sh"

own=0
if [[ ${1:-} == --own ]]; then own=1; shift; fi
[[ $# -gt 0 ]] || die "name a model, a .tflite file; see scripts/arm.sh --help"
needs=(cc:gcc cmake:cmake ninja:ninja-build python3:python3 aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu
    qemu-aarch64:qemu-user)
if ! (install_needs "${needs[@]}"); then
    say "SKIPPED: the cross-compiler or the emulator is missing"
    exit 77
fi

folder=build-arm
flags=(-std=c11 -O2 -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror)
mkdir -p "$folder"
quietly cmake -G Ninja --toolchain "$PWD/cmake/toolchains/aarch64.cmake" -S . -B "$folder/aarch64" \
    -DCMAKE_BUILD_TYPE=Release -DMN_TOOLS=OFF -DMN_TESTS=OFF
quietly cmake --build "$folder/aarch64" -j "$jobs" --target mobilenet_static mobilenet_delegate
for plugin in count cache; do
    cc "${flags[@]}" -shared -fPIC -fvisibility=hidden "bench/arm/$plugin.c" -o "$folder/$plugin.so"
done
aarch64-linux-gnu-gcc "${flags[@]}" -Iinclude bench/arm/drive.c "$folder/aarch64/libmobilenet.a" -static -pthread -lm \
    -o "$folder/drive"

arguments=(--build "$folder")
if [[ $own -eq 0 ]] && sysroot=$(scripts/arm-sysroot.sh); then arguments+=(--sysroot "$sysroot"); fi
PYTHONDONTWRITEBYTECODE=1 exec python3 bench/arm "$@" "${arguments[@]}"

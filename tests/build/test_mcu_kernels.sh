#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Kernels for Cortex-M with the DSP extension and with Helium give the bytes of the portable ones, on emulated boards,
# however they are compiled, and read nothing beyond their inputs.
source tests/build/common.sh

for tool in arm-none-eabi-gcc qemu-system-arm; do need "$tool"; done
mkdir "$scratch/runtime"
cp src/kernels/mcu/*.[ch] "$scratch/runtime"

# try BOARD EDGE FLAG: EDGE is where memory ends
try() {
    (
        mcu/build.sh "$1" "$scratch/runtime" "$scratch/kernels.elf" tests/build/mcu_kernels.c "-DEDGE=$2" "$3" &&
            timeout 100 mcu/run.sh "$1" "$scratch/kernels.elf"
    ) >"$scratch/log" 2>&1 || fail "$1 $3: $(cat "$scratch/log")"
    echo "$1 $3: the same bytes"
}

for flag in -O2 -Os; do
    try mps2-an386 0x22000000u $flag
    try mps2-an500 0x61000000u $flag
    try mps3-an547 0x21400000u $flag
done

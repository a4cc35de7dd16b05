#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/mcu.sh MODEL [--ram BYTES] [--held] [ARGUMENTS of bench/mcu...]
#        scripts/mcu.sh --variants [ARGUMENTS of bench/mcu/variants.py...]
#
# Counts the instructions of one inference on emulated microcontrollers, Cortex-M4, M7, M55 and rv32imc, and reports
# code, constants, RAM and stack; no board is needed. The scores are compared with the desktop's. All files are in
# build-mcu/.
#
#   --ram BYTES, --held   for `mobilenet compile`
#   --variants            a table of MobileNetV2 of all widths and sizes, with random weights
#
# python3 bench/mcu --help lists the other arguments, bench/mcu/README.md describes what is counted. Exits with 77 if a
# compiler or an emulator is missing.
source "$(dirname "$0")/lib.sh"

[[ $# -gt 0 ]] || die "name a model, a .tflite file; see scripts/mcu.sh --help"
model=$1
shift
how=()
others=()
while [[ $# -gt 0 ]]; do
    case $1 in
    --ram) how+=(--ram "${2?--ram needs a number of bytes}"); shift ;;
    --held) how+=(--held) ;;
    *) others+=("$1") ;;
    esac
    shift
done
needs=(cc:gcc cmake:cmake ninja:ninja-build python3:python3 arm-none-eabi-gcc:gcc-arm-none-eabi
    riscv64-unknown-elf-gcc:gcc-riscv64-unknown-elf qemu-system-arm:qemu-system-arm qemu-system-riscv32:qemu-system-misc)
if ! (install_needs "${needs[@]}"); then
    say "SKIPPED: a cross-compiler or an emulator is missing"
    exit 77
fi

build release mobilenet_command
mkdir -p build-mcu
cc -std=c11 -O2 -Wall -Wextra -Wconversion -shared -fPIC -fvisibility=hidden -Ibench bench/mcu/count.c -o build-mcu/count.so
export PYTHONDONTWRITEBYTECODE=1
if [[ $model == --variants ]]; then
    exec python3 bench/mcu/variants.py --plugin build-mcu/count.so --out build-mcu "${others[@]}"
fi
rm -rf build-mcu/network build-mcu/scores.raw
build/mobilenet compile "$model" -o build-mcu/network --name network "${how[@]}"
bytes=$(awk '/_ROW_BYTES/ && /#define/ { row = $3 } /_HEIGHT/ && /#define/ { height = $3 } END { print row * height }' \
    build-mcu/network/network.h)
# Any image does: instructions do not depend on it. This one has all bytes.
awk -v bytes="$bytes" 'BEGIN { seed = 1; for (i = 0; i < bytes; i++) { seed = (seed * 16807) % 2147483647
    printf "%c", 1 + seed % 127 } }' | head -c "$bytes" >build-mcu/input.raw
build/mobilenet run -m "$model" --input build-mcu/input.raw --output build-mcu/scores.raw
exec python3 bench/mcu --folder build-mcu/network --input build-mcu/input.raw \
    --scores build-mcu/scores.raw --plugin build-mcu/count.so --out build-mcu "${others[@]}"

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: mcu/build.sh BOARD FOLDER ELF [MAIN.c] [FLAG...]
#
# Compiles the output of `mobilenet compile -o FOLDER --name network`, with MAIN.c (mcu/main.c), for an emulated board:
# mps2-an386 (Cortex-M4), mps2-an500 (M7), mps3-an547 (M55) or virt-rv32. Flags go to the compiler. ELF.map is the
# linker's map; objects are kept in ELF.o/, so that weights are not compiled again.
set -euo pipefail
case ${1-} in -h | --help | '') awk 'NR > 2 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; exit 0 ;; esac
here=$(cd "$(dirname "$0")" && pwd)
board=$1 folder=$2 elf=$3
main=${4:-$here/main.c}
flags=("${@:5}") linker=()

case $board in
mps2-an386) compiler=arm-none-eabi-gcc target=(-mcpu=cortex-m4 -mthumb -mfloat-abi=soft) start=start_cortex_m ;;
mps2-an500) compiler=arm-none-eabi-gcc target=(-mcpu=cortex-m7 -mthumb -mfloat-abi=soft) start=start_cortex_m ;;
mps3-an547) compiler=arm-none-eabi-gcc target=(-mcpu=cortex-m55 -mthumb -mfloat-abi=hard) start=start_cortex_m ;;
virt-rv32)
    compiler=riscv64-unknown-elf-gcc target=(-march=rv32imc_zicsr -mabi=ilp32) start=start_riscv
    linker=("-Wl,--no-warn-rwx-segments")
    ;;
*)
    echo "build.sh: unknown board '$board'; use mps2-an386, mps2-an500, mps3-an547 or virt-rv32" >&2
    exit 2
    ;;
esac

common=("${target[@]}" -std=c99 -O2 -ffreestanding -ffunction-sections -fdata-sections -Wall -Wextra -Wconversion
    "-DMN_MCU_WEIGHTS=__attribute__((section(\".weights\")))" -I"$folder" -I"$here")
mkdir -p "$elf.o"
objects=()
for source in "$folder"/*.c "$main" "$here/semihosting.c" "$here/$start.c"; do
    object=$elf.o/$(basename "$source" .c).o
    objects+=("$object")
    [[ $source == *_weights.c && $object -nt $source ]] && continue
    extra=(-std=gnu99)
    [[ $source == "$folder"/* ]] && extra=(-pedantic)
    "$compiler" "${common[@]}" "${extra[@]}" "${flags[@]}" -c "$source" -o "$object"
done
"$compiler" "${target[@]}" -nostdlib -Wl,--gc-sections -Wl,--fatal-warnings "${linker[@]}" -Wl,-Map="$elf.map" -L"$here" \
    -T "$here/$board.ld" "${objects[@]}" -o "$elf"

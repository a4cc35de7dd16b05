#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: mcu/run.sh BOARD ELF [ARGUMENT...]
#
# Runs a program built by mcu/build.sh in QEMU. It may read and write files of the current folder; the exit code is the
# program's. Arguments are passed to QEMU.
set -euo pipefail
case ${1-} in -h | --help | '') awk 'NR > 2 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; exit 0 ;; esac
board=$1 elf=$2
shift 2
case $board in
mps2-an386) machine=(qemu-system-arm -M mps2-an386 -cpu cortex-m4) ;;
mps2-an500) machine=(qemu-system-arm -M mps2-an500 -cpu cortex-m7) ;;
mps3-an547) machine=(qemu-system-arm -M mps3-an547 -cpu cortex-m55) ;;
virt-rv32) machine=(qemu-system-riscv32 -M virt -cpu "rv32,a=false,f=false,d=false" -bios none) ;;
*)
    echo "run.sh: unknown board '$board'; use mps2-an386, mps2-an500, mps3-an547 or virt-rv32" >&2
    exit 2
    ;;
esac
exec "${machine[@]}" -display none -monitor none -serial none -semihosting-config enable=on,target=native \
    "$@" -kernel "$elf"

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The runtime for microcontrollers is freestanding C99 and valid C++ for every compiler that is here: no warnings, no
# calls of a library, at most 24 KiB of code. With MN_LONG_TESTS also at -O0, -O2 and -O3, and cppcheck finds nothing but
# what the README admits of MISRA C:2012.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
folder=src/kernels/mcu
warnings=(-ffreestanding -Wall -Wextra -Wconversion -Wshadow -pedantic -Werror)
most_code=24576
compiled=0

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Compiles everything for one target: try NM COMPILER [FLAG...]. Code for this machine may have any size.
try() {
    local nm=$1 source code undefined
    shift
    command -v "$1" >/dev/null || { echo "SKIP: $1 is not here"; return 0; }
    rm -f "$work"/*.o
    for source in "$folder"/*.c; do
        "$@" "${warnings[@]}" -c "$source" -o "$work/$(basename "$source").o" || fail "$*: $source does not compile"
    done
    undefined=$("$nm" -u "$work"/*.o | awk '$1 == "U" { print $2 }' | grep -v '^mn_mcu_' | sort -u || true)
    [[ -z $undefined ]] || fail "$*: calls of a library: $undefined"
    code=$("$nm" --print-size --radix=d "$work"/*.o | awk 'tolower($3) == "t" { sum += $2 } END { print sum + 0 }')
    [[ $code -gt 1000 && ($code -le $most_code || $nm == nm) ]] || fail "$*: $code bytes of code, at most $most_code are allowed"
    echo "$code bytes of code: $*"
    compiled=$((compiled + 1))
}

levels=(-Os)
if [[ -n ${MN_LONG_TESTS:-} ]]; then levels=(-O0 -Os -O2 -O3); fi
for level in "${levels[@]}"; do
    try nm gcc -std=c99 "$level"
    try nm clang -std=c99 "$level"
    try nm g++ -x c++ -std=c++11 "$level"
    try nm clang++ -x c++ -std=c++11 "$level"
    [[ $level == -O0 ]] && continue
    for core in cortex-m3 cortex-m4 cortex-m7 cortex-m33 'cortex-m55 -mfloat-abi=hard'; do
        # shellcheck disable=SC2086 # a core may have a flag of its own
        try arm-none-eabi-nm arm-none-eabi-gcc -mcpu=$core -mthumb -std=c99 "$level"
    done
    try arm-none-eabi-nm arm-none-eabi-g++ -x c++ -std=c++11 -fno-exceptions -mcpu=cortex-m4 -mthumb "$level"
    try arm-none-eabi-nm arm-none-eabi-g++ -x c++ -std=c++11 -fno-exceptions -mcpu=cortex-m55 -mthumb -mfloat-abi=hard "$level"
    try riscv64-unknown-elf-nm riscv64-unknown-elf-gcc -march=rv32imc -mabi=ilp32 -std=c99 "$level"
    [[ $level == -O3 ]] && continue # which in Clang is over 24 KiB, with kernels that the linker leaves out
    try llvm-nm clang --target=thumbv7em-none-eabi -mcpu=cortex-m4 -munaligned-access -mfloat-abi=soft -std=c99 "$level"
done
[[ $compiled -ge 2 ]] || fail "only $compiled compilers were tried"

[[ -n ${MN_LONG_TESTS:-} ]] || exit 0
if command -v cppcheck >/dev/null; then
    cppcheck -q --std=c99 --enable=warning,style,performance,portability --error-exitcode=1 "$folder"/*.c ||
        fail "cppcheck finds something"
    cppcheck -q --std=c99 --addon=misra "$folder"/*.c 2>"$work/misra" || true
    while read -r rule; do
        awk '/^\| rules/, /^$/' "$folder/README.md" | grep -qE "(\| |, )${rule//./\\.}(,| \|)" ||
            fail "$(grep -m1 "misra-c2012-$rule\]" "$work/misra"): mend it, or admit the rule in $folder/README.md"
    done < <(grep -oP 'misra-c2012-\K[0-9.]+(?=\])' "$work/misra" | sort -u)
else
    echo "SKIP: cppcheck is not here"
fi

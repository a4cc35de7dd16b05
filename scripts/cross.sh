#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/cross.sh [aarch64|armhf|i386]...
#
# Builds the library for other processors, as docs/porting.md tells, with warnings as errors, and runs the golden vectors
# and the kernels' check there, emulated (build-cross/). Without arguments all for which there is a compiler; ends with
# 77 when there is none. On Debian: apt-get install gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf qemu-user
source "$(dirname "$0")/lib.sh"

flags=(-std=c11 -O3 -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -ffp-contract=off -Wall -Wextra -Wconversion -Wshadow
    -Wstrict-prototypes -Wmissing-prototypes -Werror -Wno-format-truncation -Wno-maybe-uninitialized -Wno-psabi
    -Iinclude -Isrc -Itests -isystem tests/support/cmocka)
# These need no library, so they too are compiled, and not linked.
beside=(src/net src/quant src/image/prepare.c src/image/resize.c)

# Sets $cc and $emulator; false where there is no compiler.
choose() {
    case $1 in
    aarch64) cc=(aarch64-linux-gnu-gcc) emulator=qemu-aarch64 ;;
    armhf) cc=(arm-linux-gnueabihf-gcc) emulator=qemu-arm ;;
    # Debian's gcc-multilib, which brings the headers of 32-bit programs, goes with no other cross-compiler.
    i386) cc=(gcc -m32 -msse2 -mfpmath=sse -idirafter "/usr/include/$(uname -m)-linux-gnu") emulator=env ;;
    *) die "unknown processor $1; see scripts/cross.sh --help" ;;
    esac
    echo 'int main(void) { return 0; }' >"$folder/empty.c"
    "${cc[@]}" "$folder/empty.c" -o "$folder/empty" >/dev/null 2>&1
}

# Builds and runs everything for one processor.
check() {
    local sources
    mapfile -t sources < <(find src/base src/graph src/kernels src/labels src/plan src/session src/tflite "${beside[@]}" \
        tests/checkkernels.c tests/checkkernels tests/unit/test_golden.c -name '*.c')
    # shellcheck disable=SC2016 # the inner shell expands
    printf '%s\0' "${sources[@]}" | xargs -0 -P "$jobs" -I {} sh -c \
        'file=$1 folder=$2; shift 2; exec "$@" -c "$file" -o "$folder/$(echo "$file" | tr / _).o"' \
        sh {} "$folder" "${cc[@]}" "${flags[@]}" || return 1
    local library=("$folder"/src_{base,graph,kernels,labels,plan,session,tflite}_*.o)
    "${cc[@]}" -static "$folder"/tests_unit_test_golden.c.o "${library[@]}" -o "$folder/golden" -pthread -lm &&
        "${cc[@]}" -static "$folder"/tests_checkkernels*.o "${library[@]}" -o "$folder/checkkernels" -pthread -lm || return 1
    if ! have "$emulator"; then
        say "    $emulator is missing, so nothing was run"
        return 0
    fi
    "$emulator" "$folder/golden" && "$emulator" "$folder/checkkernels" --seed=1 --cases=20 | tail -n 1
}

checked=0
if [[ $# -eq 0 ]]; then set -- aarch64 armhf i386; asked=0; else asked=1; fi
for processor in "$@"; do
    folder=build-cross/$processor
    rm -rf "$folder" # objects of sources that have gone since
    mkdir -p "$folder"
    if ! choose "$processor"; then
        [[ $asked -eq 0 ]] || die "there is no compiler for $processor that works; see scripts/cross.sh --help"
        say "$processor: no compiler"
        continue
    fi
    say "$processor: ${cc[0]}, $("${cc[@]}" -dumpversion)"
    check || die "$processor: failed"
    checked=$((checked + 1))
done
if [[ $checked -eq 0 ]]; then
    say "SKIPPED: no compiler for another processor (on Debian: apt-get install gcc-aarch64-linux-gnu qemu-user)"
    exit 77
fi

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# macOS on both of its processors: clang checks what differs there, with MN_LONG_TESTS every source, for Apple's targets.
# Apple's SDK is not here, so the headers are musl's, which have POSIX and none of glibc's own functions.
. tests/build/common.sh

need clang
headers=(/usr/include/*-linux-musl)
[ -d "${headers[0]}" ] || skip "headers are missing (on Debian: apt-get install musl-tools)"
folders=(src/base src/host)
if [ -n "${MN_LONG_TESTS:-}" ]; then
    folders=(cli src/backend src/base src/chart src/classify src/delegate src/ethosu src/graph src/host src/image src/kernels
        src/labels src/mcu src/net src/onnx src/plan src/quant src/session src/tflite src/train)
fi
mapfile -t sources < <(find "${folders[@]}" -name '*.c' ! -name 'mpi_module.c' ! -path '*/kernels/mcu/*' | sort)
# Linux' own places and calls stand behind a question for the system.
grep -rlE '/proc/|getauxval|MAP_POPULATE|sched_getaffinity|MAP_HUGETLB|madvise' src cli --include='*.c' | sort >"$scratch/linux"
printf '%s\n' src/base/cpu.c src/base/mapping_posix.c src/base/pages_linux.c src/base/sync_posix.c src/host/process_posix.c |
    diff "$scratch/linux" - || fail "files that name what Linux alone has (<) are not those that ask for the system first (>)"
# What macOS alone declares, as far as it is used.
mkdir -p "$scratch/macos/mach-o" "$scratch/macos/sys"
echo 'int _NSGetExecutablePath(char *path, unsigned *bytes);' >"$scratch/macos/mach-o/dyld.h"
echo 'int sysctlbyname(const char *name, void *old, __SIZE_TYPE__ *bytes, void *next, __SIZE_TYPE__ length);' \
    >"$scratch/macos/sys/sysctl.h"
for target in arm64-apple-macos11 x86_64-apple-macos10.15; do
    flags=(-target "$target" -std=c11 -fsyntax-only -nostdlibinc -isystem "$scratch/macos" -isystem "${headers[0]}"
        -Iinclude -Isrc -Icli -Wall -Wextra -Wconversion -Wshadow -Werror -Wno-unknown-warning-option)
    printf '%s\n' "${sources[@]}" | xargs -n 16 -P 2 clang "${flags[@]}" || fail "clang refuses sources for $target"
done
echo "${#sources[@]} sources"

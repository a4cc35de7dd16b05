#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/format.sh [--check]
#
# Formats the C files with clang-format 14 (another release would lay out some lines otherwise); with --check only
# tells which would change. Ends with 77 when clang-format 14 is absent.
source "$(dirname "$0")/lib.sh"

tool=clang-format-$clang_release
if ! have "$tool"; then tool=clang-format; fi
if ! have "$tool" || [[ $("$tool" --version) != *"version $clang_release."* ]]; then
    say "SKIPPED: clang-format $clang_release is missing (on Debian 12: apt-get install clang-format)"
    exit 77
fi
mapfile -d '' files < <(git ls-files -z --cached --others --exclude-standard '*.c' '*.h' '*.hpp' '*.cpp')
if [[ ${1:-} == --check ]]; then
    "$tool" --dry-run -Werror "${files[@]}"
else
    "$tool" -i "${files[@]}"
fi

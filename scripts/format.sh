#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/format.sh [--check]
#
# Formats the C files with clang-format 14 (other releases format some lines differently); with --check only lists the
# files that would change. Exits with 77 if clang-format 14 is missing.
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

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/tidy.sh [FILE...]
#
# Runs clang-tidy (.clang-tidy) over the sources of the library and the commands, or over the given files.
# Exits with 77 if clang-tidy 14 is missing.
source "$(dirname "$0")/lib.sh"

tool=clang-tidy-$clang_release
if ! have "$tool"; then tool=clang-tidy; fi
if ! have "$tool" || [[ $("$tool" --version) != *"version $clang_release."* ]]; then
    say "SKIPPED: clang-tidy $clang_release is missing (on Debian 12: apt-get install clang-tidy)"
    exit 77
fi
[[ -r build/compile_commands.json ]] || cmake --preset release >/dev/null
if [[ $# -eq 0 ]]; then
    mapfile -d '' files < <(git ls-files -z --cached --others --exclude-standard 'src/*.c' 'cli/*.c')
    set -- "${files[@]}"
fi
printf '%s\0' "$@" | xargs -0 -n 4 -P "$jobs" "$tool" -p build --quiet --warnings-as-errors='*' \
    --extra-arg=-Wno-unknown-warning-option # the compile commands may be gcc's

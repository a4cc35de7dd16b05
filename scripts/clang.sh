#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/clang.sh
#
# Checks every source of the release preset with clang and the same flags, with warnings as errors; those of tests only
# with MN_LONG_TESTS. Nothing is built. Exits with 77 if clang is missing.
source "$(dirname "$0")/lib.sh"

if ! have clang; then
    say "SKIPPED: clang is missing (on Debian: apt-get install clang)"
    exit 77
fi
[[ -r build/compile_commands.json ]] || cmake --preset release >/dev/null
# The compile commands are lines of JSON, and may be gcc's, which has an option that clang has not.
sed -n 's/^ *"command": "\(.*\)",*$/\1/p' build/compile_commands.json |
    if [[ -n ${MN_LONG_TESTS:-} ]]; then cat; else grep -v ' -c [^ ]*/tests/'; fi |
    sed -E 's/\\(["\\])/\1/g; s/^[^ ]+( [^- ][^ ]*)* -/clang -/; s/ -fvect-cost-model=\w+//
        s/ -o [^ ]+ -c / -fsyntax-only -Wno-unknown-warning-option /' |
    (cd build && tr '\n' '\0' | xargs -0 -n 1 -P "$jobs" sh -c)

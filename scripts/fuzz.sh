#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/fuzz.sh [SECONDS [TARGET...]]
#
# Builds the libFuzzer targets (fuzz/fuzz_*.c) with clang and runs each for SECONDS (default 60), starting from the
# inputs in fuzz/corpus/NAME. New inputs and crashes go to build-fuzz/NAME. Exits with 77 if clang is missing.
source "$(dirname "$0")/lib.sh"

if ! have clang; then
    say "SKIPPED: clang is missing (on Debian: apt-get install clang)"
    exit 77
fi
seconds=${1:-60}
shift || true
build fuzz
if [[ $# -eq 0 ]]; then
    for source in fuzz/fuzz_*.c; do set -- "$@" "$(basename "$source" .c)"; done
fi
for target in "$@"; do
    name=${target#fuzz_}
    mkdir -p "build-fuzz/$name" "fuzz/corpus/$name"
    say "$target: $seconds s"
    log=build-fuzz/$name.log
    if ! "build-fuzz/$target" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build-fuzz/$name/" "build-fuzz/$name" "fuzz/corpus/$name" >"$log" 2>&1; then
        tail -40 "$log"
        die "$target failed; the input is in build-fuzz/$name/, the whole output in $log"
    fi
    grep -E 'number_of_executed_units|new_units_added|peak_rss_mb' "$log"
done

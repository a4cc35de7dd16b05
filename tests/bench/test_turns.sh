#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors

# scripts/turns.sh: a build in turns with itself takes about as long, and what does not run is named.
set -eu

build="${MN_BUILD:-build}"
model=tests/golden/tiny_v2_int8.tflite
[ -x "$build/benchmark_model" ] || { echo "SKIPPED: $build/benchmark_model is not built"; exit 77; }
fail() { echo "$*" >&2; exit 1; }

said=$(scripts/turns.sh --rounds 3 "$build" "$build" "$model" --num_threads=1)
grep -qE '^[0-9.]+ ms, [0-9.]+ ms; ratio [0-9.]+ \([0-9.]+ to [0-9.]+\)$' <<<"$said" || fail "not a result: $said"
if said=$(scripts/turns.sh "$build" "$build" tests/golden/README.md 2>&1); then fail "ran a text"; fi
grep -q 'did not run tests/golden/README.md' <<<"$said" || fail "does not name what did not run: $said"
if scripts/turns.sh "$build" "$build" >/dev/null 2>&1; then fail "ran nothing"; fi

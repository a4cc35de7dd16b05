#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# On emulated processors with fewer instructions than this one: what they lack is neither chosen nor executed, what they
# have is right, and whole models give the same bytes.
source tests/build/common.sh

[[ $(uname -m) == x86_64 ]] || skip "the emulated processors are x86-64 ones"
need qemu-x86_64
check=$MN_BUILD/tests/checkkernels
mobilenet=$MN_BUILD/mobilenet
[[ -x $check ]] || skip "$check is not built"

# Without the warnings of what the processor has and the emulator lacks.
emulate() { qemu-x86_64 -cpu "$1" "${@:2}" 2>"$scratch/err" || fail "$*: $(grep -v '^qemu-x86_64: warning' "$scratch/err")"; }

# On PROCESSOR, kernels whose names end with PRESENT are checked and those with MISSING are not: kernels PROCESSOR ...
kernels() {
    emulate "$1" "$check" --seed=1 --cases=40 >"$scratch/checked"
    grep '^SKIPPED' "$scratch/checked" | grep -oE 'mn_[a-z0-9_]+' | sort >"$scratch/skipped" || true
    emulate "$1" "$check" --list | grep -E '^mn_' | sort | comm -23 - "$scratch/skipped" >"$scratch/ran"
    grep -qE "_($2)\$" "$scratch/ran" || fail "$1: no kernel of $2 was checked"
    ! grep -E "_($3)\$" "$scratch/ran" || fail "$1 ran kernels that it has no instructions for"
    ! grep -E "_($2)\$" "$scratch/skipped" || fail "$1 did not run kernels that it has instructions for"
    echo "$1: $(tail -n 1 "$scratch/checked")"
}

# On PROCESSOR, MODEL is run by kernels up to TIER, to the bytes of the reference: model PROCESSOR TIER MODEL
model() {
    head -c "$4" "$mobilenet" >"$scratch/input"
    "$mobilenet" run --cpu ref -m "$3" -i "$scratch/input" -o "$scratch/wanted"
    emulate "$1" "$mobilenet" run -m "$3" -i "$scratch/input" -o "$scratch/output"
    cmp "$scratch/wanted" "$scratch/output" || fail "$1: $3 gives other bytes than the reference"
    emulate "$1" "$mobilenet" inspect --json "$3" >"$scratch/plan"
    grep -oE 'mn_[a-z0-9_]+' "$scratch/plan" | grep -oE '[a-z0-9]+$' | sort -u >"$scratch/tiers"
    grep -qx "$2" "$scratch/tiers" || fail "$1: $3 has no kernel of $2"
    ! grep -vxE "ref|portable|$2" "$scratch/tiers" || fail "$1: $3 has kernels beyond $2"
}

# Minutes, so only where ./test.sh --all asks for it.
if [[ -n ${MN_LONG_TESTS:-} ]]; then
    kernels Nehalem portable 'avx.*'
    kernels Haswell 'portable|avx2' 'avxvnni|avx512.*'
fi
[[ -x $mobilenet ]] || skip "$mobilenet is not built, the rest passed"
for type in int8 uint8; do
    file=tests/golden/tiny_v2_$type.tflite
    model Nehalem portable "$file" 3072
    model Haswell avx2 "$file" 3072
done

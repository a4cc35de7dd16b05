#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Tiers of kernels for instructions that this processor may lack, run in Bochs (README.md): every kernel of theirs against
# the reference, the golden vectors on all tiers of each processor, and whole models, whose outputs are the bytes of the
# reference here. Minutes, so only where ./test.sh --all asks for it.
source tests/build/common.sh
source tests/build/emulated.sh

bochs=${MN_BOCHS:-bochs}
cases=20

[[ -n ${MN_LONG_TESTS:-} ]] || skip "minutes of emulation; ./test.sh --all runs it, or MN_LONG_TESTS=1"
[[ $(uname -m) == x86_64 ]] || skip "the programs are x86-64 ones"
command -v "$bochs" >/dev/null ||
    skip "there is no Bochs (on Debian: apt-get install bochs bochs-term; of another, the path in \$MN_BOCHS)"
command -v musl-gcc >/dev/null || skip "musl-gcc is missing (on Debian: apt-get install musl-tools)"
for tool in objcopy tar; do need "$tool"; done
native=$MN_BUILD/tests/outputs
[[ -x $native ]] || skip "$native is not built"
build_for musl checkkernels test_golden outputs
"$bochs" --help cpu >"$scratch/processors" 2>&1 || true

# Runs a program of the build on PROCESSOR: emulated PROCESSOR [FILE...] -- PROGRAM [ARGUMENT...]
emulated() {
    local status=0
    CC=$CC tests/emulated/run.sh "$@" >"$scratch/output" 2>"$scratch/err" || status=$?
    [[ $status -ne 77 ]] || skip "$(tail -n 1 "$scratch/err")"
    [[ $status -eq 0 ]] || fail "$*: $(tail -n 5 "$scratch/output" "$scratch/err")"
}

# Kernels whose names end with TIER, none of which is left out: kernels_of PROCESSOR TIER
kernels_of() {
    emulated "$1" -- "$check" --kernel="*_$2" --cases="$cases" --seed=1
    ! grep SKIPPED "$scratch/output" || fail "$1 lacks instructions of $2"
    echo "$1: $(grep passed "$scratch/output")"
}

# The golden vectors on all tiers of PROCESSOR: golden_on PROCESSOR
golden_on() {
    emulated "$1" tests/golden -- "$folder/tests/test_golden"
    echo "$1: $(grep 'golden vectors' "$scratch/output")"
}

# 8-bit models by the best kernels that PROCESSOR has: models_on PROCESSOR MODEL...
models_on() {
    local processor=$1
    shift
    MOBILENET_CPU=ref "$native" "$@" >"$scratch/wanted"
    emulated "$processor" "$@" -- "$folder/tests/outputs" "$@"
    grep -E '^[0-9a-f]{16} ' "$scratch/output" | diff "$scratch/wanted" - ||
        fail "$processor: other bytes than the reference's"
    echo "$processor: $# models give the reference's bytes"
}

mapfile -t models < <(find tests/golden/tiny_v2_*int8.tflite ../shared/models -name '*.tflite' ! -name '*float*' 2>/dev/null)
lacking=()

# Golden vectors and models on PROCESSOR, and all kernels of TIERs: on PROCESSOR [TIER...]
on() {
    local tier
    if ! grep -qx "$1" "$scratch/processors"; then
        lacking+=("$1")
        return
    fi
    for tier in "${@:2}"; do kernels_of "$1" "$tier"; done
    golden_on "$1"
    models_on "$1" "${models[@]}"
}

# Does this Bochs compute tiles right, or does it need mend_bochs.sh? have_tiles PROCESSOR
have_tiles() {
    musl-gcc -std=c11 -D_DEFAULT_SOURCE -O1 -static -no-pie -mamx-tile -mamx-int8 -pthread tests/emulated/tiles.c \
        -o "$scratch/tiles" 2>"$scratch/log" || fail "tiles.c does not build: $(tail -n 5 "$scratch/log")"
    CC=$CC tests/emulated/run.sh "$1" -- "$scratch/tiles" >"$scratch/output" 2>"$scratch/err"
}

on corei7_skylake_x # without VBMI, which some kernels of avx512 take
on tigerlake avx512 avx512vnni
on arrow_lake avxvnni
if have_tiles sapphire_rapids; then
    on sapphire_rapids amx
else
    lacking+=("sapphire_rapids with right AMX")
fi
[[ ${#lacking[@]} -eq 0 ]] || skip "this Bochs has no $(printf '%s, ' "${lacking[@]}")which Bochs 3.0 has if built as in \
tests/emulated/README.md; \$MN_BOCHS may name it; the rest passed"

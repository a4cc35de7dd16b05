# SPDX-License-Identifier: MIT
# Shared by tests/build/test_qemu_*.sh, after common.sh: programs on emulated processors. The tests set emulator, its
# command; check and mobilenet, programs that it runs; native, the command mobilenet of this machine.
# shellcheck shell=bash disable=SC2154 # the tests set these

# Builds the commands and the kernels' check, or other targets, for SYSTEM as scripts/cross.sh does, and sets folder, check
# and mobilenet: build_for SYSTEM [TARGET...]
build_for() {
    local targets=("${@:2}")
    [[ $# -gt 1 ]] || targets=(mobilenet_command benchmark_model_command checkkernels)
    folder=build-cross/$1
    check=$folder/tests/checkkernels
    mobilenet=$folder/mobilenet
    "$CMAKE" -G Ninja --toolchain "cmake/toolchains/$1.cmake" -S . -B "$folder" -DCMAKE_BUILD_TYPE=Release \
        -DMN_WERROR=ON >"$scratch/log" 2>&1 || fail "cannot be configured: $(tail -n 5 "$scratch/log")"
    "$CMAKE" --build "$folder" -j "$(nproc)" --target "${targets[@]}" >"$scratch/log" 2>&1 ||
        fail "does not build: $(tail -n 20 "$scratch/log")"
}

# Runs on PROCESSOR, without the warnings of what the processor has and the emulator lacks: emulate PROCESSOR COMMAND...
emulate() {
    "${emulator[@]}" -cpu "$1" "${@:2}" 2>"$scratch/err" || fail "$*: $(grep -v '^qemu-[a-z0-9_]*: warning' "$scratch/err")"
}

# On PROCESSOR, kernels whose names end with PRESENT are checked and those with MISSING are not: kernels PROCESSOR PRESENT
# MISSING
kernels() {
    emulate "$1" "$check" --seed=1 --cases=40 >"$scratch/checked"
    grep '^SKIPPED' "$scratch/checked" | grep -oE 'mn_[a-z0-9_]+' | sort >"$scratch/skipped" || true
    emulate "$1" "$check" --list | grep -E '^mn_' | sort | comm -23 - "$scratch/skipped" >"$scratch/ran"
    grep -qE "_($2)\$" "$scratch/ran" || fail "$1: no kernel of $2 was checked"
    ! grep -E "_($3)\$" "$scratch/ran" || fail "$1 ran kernels that it has no instructions for"
    ! grep -E "_($2)\$" "$scratch/skipped" || fail "$1 did not run kernels that it has instructions for"
    echo "$1: $(tail -n 1 "$scratch/checked")"
}

# PROCESSOR tells that it runs the tiers RUNS, separated by spaces, and refuses TIER: refuses PROCESSOR RUNS TIER
refuses() {
    local best=${2##* } code=0
    emulate "$1" "$mobilenet" --version >"$scratch/version"
    grep -qx "kernel tiers of this processor: $2" "$scratch/version" || fail "$1: $(tail -n 1 "$scratch/version")"
    "${emulator[@]}" -cpu "$1" "$mobilenet" inspect --cpu "$3" tests/golden/tiny_v2_int8.tflite >"$scratch/out" \
        2>"$scratch/err" || code=$?
    [[ $code -eq 1 ]] || fail "$1: --cpu $3 ends with $code"
    grep -q "\"$3\" needs instructions that this processor lacks, whose best is \"$best\"; use one of ${2// /, }" \
        "$scratch/err" || fail "$1: --cpu $3: $(tail -n 1 "$scratch/err")"
}

# On PROCESSOR, MODEL is run by kernels up to TIER, to the bytes of this machine's reference. Its input are BYTES of the
# command mobilenet from byte SKIP on: model PROCESSOR TIER MODEL BYTES SKIP
model() {
    tail -c "+$(($5 + 1))" "$native" | head -c "$4" >"$scratch/input" || true
    rm -f "$scratch/wanted" "$scratch/output"
    "$native" run --cpu ref -m "$3" -i "$scratch/input" -o "$scratch/wanted"
    emulate "$1" "$mobilenet" run -m "$3" -i "$scratch/input" -o "$scratch/output"
    cmp "$scratch/wanted" "$scratch/output" || fail "$1: $3 gives other bytes than the reference"
    emulate "$1" "$mobilenet" inspect --json "$3" >"$scratch/plan"
    grep -oE 'mn_[a-z0-9_]+' "$scratch/plan" | grep -oE '[a-z0-9]+$' | sort -u >"$scratch/tiers"
    grep -qxE "$2" "$scratch/tiers" || fail "$1: $3 has no kernel of $2"
    ! grep -vxE "ref|portable|$2" "$scratch/tiers" || fail "$1: $3 has kernels beyond $2"
}

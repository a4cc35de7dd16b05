#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
#
# roofline: its numbers must fit together, and wrong arguments must end with exit code 2.
set -eu

program="${MN_BUILD:-build}/roofline"
model=tests/golden/tiny_v2_int8.tflite
if [ ! -x "$program" ]; then
    echo "SKIPPED: $program is not built"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# run CODE ARGUMENTS...: the exit code must be CODE; the report is left in $folder/out, what went wrong in $folder/err.
run() {
    local wanted=$1 code=0
    shift
    "$program" --ms 20 "$@" >"$folder/out" 2>"$folder/err" || code=$?
    [ "$code" = "$wanted" ] || fail "exit code $code instead of $wanted: $* $(cat "$folder/err")"
    if [ "$wanted" != 0 ]; then grep -q '^roofline: ' "$folder/err" || fail "no sentence on stderr: $*"; fi
}
prints() { grep -Eq -- "$1" "$folder/out" || fail "no '$1' in: $(cat "$folder/out")"; }

run 0 --help
prints '^Usage: roofline'
run 0
prints '^int8, plain C +[0-9]'
prints '^ *128 MiB +[0-9.]+ +[0-9.]+$'
run 0 $model tests/golden/tiny_v2_float32.tflite --threads 2 --cpu ref
prints 'tiny_v2_int8.tflite, 2 threads, [0-9]+ runs$'
prints 'tiny_v2_float32.tflite, 2 threads'
prints ' mn_conv_i8_ref$'
prints '^A whole run: [0-9.]+ ms, [0-9.]+ times the bound of'
prints '^Most time lost: step [0-9]+ '
run 0 --beside
prints '^(VPADDD, VPXORD, VPMINUD +[0-9.]+|this processor has none)$'
run 0 $model --scaling
prints '^ +16 +[0-9.]+ +[0-9.]+x( +[0-9.]+){4}$'
prints '^  operator [0-9]+, mn_[a-z0-9_]+: [0-9.]+ us in [0-9]+ pieces'
run 2 $model --scaling --threads 2
for wrong in --nonsense "--ms 0" "--ms 1x" --threads "--threads 0" --cpu; do
    # shellcheck disable=SC2086 # an option and its value
    run 2 $model $wrong
done
run 1 "$folder/none.tflite"
run 1 $model --cpu nonsense

if command -v python3 >/dev/null; then
    run 0 --json --beside --scaling $model
    python3 - "$folder/out" <<'END' || fail "the JSON does not fit together: $(head -c 2000 "$folder/out")"
import json
import sys

report = json.load(open(sys.argv[1], encoding="utf-8"))
assert all(loop["macs_per_ns"] > 0 for loop in report["loops"])
assert all(other["cost"] >= 0 for other in report["beside"])
assert len(report["read"]) == len(report["write"]) and all(p["bytes_per_ns"] > 0 for p in report["read"])
model, = report["models"]
steps = model["steps"]
# Each operator belongs to one step.
assert [s["first_op"] for s in steps[1:]] == [s["first_op"] + s["op_count"] for s in steps[:-1]]
bounds = [max(s["mac_ns"], s["memory_ns"]) for s in steps]
assert abs(sum(bounds) - model["bound_ns"]) < 1e-6 * model["bound_ns"]
best = max(loop["macs_per_ns"] for loop in report["loops"] if loop["name"].startswith("int8"))
assert all(abs(s["mac_ns"] * best - s["macs"]) <= 1e-6 * s["macs"] for s in steps)
# A chain of steps hands its tensors on: 32x32x3 bytes go in; what one step writes, another reads.
assert steps[0]["in_bytes"] == 32 * 32 * 3
assert all(s["in_bytes"] > 0 and s["out_bytes"] > 0 and s["ns"] > 0 for s in steps if s["kernel"] != "alias")
# Predictions come from the steps: one thread has the sum of them, and no number of threads beats an equal share.
one = model["scaling"][0]
total = sum(s["ns"] for s in steps)
assert one["threads"] == 1 and abs(one["ns"] - total) < 1e-6 * total and one["handover_ns"] == 0
for p in model["scaling"]:
    parts = p["even_ns"], p["alone_ns"], p["uneven_ns"], p["handover_ns"]
    assert abs(p["even_ns"] * p["threads"] - total) < 1e-6 * total
    assert min(parts) > -1e-6 * total and abs(sum(parts) - p["ns"]) < 1e-6 * total
assert all(0 < s["grain"] <= s["units"] for s in steps if s["kernel"] != "alias")
# Which of the two is longer cannot be told on a busy machine.
assert model["runs"] >= 5 and model["ns"] > 0 and model["bound_ns"] > 0
END
fi
echo "roofline: all passed"

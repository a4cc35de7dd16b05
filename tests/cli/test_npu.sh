#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --npu=emulate: a model that Vela compiled gives the bytes of the one that it was given, in every command that runs models.
. tests/cli/common.sh

model=$models/tiny_v2_int8.tflite compiled=$models/tiny_v2_vela5_u65-256.tflite
photo=$photos/colour420.jpg

# ---- The same bytes ----
# same ORIGINAL COMPILED
same() {
    local part
    for part in 0 1 2 3 4 5; do # any bytes are an image
        dd if="$model" of="$scratch/in" bs=3072 skip="$part" count=1 status=none
        expect 0 run -m "$1" -i "$scratch/in" -o "$scratch/plain.raw"
        expect 0 run -m "$2" --npu=emulate -i "$scratch/in" -o "$scratch/npu.raw"
        [ "$(stat -c %s "$scratch/npu.raw")" = 10 ] || fail "run wrote $(stat -c %s "$scratch/npu.raw") bytes"
        cmp "$scratch/plain.raw" "$scratch/npu.raw" || fail "$2 gives other bytes for part $part"
    done
}
same "$model" "$compiled"
same "$model" "$models/tiny_v2_vela5_u55-128.tflite"
# Two programs with a classifier on the processor between them.
same "$models/tiny_v2_per_channel_int8.tflite" "$models/tiny_v2_vela3_u65-256.tflite"

answers() { grep ' %  ' "$scratch/out"; }
expect 0 classify -m "$model" "$photo"
answers >"$scratch/plain"
expect 0 classify -m "$compiled" --npu emulate --threads 2 "$photo"
prints '^on +ethos-u: 1 of 1 operators in 1 part'
answers | cmp -s - "$scratch/plain" || fail "other answers: $(cat "$scratch/out")"
expect 0 evaluate -m "$compiled" --compare "$model" --images "$photos" --limit 4 --json --npu=emulate
json 'o["model"]["delegate"]["delegated"] == 1 and "delegate" not in o["compared"] and o["largest_difference"] == 0'
# Scores before the softmax are inside the program: the original's are then left alone, too.
json 'o["compared_by"] == "probabilities" and o["divergence"] == 0 and o["agreement"]["share"] == 1'
expect 0 evaluate -m "$compiled" --compare "$models/tiny_v2_float32.tflite" --images "$photos" --limit 4 --npu=emulate
prints '^divergence +0[.][0-9]*[1-9][0-9]* nats, .*, of probabilities: scores are not known of both$'
benchmark=$(dirname "$mobilenet")/benchmark_model
"$benchmark" --graph="$compiled" --npu=emulate --num_runs=2 --min_secs=0 --warmup_min_secs=0 >"$scratch/out" 2>&1 ||
    fail "benchmark_model: $(cat "$scratch/out")"
prints 'completely executed by the delegate'

# ---- A model without such a program runs on the processor ----
expect 0 classify -m "$model" --npu=emulate "$photo"
answers | cmp -s - "$scratch/plain" || fail "other answers without a program"
says 'ethos-u runs none of [0-9]+ operators'
expect 1 classify -m "$model" --npu=emulate --require-full-delegation "$photo"

# ---- What cannot be ----
expect 1 classify -m "$compiled" "$photo"
says 'no delegate claims it.*emulate that with --npu=emulate'
expect 2 classify -m "$compiled" --npu=simulate "$photo"
says "^mobilenet: --npu: 'simulate' is not emulate; an NPU that is there is used by --external_delegate_path FILE$"
expect 2 classify -m "$compiled" --npu=emulate --external_delegate_path=x.so "$photo"
says '^mobilenet: --npu excludes --external_delegate_path; give one of both$'

# A program that is damaged: its beginning, and a command. damage NAME OFFSET
damage() {
    cp "$compiled" "$scratch/$1.tflite"
    printf '\377' | dd of="$scratch/$1.tflite" bs=1 seek="$2" conv=notrunc status=none
}
at=$(grep -abo COP1 "$compiled" | head -n 1 | cut -d: -f1)
damage head "$at"
damage middle $((at + 160))
expect 1 classify -m "$scratch/head.tflite" --npu=emulate "$photo"
says 'delegate ethos-u, operator 0: the NPU.s program does not begin with COP1'
expect 1 classify -m "$scratch/middle.tflite" --npu=emulate "$photo"
says 'delegate ethos-u, operator 0: (command|word) [0-9]+'

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# examples/classify.c runs a real model, and refuses an input of the wrong size.
source tests/build/common.sh

model=../shared/models/tf2_mobilenet_v2_1.0_224_ptq.tflite
[[ -r $model ]] || skip "$model is missing"
example=$MN_BUILD/tests/example_classify
head -c $((224 * 224 * 3)) /dev/zero >"$scratch/black.raw"
"$example" "$model" "$scratch/black.raw" >"$scratch/out" || fail "a black picture of 224x224 is not classified"
grep -Eq '^class [0-9]+ \([^)]+\): [01]\.[0-9]{4}$' "$scratch/out" || fail "unexpected: $(cat "$scratch/out")"
head -c 100 /dev/zero >"$scratch/short.raw"
if "$example" "$model" "$scratch/short.raw" 2>"$scratch/out"; then fail "a short input is accepted"; fi
grep -q 'must hold exactly 150528 bytes' "$scratch/out" || fail "unexpected: $(cat "$scratch/out")"

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet new: the same options give the same file, whole or not at all, and the file runs.
source tests/cli/common.sh

small=(--width 0.35 --size 32 --classes 5)

expect 0 new "${small[@]}" --seed 1 -o "$scratch/a.tflite"
prints 'a\.tflite: mobilenetv2_0\.35_32, 5 classes, [0-9]+ parameters .*, [0-9]+ MACs, [0-9]+ bytes$'
expect 0 new "${small[@]}" --seed 1 --output "$scratch/b.tflite"
cmp "$scratch/a.tflite" "$scratch/b.tflite" || fail "the same seed gives two models"
expect 0 new "${small[@]}" --seed 2 -o "$scratch/b.tflite"
! cmp -s "$scratch/a.tflite" "$scratch/b.tflite" || fail "two seeds give the same model"
expect 0 new "${small[@]}" --seed 1 --random-bn -o "$scratch/c.tflite"
! cmp -s "$scratch/a.tflite" "$scratch/c.tflite" || fail "--random-bn does nothing"

expect 0 inspect --json "$scratch/c.tflite"
json 'o["description"] == "MobileNetV2, random weights, seed 1, random batch norm"' \
    'o["tensors"][o["outputs"][0]["tensor"]]["shape"] == [1, 5]'

for network in v1 v3-small v3-large-minimalistic; do
    expect 0 new --architecture "$network" --width 0.5 --size 32 --classes 5 -o "$scratch/other.tflite"
    expect 0 inspect --json "$scratch/other.tflite"
    json 'o["description"].startswith("MobileNet")'
done
expect 2 new --architecture v4 -o "$scratch/none.tflite"
[ ! -e "$scratch/none.tflite" ] || fail 'a file of no network'

# Values do not fade on the way: two pictures give probabilities that differ.
head -c 12288 /dev/zero >"$scratch/dark"
head -c 12288 /dev/zero | LC_ALL=C tr '\0' '?' >"$scratch/bright" # 0x3f3f3f3f is 0.747
for model in a c; do
    for picture in dark bright; do
        expect 0 run -m "$scratch/$model.tflite" -i "$scratch/$picture" -o "$scratch/$model-$picture"
    done
    ! cmp -s "$scratch/$model-dark" "$scratch/$model-bright" || fail "model $model gives every picture the same answer"
done

expect 0 new --width 0.5 --size 33 --classes 0 -o "$scratch/features.tflite"
expect 0 inspect --json "$scratch/features.tflite"
json 'o["tensors"][o["outputs"][0]["tensor"]]["shape"] == [1, 2, 2, 1280]'

for architecture in v1 v3-small v3-large; do
    expect 0 new "${small[@]}" --architecture $architecture -o "$scratch/$architecture.tflite"
    expect 0 run -m "$scratch/$architecture.tflite" -i "$scratch/dark" -o "$scratch/$architecture-dark"
done

# ---- Mistakes ----
expect 2 new "${small[@]}" --architecture v4 -o "$scratch/none.tflite"
says 'v3-small'
expect 2 new --width 1
says 'output'
for wrong in --width=x --width=1,2 --size=0 --classes=-1 --seed=-1 --seed=1.5; do
    expect 2 new "$wrong" -o "$scratch/none.tflite"
done
for wrong in --width=0 --width=-1 --width=65; do
    expect 1 new "$wrong" -o "$scratch/none.tflite"
    says 'width'
done
expect 1 new --width 64 --size 8192 -o "$scratch/none.tflite"
says '1 GiB'
[ ! -e "$scratch/none.tflite" ] || fail "a failed run left a file"
expect 1 new "${small[@]}" -o "$scratch/no folder/x.tflite"
if [ -w /dev/full ]; then
    expect 1 new "${small[@]}" -o /dev/full
    says '/dev/full'
fi

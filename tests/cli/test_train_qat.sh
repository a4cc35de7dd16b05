#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet train --qat and what quantize makes of it: learned ranges kept without photos, the same accuracy while
# training as of the int8 model, stopped and resumed to the same bytes, two processes as one, and bad input.
. tests/cli/common.sh

signs=models/signs
float=models/signs_0.35_96.h5
# shellcheck disable=SC2054 # commas are wanted
common=(--data "$signs" --batch 12 --threads 2 --area 0.8,1 --no-flip --colour fast --optimizer adam)
qat=("${common[@]}" --init "$float" --qat)
# right FILE: how many pictures an int8 model gets right
right() {
    expect 0 evaluate -m "$1" --labels models/signs_0.35_96.labels.txt --images "$signs"
    sed -n 's/^  top-1 .*(\([0-9]*\) of 36;.*/\1/p' "$scratch/out"
}

# From the model that is shipped: it stays right, and quantize needs nothing else.
expect 0 train "${qat[@]}" --val "$signs" --epochs 2 --out "$scratch/a.h5"
prints '^int8 .*a scale for each channel'
expect 0 quantize "$scratch/a.h5" -o "$scratch/a.tflite"
prints "ranges learned by 'train --qat'"
prints 'a scale for each channel'
[ "$(right "$scratch/a.tflite")" -ge 35 ] || fail "int8 gets only $(right "$scratch/a.tflite") of 36 right"
expect 0 inspect --json "$scratch/a.tflite"
json 'all(t["type"] in ("int8", "int32") for t in o["tensors"])'
expect 0 quantize "$scratch/a.h5" -o "$scratch/same.tflite" --input-range -1,1 --jobs 3
cmp "$scratch/a.tflite" "$scratch/same.tflite" || fail "other bytes"
expect 0 quantize "$scratch/a.h5" -o "$scratch/same.tflite" --images "$signs"
prints 'ranges by mse'
expect 0 quantize "$scratch/a.h5" -o "$scratch/same.tflite" --data-free
prints 'ranges by batch norm'
expect 0 quantize "$scratch/a.h5" -o "$scratch/uint8.tflite" --io uint8
prints 'input +uint8'
expect 0 convert "$scratch/a.h5" -o "$scratch/float.tflite"
prints '96x96x3$'

# What training says of pictures held out is what the int8 model does, also where it is often wrong. Half a step may
# turn one picture.
expect 0 train "${common[@]}" --size 96 --width 0.35 --epochs 6 --rate 0.003 --ema 0 --bn-momentum 0.5 \
    --out "$scratch/raw.h5"
expect 0 train "${common[@]}" --size 96 --init "$scratch/raw.h5" --qat --per-tensor --val "$signs" --epochs 3 --ema 0 \
    --out "$scratch/b.h5"
prints '^int8 .*a scale for each layer'
prints '^channels .*one scale suits'
said=$(tail -n 1 "$scratch/b.csv" | cut -d, -f6)
expect 0 quantize "$scratch/b.h5" -o "$scratch/b.tflite"
prints 'a scale for each layer'
got=$(right "$scratch/b.tflite")
awk -v said="$said" -v got="$got" 'BEGIN { exit !(said * 36 - got < 1.1 && got - said * 36 < 1.1) }' ||
    fail "$said of 36 pictures right while training, $got with the int8 model"

# The same command gives the same bytes; interrupted and resumed too.
expect 0 train "${qat[@]}" --epochs 12 --out "$scratch/whole.h5"
"$mobilenet" train "${qat[@]}" --epochs 12 --out "$scratch/cut.h5" >"$scratch/out" 2>"$scratch/err" &
process=$!
while [ ! -e "$scratch/cut.state" ] && kill -0 $process 2>/dev/null; do sleep 0.05; done
kill -INT $process 2>/dev/null || true
code=0 wanted=130
wait $process || code=$?
if grep -q '^epoch  12/12' "$scratch/out"; then wanted=0; else prints '^stopped .*--resume goes on$'; fi
[ "$code" = "$wanted" ] || fail "SIGINT ends with code $code instead of $wanted"
expect 0 train "${qat[@]}" --epochs 12 --out "$scratch/cut.h5" --resume
cmp "$scratch/whole.h5" "$scratch/cut.h5" || fail "resuming gave other weights or ranges"
expect 1 train "${common[@]}" --init "$float" --epochs 12 --rate 0.0001 --out "$scratch/cut.h5" --resume
says '--qat or --per-tensor differs'

# Training again starts from the ranges; training in floats forgets them.
expect 0 train "${common[@]}" --init "$scratch/a.h5" --qat --epochs 1 --out "$scratch/c.h5"
expect 0 quantize "$scratch/c.h5" -o "$scratch/c.tflite"
expect 0 train "${common[@]}" --init "$scratch/a.h5" --epochs 1 --out "$scratch/d_0.35_96.h5"
expect 2 quantize "$scratch/d_0.35_96.h5" -o "$scratch/d.tflite"
says 'images DIR is missing'

# Two processes learn as one does; sums in another order may round a weight the other way, so only nearly.
if command -v mpirun >/dev/null && [ -e "$(dirname "$mobilenet")/mobilenet_mpi.so" ]; then
    set_up_mpi
    # shellcheck disable=SC2054
    ranks=(--data "$signs" --init "$float" --qat --threads 1 --area 0.8,1 --no-flip --ema 0 --epochs 2 --rate 0.0005)
    ASAN_OPTIONS=detect_leaks=0 mpirun -np 2 "$mobilenet" train "${ranks[@]}" --batch 9 --out "$scratch/two.h5" \
        >"$scratch/out" 2>"$scratch/err" || fail "two processes end with code $?"
    expect 0 train "${ranks[@]}" --batch 18 --out "$scratch/one.h5"
    paste -d, "$scratch/one.csv" "$scratch/two.csv" |
        awk -F, 'NR > 1 && ($3 - $10 > 0.004 || $10 - $3 > 0.004) { exit 1 }' ||
        fail "$(paste "$scratch/one.csv" "$scratch/two.csv")"
fi

# What contradicts itself.
expect 2 train "${common[@]}" --qat --out "$scratch/e.h5"
says '--qat goes on from trained weights; name them with --init'
expect 2 train "${common[@]}" --init "$float" --per-tensor --out "$scratch/e.h5"
says '--per-tensor is about'
expect 2 train "${qat[@]}" --bn-momentum 0.9 --out "$scratch/e.h5"
says '--bn-momentum'
expect 2 quantize "$scratch/a.h5" -o "$scratch/e.tflite" --per-tensor
says 'a scale for each channel'
expect 2 quantize "$scratch/a.h5" -o "$scratch/e.tflite" --optimize
says 'give --images'
expect 2 quantize "$scratch/a.h5" -o "$scratch/e.tflite" --input-range 0,1
says '--input-range -1,1; leave it out'
[ ! -e "$scratch/e.tflite" ] || fail "a file is left of what failed"

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compiled networks on emulated Cortex-M4, M7, M55 and rv32imc give the scores of `mobilenet run`, byte for byte, in at most
# 2 KiB of stack: the model that comes with the source on all four boards. ./test.sh --all also takes MobileNetV2 1.0 at
# 224, in at most 90 KiB with rows that arrive and 184 KiB with the input held: 50 photos here, where the reference
# kernels judge, and on Cortex-M7 and M55. Networks end in scores, as a softmax hides differences.
source tests/build/common.sh

for tool in arm-none-eabi-gcc riscv64-unknown-elf-gcc qemu-system-arm qemu-system-riscv32; do need "$tool"; done
mobilenet=$MN_BUILD/mobilenet
[[ -x $mobilenet ]] || skip "$mobilenet is not built"
"$CC" -std=c11 -O2 -Iinclude -o "$scratch/photo_inputs" tests/build/photo_inputs.c "$MN_BUILD"/libmobilenet_image.a \
    "$MN_BUILD/libmobilenet.a" -ljpeg -lpng -lwebp -lm -pthread 2>"$scratch/log" ||
    skip "there is no decoder of photos: $(tail -n 1 "$scratch/log")"

most_stack=2048
seconds=200 # that a board may take

# An int8 model of weights that ends in scores: quantised WEIGHTS SIZE NAME
quantised() {
    "$mobilenet" convert "$1" --size "$2" --scores -o "$scratch/float.tflite" >"$scratch/log" 2>&1 ||
        fail "$1: $(cat "$scratch/log")"
    "$mobilenet" quantize "$scratch/float.tflite" --images models/signs --limit 20 -o "$scratch/$3.tflite" \
        >"$scratch/log" 2>&1 || fail "$1: $(cat "$scratch/log")"
}

# Inputs of photos, and the scores that they have here: answers NAME PHOTO...
answers() {
    local name=$1 bytes i
    shift
    "$scratch/photo_inputs" "$scratch/$name.tflite" "$@" >"$scratch/input.raw" || fail "photos cannot be read"
    bytes=$(($(stat -c %s "$scratch/input.raw") / $#))
    for ((i = 0; i < $#; i++)); do
        dd if="$scratch/input.raw" of="$scratch/one.raw" bs="$bytes" skip=$i count=1 status=none
        "$mobilenet" run -m "$scratch/$name.tflite" --cpu ref -i "$scratch/one.raw" -o -
    done >"$scratch/wanted.raw"
}

# The compiled network gives these scores on a board, and the stack is small: try BOARD FOLDER
try() {
    local board=$1 folder=$2 count stack
    (
        mcu/build.sh "$board" "$folder" "$scratch/$board.elf" && cd "$scratch" && rm -f scores.raw &&
            timeout "$seconds" "$OLDPWD/mcu/run.sh" "$board" "$board.elf"
    ) >"$scratch/log" 2>&1 || fail "$board: $(cat "$scratch/log")"
    cmp "$scratch/wanted.raw" "$scratch/scores.raw" || fail "$board: other scores than here"
    count=$(stat -c %s "$scratch/scores.raw")
    (
        mcu/build.sh "$board" "$folder" "$scratch/$board.elf" bench/mcu/measure.c && cd "$scratch" &&
            timeout "$seconds" "$OLDPWD/mcu/run.sh" "$board" "$board.elf"
    ) >"$scratch/log" 2>&1 || fail "$board: $(cat "$scratch/log")"
    stack=$(awk '$1 == "stack" { print $2 }' "$scratch/log")
    [[ $stack -gt 100 && $stack -le $most_stack ]] || fail "$board: $stack bytes of stack, at most $most_stack are allowed"
    echo "$board: the same $count scores, $stack bytes of stack"
}

# NAME's arena takes at most BYTES: small FOLDER BYTES
small() {
    local arena
    arena=$(awk '$2 == "NETWORK_ARENA_BYTES" { print $3 }' "$1/network.h")
    [[ $arena -gt 0 && $arena -le $2 ]] || fail "$1: $arena bytes of arena, at most $2 are allowed"
    echo "$arena bytes of arena"
}

quantised models/signs_0.35_96.h5 96 signs
"$mobilenet" compile "$scratch/signs.tflite" -o "$scratch/signs" --name network >"$scratch/log" || fail "signs"
answers signs models/signs/[a-e]*/*
small "$scratch/signs" 12288
for board in mps2-an386 mps2-an500 mps3-an547 virt-rv32; do try "$board" "$scratch/signs"; done

# A black picture of the camera of mcu/blink.c.
head -c $((96 * 96 * 2)) /dev/zero >"$scratch/camera.rgb565"
head -c $((96 * 96 * 3)) /dev/zero | LC_ALL=C tr '\0' '\200' >"$scratch/black.raw"
wanted=$("$mobilenet" run -m "$scratch/signs.tflite" -i "$scratch/black.raw" -o - | od -An -v -w1 -td1 |
    awk 'NR == 1 || $1 > most { most = $1; class = NR - 1 } END { print "class " class }')
mcu/build.sh mps2-an386 "$scratch/signs" "$scratch/blink.elf" mcu/blink.c
(cd "$scratch" && timeout 100 "$OLDPWD/mcu/run.sh" mps2-an386 blink.elf -trace led_change_intensity) \
    >"$scratch/log" 2>&1 || fail "blink: $(cat "$scratch/log")"
grep -qx "$wanted" "$scratch/log" || fail "blink: $(tail -n 1 "$scratch/log"), not $wanted"
[[ $(grep -c "USERLED0.*-> 0%" "$scratch/log") -gt 3 ]] || fail "blink: the light does not blink"
echo "mps2-an386: a light blinks"

[[ -n ${MN_LONG_TESTS:-} ]] || exit 0
weights=../shared/models/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5
photos=(../shared/images/imagenet/*.JPEG)
photos=("${photos[@]:0:50}")
if [[ ! -e $weights || ${#photos[@]} -lt 50 ]]; then
    echo "SKIPPED: MobileNetV2 1.0 at 224: $weights and photos are not here"
    exit 0
fi
seconds=2000
quantised "$weights" 224 large
answers large "${photos[@]}"
for how in arriving held; do
    options=()
    limit=92160
    if [[ $how == held ]]; then options=(--held) limit=188416; fi
    "$mobilenet" compile "$scratch/large.tflite" -o "$scratch/$how" --name network "${options[@]}" \
        --check "${photos[@]}" >"$scratch/log" 2>&1 || fail "large: $(cat "$scratch/log")"
    grep -q "checked *50 inputs, the same bytes" "$scratch/log" || fail "large: $(cat "$scratch/log")"
    small "$scratch/$how" $limit
    for board in mps2-an500 mps3-an547; do try "$board" "$scratch/$how"; done
done

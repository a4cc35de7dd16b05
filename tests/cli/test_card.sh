#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Model cards of convert, quantize and train: what they tell is so, and no card takes the place of anything else.
. tests/cli/common.sh

signs=$PWD/models/signs weights=$PWD/models/signs_0.35_96.h5
mobilenet=$(realpath "$mobilenet")
photos="$scratch/my photos'"
mkdir "$photos"
cp -r "$signs/bump" "$signs/deer" "$photos"
cp "$signs"/stop/*.jpg "$photos/loose.jpg"

# tells FILE PATTERN...: the card must hold the extended regular expressions.
tells() {
    local card=$1 pattern
    shift
    for pattern in "$@"; do
        grep -Eq -- "$pattern" "$card" || fail "$card lacks '$pattern': $(cat "$card")"
    done
}

# again MODEL: the command on the card makes the same model and the same card.
again() {
    local line
    line=$(sed -n '/^## How to make it again/,/^## /s/^    //p' "$1.md")
    cp "$1" "$scratch/model"
    cp "$1.md" "$scratch/card"
    (
        PATH=$(dirname "$mobilenet"):$PATH
        eval "$line" >/dev/null 2>&1
    ) || fail "the command on the card fails: $line"
    cmp "$1" "$scratch/model" || fail "$line: another model"
    cmp "$1.md" "$scratch/card" || fail "$line: another card"
}

# ---- quantize: files, photos and agreement are those that other tools find ----
int8=$scratch/int8.tflite
expect 0 quantize "$weights" -o "$int8" --images "$photos"
card=$int8.md
digest=$(cd "$photos" && find . -type f -printf '%P\t%s\n' | LC_ALL=C sort | sha256sum | cut -d' ' -f1)
tells "$card" '^# int8.tflite$' "$(sha256sum <"$int8" | cut -d' ' -f1)" "$(sha256sum <"$weights" | cut -d' ' -f1)" \
    'MobileNetV2 of width 0.35: .* parameters' '\| input \|.* int8 \| 1x96x96x3 ' 'pixels 0..255 -> -1..1' \
    'a scale for each channel' '^3 photos of .* set the ranges' '^\| bump \| 1 \|$' '^\| \(the folder itself\) \| 1 \|$' \
    "$digest" "mobilenet evaluate -m .*int8.tflite --images DIR"
expect 0 convert "$weights" -o "$scratch/float.tflite"
expect 0 evaluate -m "$scratch/float.tflite" --compare "$int8" --images "$photos" --json
json 'o["agreement"]["share"] == 1 and o["divergence"] < 0.01'
tells "$card" 'for 3 of 3 \(100.00 %\), with a mean KL divergence of 0.00'
again "$int8"
tells "$scratch/float.tflite.md" 'MobileNetV2 of width 0.35' 'the weights do not say' 'was not measured'
again "$scratch/float.tflite"

# A model that agrees less says so: the wrong pixels.
expect 0 quantize "$weights" -o "$scratch/free.tflite" --data-free
tells "$scratch/free.tflite.md" 'No photo was used: .* batch norm' 'was not measured'
if grep -q 'KL divergence' "$scratch/free.tflite.md"; then fail "agreement that was not measured"; fi
expect 0 quantize "$scratch/float.tflite" -o "$int8" --images "$photos" --method minmax --no-correction --limit 2
tells "$card" '^2 photos' 'ranges by minmax$'

# ---- train: classes, seed, accuracy ----
training=(--data "$photos" --size 32 --width 0.35 --batch 2 --epochs 1 --threads 1)
rm "$photos/loose.jpg"
expect 0 train "${training[@]}" --seed 5 --out "$scratch/a.h5" --force
tells "$scratch/a.h5.md" "$(sha256sum <"$scratch/a.h5" | cut -d' ' -f1)" '^2 pictures of .* were learnt from' \
    'Classes: bump, deer\.' 'with seed 5, from random weights' 'was not measured'
again "$scratch/a.h5"
expect 0 train "${training[@]}" --val "$photos" --out "$scratch/b.h5"
held=$(sed -n 's/^epoch .*held out: .*accuracy *\([0-9.]*\) %.*/\1/p' "$scratch/out")
tells "$scratch/b.h5.md" '^2 pictures of .* were held out' "It names the class of $held % of the pictures held out"

# ---- What is somebody's own stays; what is no file gets none ----
sed -i 1d "$card"
echo "my notes" >>"$card"
cp "$card" "$scratch/card"
expect 0 quantize "$weights" -o "$int8" --images "$photos"
says 'int8.tflite.md: is there already and stays as it is; no model card is written'
cmp "$card" "$scratch/card" || fail "somebody's notes were replaced"
for form in quantize convert; do
    options=(--images "$photos")
    [ $form = quantize ] || options=()
    rm -f "$scratch"/none*
    expect 0 "$form" "$weights" -o "$scratch/none.tflite" "${options[@]}" --no-card
    [ ! -e "$scratch/none.tflite.md" ] || fail "a card in spite of --no-card"
    expect 0 "$form" "$weights" -o "$scratch/carded.tflite" "${options[@]}"
    cmp "$scratch/none.tflite" "$scratch/carded.tflite" || fail "the card changes the model"
    expect 0 "$form" "$weights" -o /dev/null "${options[@]}"
    [ ! -e /dev/null.md ] || fail "a card of a device"
    expect 1 "$form" "$weights" -o "$scratch/nowhere/none.tflite" "${options[@]}"
done
expect 0 train "${training[@]}" --out "$scratch/c.h5" --no-card
[ ! -e "$scratch/c.h5.md" ] || fail "a card in spite of --no-card"

# A card that cannot be written, here because its name is too long, is a failure, and the model that was there stays.
long=$scratch/$(printf 'x%.0s' {1..236}).tflite
echo before >"$long"
expect 1 quantize "$weights" -o "$long" --data-free
says 'x.tflite.md: cannot be written: File name too long'
grep -qx before "$long" || fail "a model without its card"
if compgen -G "$scratch/*.tmp-*" >/dev/null; then fail "half a file is left"; fi

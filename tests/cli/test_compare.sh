#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet compare: layers by name and by order, the worst first, as text, JSON and a plot.
. tests/cli/common.sh

model=$models/tiny_v2_float32.tflite
made=$scratch/int8.tflite
folder=$scratch/photos
mkdir "$folder"
for photo in "$photos"/colour*.png "$photos"/*.jpg; do cp "$photo" "$folder"; done
expect 0 quantize "$model" -o "$made" --images "$folder"

expect 0 compare "$model" "$made" --images "$folder" --json --jobs 1
cp "$scratch/out" "$scratch/one"
json 'len(o["layers"]) == 21' \
    '[l["sqnr_db"] for l in o["layers"]] == sorted(l["sqnr_db"] for l in o["layers"])' \
    'all(l["sqnr_db"] > 15 and 0.98 < l["cosine"] <= 1.000001 for l in o["layers"])' \
    'all(l["storable_b"][0] <= l["values_b"][0] <= l["values_b"][1] <= l["storable_b"][1] for l in o["layers"])' \
    'sorted(l["operator"] for l in o["layers"]) == list(range(21))'
json 'o["agreement"]["of"] == o["images"] and "change" not in o' \
    'o["divergence_bootstrap95"][0] <= o["divergence"] <= o["divergence_bootstrap95"][1]'
expect 0 compare "$model" "$made" --images "$folder" --json --jobs 3
cmp "$scratch/out" "$scratch/one" || fail "3 jobs give another result"

# Photos in a folder for each class: of ten copies of one photo each model is right about one.
for i in 0 1 2 3 4 5 6 7 8 9; do
    mkdir -p "$scratch/classes/c$i"
    cp "$photos/gray.jpg" "$scratch/classes/c$i/"
done
expect 0 compare "$model" "$made" --images "$scratch/classes" --json
json 'o["top1_a"]["of"] == o["top1_b"]["of"] == o["change"]["of"] == 10' \
    'o["top1_a"]["count"] == o["top1_b"]["count"] == 1 and o["agreement"]["of"] == 10' \
    'o["change"]["lost"] == o["change"]["won"] == 1 - o["agreement"]["count"] // 10'
expect 0 compare "$model" "$made" --images "$scratch/classes"
prints '^top-1 of B .*bootstrap'
prints '^change .*McNemar'

# A model is equal to itself; one with other input and output types has the same layers inside.
expect 0 compare "$model" "$model" --images "$folder" --limit 2
prints '^ +inf +1.000000'
expect 0 compare "$made" "$made" --images "$folder" --limit 2 --json
json 'all(l["sqnr_db"] is None and l["cosine"] > 0.999999 for l in o["layers"])'
expect 0 quantize "$model" -o "$scratch/float_io" --images "$folder" --io float32
expect 0 compare "$model" "$scratch/float_io" --images "$folder" --json
json 'len(o["layers"]) == 21 and all(l["sqnr_db"] > 15 for l in o["layers"])'

# Rescaled channels hold other values: their layers are left out, and counted.
expect 0 quantize "$model" -o "$scratch/rescaled.tflite" --images "$folder" --optimize
expect 0 compare "$model" "$scratch/rescaled.tflite" --images "$folder" --limit 2 --json
json 'o["rescaled"] > 0 and len(o["layers"]) + o["rescaled"] == 21'
expect 0 compare "$model" "$scratch/rescaled.tflite" --images "$folder" --limit 2
prints '^[0-9]+ more layers of B are left out'

# Without common names layers go by order: another random network has the same layers and other values.
expect 0 compare "$models/tiny_v2_int8.tflite" "$made" --images "$folder" --limit 2
prints 'CONV_2D'

expect 0 compare "$model" "$made" --images "$folder" --limit 2 --plot "$scratch/plot.svg"
if command -v python3 >/dev/null; then
    python3 -c '
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
bars = root.findall("{http://www.w3.org/2000/svg}rect")
sys.exit(len(bars) != 22 or sum(bar.get("fill") == "#c8553d" for bar in bars) != 5)' "$scratch/plot.svg" ||
        fail "the plot is not an SVG of 21 bars, 5 of them marked"
fi

expect 2 compare "$model" --images "$folder"
says 'exactly two models'
expect 2 compare "$model" "$made"
says '--images DIR is missing'
expect 1 compare "$model" "$scratch/missing" --images "$folder"
expect 0 new -o "$scratch/other.tflite" --width 0.35 --size 64 --classes 10
expect 1 compare "$model" "$scratch/other.tflite" --images "$folder"
says 'take pictures of different sizes'
expect 1 compare "$model" "$made" --images "$folder" --plot "$scratch/nowhere/plot.svg"
says 'cannot be written'
expect 1 compare "$model" "$made" --images "$folder" --plot /dev/full
says 'cannot be written'

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What pixels and classes mean travels in the models: from `train`, --labels and --input-range to whoever shows photos.
. tests/cli/common.sh

float=$models/tiny_v2_float32.tflite
photo=$photos/colour420.jpg
printf 'anvil\nbell\ncup\ndrum\negg\nfan\ngate\nhat\nink\njar\n' >"$scratch/labels"

# Nothing in the file tells: that is said.
expect 0 classify -m "$float" "$photo"
prints '^input .*-> -1\.\.1 \(assumed; --input-range changes it\)'
prints 'class [0-9]'
expect 0 classify -m "$float" --json "$photo"
json 'o["input_range_source"] == "assumed" and o["input_low"] == [-1] * 3 and o["input_high"] == [1] * 3'
expect 0 classify -m "$float" --json --input-range 0,1 "$photo"
json 'o["input_range_source"] == "flag" and o["input_low"] == [0] * 3'
expect 0 classify -m $models/tiny_v2_int8.tflite --json "$photo"
json 'o["input_range_source"] == "quantisation"'

# What `quantize` is told goes into the model, whatever the type of its input, and every command reads it.
for type in int8 float32; do
    made=$scratch/$type.tflite
    expect 0 quantize "$float" -o "$made" --images "$photos" --io $type --labels "$scratch/labels" \
        --mean 123.675,116.28,103.53 --std 58.395,57.12,57.375 --crop
    expect 0 classify -m "$made" --json "$photo"
    json 'o["input_range_source"] == "metadata" and abs(o["input_low"][2] + 1.8044) < 1e-3 and o["fit"] == "crop"' \
        'all(c["label"][0] == "abcdefghij"[c["class"]] for c in o["classes"])'
    cp "$scratch/out" "$scratch/told"
    expect 0 classify -m "$made" --json --mean 123.675,116.28,103.53 --std 58.395,57.12,57.375 --crop "$photo"
    sed -e 's/.*"classes"//' "$scratch/out" >"$scratch/by_flags"
    sed -e 's/.*"classes"//' "$scratch/told" | cmp - "$scratch/by_flags" || fail "$type: metadata and flags differ"
    expect 0 inspect "$made"
    prints '10 classes named in the file: anvil, bell, cup, drum, egg, \.\.\.'
    prints '\(metadata\)'
    expect 0 inspect --json "$made"
    json 'len(o["outputs"][0]["labels"]) == 10 and o["inputs"][0]["input_range_source"] == "metadata"'
    # The archive behind the model is one that others read.
    if command -v python3 >/dev/null; then
        python3 -c 'import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
sys.exit(archive.testzip() is not None or archive.read("labels.txt") != open(sys.argv[2], "rb").read())' \
            "$made" "$scratch/labels" || fail 'the labels are no zip archive'
    fi
done

# Folders called as the model calls its classes tell the truth.
mkdir -p "$scratch/folders/egg"
cp "$photo" "$scratch/folders/egg"
expect 0 evaluate -m "$scratch/int8.tflite" --images "$scratch/folders" --json
json 'o["known"] == 1'

# Other numbers of labels than classes are refused, and nothing is written.
printf 'one\n' >"$scratch/short"
expect 1 quantize "$float" -o "$scratch/none.tflite" --data-free --labels "$scratch/short"
expect 1 quantize "$float" -o "$scratch/none.tflite" --images "$photos" --labels "$scratch/short"
says 'has 1 lines, but the model has 10 classes'
[ ! -e "$scratch/none.tflite" ] || fail 'a model was written'

# `train` says how large its pictures are, what its classes are called and its pixels mean; `convert` and `quantize` hand it on.
mkdir -p "$scratch/data/left" "$scratch/data/right"
cp "$photos"/colour420.jpg "$photos"/gray.jpg "$scratch/data/left"
cp "$photos"/colour6-8bit.png "$photos"/colour2-8bit.png "$scratch/data/right"
expect 0 train --data "$scratch/data" -o "$scratch/two.h5" --width 0.35 --size 32 --epochs 1 --batch 4
rm -f "$scratch"/two.labels.txt
expect 0 convert "$scratch/two.h5" -o "$scratch/two.tflite"
prints 'float32 1x32x32x3$'
prints '\(metadata\)'
prints '2 names go with the model'
expect 0 classify -m "$scratch/two.tflite" --json "$photo"
json 'sorted(c["label"] for c in o["classes"]) == ["left", "right"] and o["input_range_source"] == "metadata"'
expect 0 quantize "$scratch/two.tflite" -o "$scratch/two8.tflite" --images "$scratch/data"
expect 0 classify -m "$scratch/two8.tflite" --json "$photo"
json 'sorted(c["label"] for c in o["classes"]) == ["left", "right"] and o["fit"] == "exact"'

# A folder that is called as no class: the sentence advises --truth where the command has it.
mv "$scratch/data/right" "$scratch/data/rihgt"
expect 1 compare "$scratch/two.tflite" "$scratch/two8.tflite" --images "$scratch/data"
says "'rihgt' is not; rename it$"
expect 1 evaluate -m "$scratch/two.tflite" --images "$scratch/data"
says "'rihgt' is not; rename it, or give --truth LISTFILE$"

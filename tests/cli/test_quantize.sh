#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet quantize: every kind of output, the same bytes whatever --jobs, and one sentence and no file for all that
# goes wrong.
. tests/cli/common.sh

model=$models/tiny_v2_float32.tflite
made=$scratch/int8.tflite
folder=$scratch/photos
mkdir "$folder"
for photo in "$photos"/colour*.png "$photos"/*.jpg; do cp "$photo" "$folder"; done
count=$(find "$folder" -type f | wc -l)

expect 0 quantize "$model" -o "$made" --images "$folder" --jobs 1
prints "photos +$count; 32x32 RGB, float32, pixels 0..255 -> -1..1 \(assumed; --input-range changes it\)"
prints 'ranges by mse, biases corrected'
for jobs in 2 5 0; do
    expect 0 quantize "$model" -o "$scratch/other" --images "$folder" --jobs $jobs
    cmp "$made" "$scratch/other" || fail "$jobs jobs make another model"
done

# The quantised model answers as the float model does, on photos that it has seen.
expect 0 evaluate -m "$model" --compare "$made" --images "$folder" --json
json 'o["divergence"] < 0.01 and o["agreement"]["share"] >= 0.9'
expect 0 inspect --json "$made"
json 'all(t["type"] in ("int8", "int32") for t in o["tensors"])'

# All methods, types and kinds of weights make models that run and agree.
for options in "--method minmax" "--method percentile" --no-correction "--io uint8" "--io float32" \
    "--limit 3" --crop "--filter box"; do
    # shellcheck disable=SC2086 # words are wanted
    expect 0 quantize "$model" -o "$scratch/other" --images "$folder" $options
    cmp -s "$made" "$scratch/other" && fail "$options change nothing"
    expect 0 evaluate -m "$model" --compare "$scratch/other" --images "$folder" --json
    json 'o["divergence"] < 0.05'
done
expect 0 quantize "$model" -o "$scratch/other" --images "$folder" --per-tensor
prints 'a scale for each layer, rounding learned'
expect 0 evaluate -m "$model" --compare "$scratch/other" --images "$folder" --json
json 'o["divergence"] < 0.02'
expect 0 quantize "$model" -o "$scratch/again" --images "$folder" --per-tensor --jobs 3
cmp "$scratch/other" "$scratch/again" || fail "the number of jobs changes weights with one scale"

# One scale for the classifier, for compilers that want it, and for nothing else; it costs next to nothing.
expect 0 quantize "$model" -o "$scratch/other" --images "$folder" --dense per-channel
cmp "$made" "$scratch/other" || fail "--dense per-channel is not the default"
expect 0 quantize "$model" -o "$scratch/other" --images "$folder" --dense per-tensor
prints 'a scale for each channel, one for a FULLY_CONNECTED'
expect 0 inspect --json "$scratch/other"
json 'all((len(o["tensors"][i["inputs"][1]]["quantisation"]["scale"]) == 1) == (i["name"] == "FULLY_CONNECTED")
    for i in o["operators"] if i["name"].endswith("CONV_2D") or i["name"] == "FULLY_CONNECTED")'
expect 0 evaluate -m "$model" --compare "$scratch/other" --images "$folder" --json
json 'o["divergence"] < 0.01'
for type in uint8 float32; do
    expect 0 quantize "$model" -o "$scratch/other" --images "$folder" --io $type
    expect 0 inspect --json "$scratch/other"
    json "all(o['tensors'][o[end][0]['tensor']]['type'] == '$type' for end in ('inputs', 'outputs'))"
done

# The mistaken input range can be had, and costs.
expect 0 quantize "$model" -o "$scratch/other" --images "$folder" --input-range 0,1
prints 'pixels 0..255 -> 0..1'
expect 0 classify -m "$scratch/other" "$folder/colour420.jpg"

# Photos that the float model gets right: here half of them, by file names made from its own answers.
names=$scratch/named
mkdir "$names"
expect 0 new -o "$scratch/thousand.tflite" --width 0.35 --size 32 --seed 3
for photo in "$folder"/*.png; do
    wnid=$("$mobilenet" classify -m "$scratch/thousand.tflite" --json -k 1 "$photo" |
        sed 's/.*"wnid": "\(n[0-9]*\)".*/\1/')
    cp "$photo" "$names/${wnid}_$(basename "$photo")"
    cp "$photo" "$names/n99999999_$(basename "$photo")"
done
right=$(find "$folder" -name '*.png' | wc -l)
expect 0 quantize "$scratch/thousand.tflite" -o "$scratch/other" --images "$names" --only-correct
prints "photos +$right of $((2 * right)), those that the float model gets right"
expect 1 quantize "$scratch/thousand.tflite" -o "$scratch/none" --images "$folder" --only-correct
says 'right about none of the photos'

# Photos that cannot be read are named and left out.
echo nonsense >"$folder/broken.jpg"
expect 0 quantize "$model" -o "$scratch/other" --images "$folder"
says 'left out: .*broken.jpg'
cmp "$made" "$scratch/other" || fail "a broken photo changes the model"
rm "$folder/broken.jpg"

# Learned rounding: the same bytes whatever --jobs, other ones for another seed.
expect 0 quantize "$model" -o "$scratch/learned" --images "$folder" --optimize --jobs 1
prints 'rounding learned'
expect 0 evaluate -m "$model" --compare "$scratch/learned" --images "$folder" --json
json 'o["divergence"] < 0.01'
expect 0 quantize "$model" -o "$scratch/other" --images "$folder" --optimize --jobs 3
cmp "$scratch/learned" "$scratch/other" || fail "the number of jobs changes what is learned"
expect 0 quantize "$model" -o "$scratch/other" --images "$folder" --optimize --seed 2
cmp -s "$scratch/learned" "$scratch/other" && fail "the seed changes nothing"
# Rescaled channels are compared with nothing; the layers between them with what they were.
expect 0 compare "$model" "$scratch/learned" --images "$folder" --json
json 'len(o["layers"]) > 3 and not any(l["name"].endswith("_rescaled") for l in o["layers"])'

# Without a photo, from Keras weights; the same bytes twice.
writer="${MN_BUILD:-build}/tests/test_keras_files"
if [ -x "$writer" ]; then
    mkdir "$scratch/keras"
    "$writer" "$scratch/keras"
    weights="$scratch/keras/weights_0.35_96.h5"
    expect 0 quantize "$weights" -o "$scratch/free" --data-free
    prints 'ranges by batch norm, biases corrected'
    expect 0 quantize "$weights" -o "$scratch/other" --data-free
    cmp "$scratch/free" "$scratch/other" || fail "the same weights give another model"
    expect 0 inspect --json "$scratch/free"
    json 'all(t["type"] in ("int8", "int32") for t in o["tensors"])'
    expect 0 classify -m "$scratch/free" "$folder/colour420.jpg"
fi

# What goes wrong leaves no file behind.
refused() {
    local code=$1
    shift
    rm -f "$scratch/none"
    expect "$code" quantize "$@"
    if [ -e "$scratch/none" ] || compgen -G "$scratch/none.tmp*" >/dev/null; then fail "a file is left: $*"; fi
}
refused 2 -o "$scratch/none" --images "$folder"
says 'exactly one model'
refused 2 "$model" -o "$scratch/none"
says '--images DIR is missing'
refused 1 "$model" -o "$scratch/none" --data-free
says 'give the Keras weights that it was made from, or photos'
for options in "--images $folder" --optimize --only-correct; do
    # shellcheck disable=SC2086 # words are wanted
    refused 2 "$model" -o "$scratch/none" --data-free $options
    says 'data-free uses no photos'
done
refused 2 "$model" -o "$scratch/none" --images "$folder" --per-tensor --dense per-tensor
says 'leave out --dense, or --per-tensor'
refused 2 "$model" -o "$scratch/none" --images "$folder" --dense none
says 'per-channel, per-tensor'
refused 2 "$model" -o "$scratch/none" --images "$folder" --method best
says 'minmax, percentile, mse'
refused 1 "$model" -o "$scratch/none" --images "$folder" --input-range 1,2
says 'does not hold zero'
refused 1 "$scratch/missing.tflite" -o "$scratch/none" --images "$folder"
refused 1 "$models/tiny_v2_int8.tflite" -o "$scratch/none" --images "$folder"
says 'quantised already'
refused 1 "$made" -o "$scratch/none" --images "$folder"
says 'quantised already'
refused 1 "$folder/colour420.jpg" -o "$scratch/none" --images "$folder"
mkdir "$scratch/empty"
refused 1 "$model" -o "$scratch/none" --images "$scratch/empty"
says 'holds no photo: no file whose name ends in .jpg'
refused 1 "$model" -o "$scratch/none" --images "$scratch/nowhere"
says 'cannot be read'
echo nonsense >"$scratch/empty/a.jpg"
refused 1 "$model" -o "$scratch/none" --images "$scratch/empty"
says 'none of its 1 photos can be read'
refused 1 "$model" -o "$scratch/nowhere/none" --images "$folder"
says 'cannot be written'
refused 1 "$model" -o /dev/full --images "$folder"
says 'cannot be written'

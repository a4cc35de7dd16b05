#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet classify, on small random models and, where ../shared is, on real ones.
. tests/cli/common.sh

model=$models/tiny_v2_int8.tflite
photo=$photos/colour420.jpg

expect 0 classify -q -m "$model" "$photo" $photos/colour6-8bit.png
prints '^model  .*quantised, 10 classes'
prints '^input  32x32 RGB, int8, .*-1\.\.1, stored = pixel - 128; whole photo, bicubic'
prints '^ +[0-9.]+ %  class [0-9]'
[ "$(grep -c 'one inference' "$scratch/out")" = 2 ] || fail 'two photos, but not two answers'
expect 0 classify -m "$model" --crop --filter bilinear "$photo"
prints 'central 87.5 %, bilinear'

# JSON: a line for each photo, probabilities in order and adding up to about one.
expect 0 classify -m "$model" --json -k 10 "$photo" $photos/gray.jpg
[ "$(wc -l <"$scratch/out")" = 2 ] || fail 'two photos, but not two lines'
json 'len(o["classes"]) == 10 and abs(sum(c["probability"] for c in o["classes"]) - 1) < 0.05' \
    'o["classes"] == sorted(o["classes"], key=lambda c: (-c["probability"], -c["score"], c["class"]))' \
    'o["image"].startswith("fuzz/") and o["milliseconds"] > 0 and o["threads"] == 1 and not o["softmax_applied"]'
expect 0 classify -m "$model" --json -k 99 --threads 3 "$photo"
json 'len(o["classes"]) == 10 and o["threads"] == 3'

# Names: a folder name that is not UTF-8 and has a quote must not break JSON.
cp "$photo" "$scratch/"$'a"\xff\n.jpg'
expect 0 classify -m "$model" --json "$scratch/"$'a"\xff\n.jpg'
json 'o["image"].endswith("a\"\ufffd\n.jpg")'

# Labels.
printf '\357\273\277zero\r\none\r\ntwo\r\nthree\r\nfour\r\nfive\r\nsix\r\nseven\r\neight\r\nnine\r\n\n' >"$scratch/labels"
expect 0 classify -m "$model" --labels "$scratch/labels" --json -k 10 "$photo"
json '[c["label"] for c in sorted(o["classes"], key=lambda c: c["class"])][::9] == ["zero", "nine"]'
# Numbered lists, as Teachable Machine's, whose order is that of the numbers, from 0 or from 1; other numbers are names.
numbered() {
    expect 0 classify -m "$model" --labels "$scratch/labels" --json -k 10 "$photo"
    json "[c['label'] for c in sorted(o['classes'], key=lambda c: c['class'])] == $1"
}
printf '%s\r\n' '0 Paper' '1 Rock' '2 c' '3 d' '4 e' '5 f' '6 g' '7 h' '9 k l' '8 i' >"$scratch/labels"
numbered "['Paper', 'Rock', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'k l']"
seq 10 | sed 's/$/: name/' >"$scratch/labels"
numbered "['name'] * 10"
{ seq 9 | sed 's/$/ name/'; echo 9 Up; } >"$scratch/labels"
numbered "['%d name' % (i + 1) for i in range(9)] + ['9 Up']"
printf '%s\n' '0 Paper' '1 Rock' '2 Cut' '3 a' '4 b' '5 c' '6 d' '7 e' '8 f' '9 g' >"$scratch/labels"
expect 0 classify -m "$model" --labels "$scratch/labels" --json -k 10 "$photo"
json '[c["label"] for c in sorted(o["classes"], key=lambda c: c["class"])][:4] == ["Paper", "Rock", "Cut", "a"]'
printf '%s\n' '0 Paper' '1 Rock' '2 Cut' '3 a' '4 b' '5 c' '6 d' '7 e' '8 f' '8 g' >"$scratch/labels"
expect 0 classify -m "$model" --labels "$scratch/labels" --json -k 10 "$photo"
json '"0 Paper" in [c["label"] for c in o["classes"]]'
printf 'one\ntwo\n' >"$scratch/labels"
expect 1 classify -m "$model" --labels "$scratch/labels" "$photo"
says 'has 2 lines, but the model has 10 classes'
expect 1 classify -m "$model" --labels "$scratch/none" "$photo"
says 'No such file'
expect 1 classify -m "$model" --labels "$model" "$photo"
says 'is not a text file'

# A bad photo does not keep the others from their turn.
head -c 200 "$photo" >"$scratch/cut.jpg"
mkdir "$scratch/empty"
expect 1 classify -m "$model" "$scratch/cut.jpg" "$photo" "$scratch/none.jpg" $photos/gray.jpg "$scratch/empty" "$model"
[ "$(grep -c '^mobilenet: ' "$scratch/err")" = 4 ] || fail "four bad photos: $(cat "$scratch/err")"
[ "$(grep -c 'one inference' "$scratch/out")" = 2 ] || fail 'two good photos'
says "^mobilenet: $scratch/none.jpg"

# A model that ends in scores: the small network with its output taken from before its softmax. In the file, the list
# of the graph's outputs is [1, index]; other places with these numbers give a broken model.
logits() {
    python3 - "$model" "$scratch" "$mobilenet" <<'EOF'
import json, struct, subprocess, sys
model, scratch, mobilenet = sys.argv[1:]
facts = json.loads(subprocess.check_output([mobilenet, "inspect", "--json", model]))
last = facts["operators"][-1]
assert last["name"] == "SOFTMAX"
data = open(model, "rb").read()
old, new = (struct.pack("<ii", 1, last[side][0]) for side in ("outputs", "inputs"))
places = [i for i in range(0, len(data), 4) if data[i:i + 8] == old]
for place in places:
    open(scratch + "/logits.tflite", "wb").write(data[:place] + new + data[place + 8:])
    if subprocess.run([mobilenet, "inspect", scratch + "/logits.tflite"], capture_output=True).returncode == 0:
        sys.exit(0)
sys.exit("the list of outputs was not found")
EOF
}
if command -v python3 >/dev/null; then
    logits
    expect 0 classify -m "$model" --json -k 10 "$photo"
    cp "$scratch/out" "$scratch/probabilities"
    expect 0 classify -m "$scratch/logits.tflite" "$photo"
    prints 'softmax applied'
    expect 0 classify -m "$scratch/logits.tflite" --json -k 10 "$photo"
    json 'o["softmax_applied"] and abs(sum(c["probability"] for c in o["classes"]) - 1) < 1e-5'
    python3 - "$scratch" <<'EOF' || fail 'softmax of the scores is not what the model computes'
import json, sys
read = lambda name: {c["class"]: c["probability"] for c in json.load(open(f"{sys.argv[1]}/{name}"))["classes"]}
a, b = read("probabilities"), read("out")
assert max(abs(a[i] - b[i]) for i in a) <= 1 / 256, (a, b)
EOF
fi

# Bad models.
expect 1 classify -m "$scratch/none.tflite" "$photo"
says 'none.tflite'
head -c 3000 "$model" >"$scratch/cut.tflite"
expect 1 classify -m "$scratch/cut.tflite" "$photo"
says 'cut.tflite'
: >"$scratch/empty.tflite"
expect 1 classify -m "$scratch/empty.tflite" "$photo"
expect 1 classify -m "$photo" "$photo"
expect 1 classify -m "$scratch" "$photo"
expect 1 classify -q -m $models/tiny_v2_float32.tflite "$photo"
says 'is a float model'
expect 0 classify -m $models/tiny_v2_float32.tflite --mean 127.5 --std 127.5,127.5,127.5 "$photo"
expect 1 classify -m "$model" --cpu warp "$photo"
says 'warp'

real=../shared/models
if [ ! -d "$real" ]; then
    echo 'SKIPPED: the part with real models; ../shared/models is missing'
    exit 0
fi
for model in tf2_mobilenet_v2_1.0_224_ptq mobilenet_v2_1.0_224_quant; do
    expect 0 classify -q -i ../shared/images/example_input.jpg -m $real/$model.tflite --json
    json 'o["classes"][0]["label"] == "boxer" and o["classes"][0]["class"] == 243 and o["width"] == 640' \
        'o["classes"][0]["wnid"] == "n02108089" and o["classes"][0]["probability"] > 0.9'
done

# What is given instead of a model is called by its name, with the command that helps.
refused() {
    expect 1 classify -m "$1" "$photo"
    says "$2"
}
if [ -e models/signs_0.35_96.h5 ]; then refused models/signs_0.35_96.h5 "signs.* is an HDF5 file.*'mobilenet convert"; fi
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n' >"$scratch/lfs.tflite"
refused "$scratch/lfs.tflite" 'lfs.tflite: is a pointer of Git LFS.*git lfs pull'
printf '<!DOCTYPE html>\n<html></html>\n' >"$scratch/page.tflite"
refused "$scratch/page.tflite" 'page.tflite: is a web page.*download the model itself'
mkdir "$scratch/saved"
refused "$scratch/saved" 'saved: is a folder'
touch "$scratch/saved/saved_model.pb" "$scratch/empty.tflite"
refused "$scratch/saved" 'saved: is a SavedModel folder; .*from_saved_model'
refused "$scratch/empty.tflite" 'empty.tflite: is empty'
refused "$photo" 'is a JPEG photo; give the model with -m'
expect 1 convert "$models/tiny_v2_int8.tflite" -o "$scratch/again.tflite"
says "is a .tflite model; it needs no conversion: give it to 'mobilenet classify'"

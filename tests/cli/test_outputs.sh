#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the outputs of a model mean to the commands, and its pixels where the graph tells: small models of every kind.
. tests/cli/common.sh

writer="${MN_BUILD:-build}/tests/test_ending"
if [ ! -x "$writer" ]; then
    echo "SKIPPED: $writer is not built"
    exit 77
fi
"$writer" "$scratch"
photo=$photos/colour420.jpg

# ---- Softmax, scores, sigmoids ----
expect 0 classify -m "$scratch/softmax.tflite" --json "$photo"
json 'o["ends_in"] == "softmax" and not o["softmax_applied"] and not o["several_labels"] and o["outputs"] == 1'
cp "$scratch/out" "$scratch/softmax"
expect 0 classify -m "$scratch/scores.tflite" "$photo"
prints 'gives scores: softmax applied'
expect 0 classify -m "$scratch/scores.tflite" --json "$photo"
json 'o["ends_in"] == "scores" and o["softmax_applied"]'
command -v python3 >/dev/null && python3 - "$scratch" <<'END'
import json, sys
a, b = (json.load(open(sys.argv[1] + "/" + name)) for name in ("softmax", "out"))
near = lambda x, y: abs(x["probability"] - y["probability"]) < 1e-5
sys.exit(not all(x["class"] == y["class"] and near(x, y) for x, y in zip(a["classes"], b["classes"])))
END

printf 'ripe\n' >"$scratch/names"
expect 0 classify -m "$scratch/unit.tflite" --labels "$scratch/names" "$photo"
prints '2 classes, told apart by one sigmoid'
prints '%  ripe$'
prints '%  not ripe$'
expect 0 classify -m "$scratch/unit.tflite" --labels "$scratch/names" --json "$photo"
json 'abs(sum(c["probability"] for c in o["classes"]) - 1) < 1e-6 and len(o["classes"]) == 2'
cp "$scratch/out" "$scratch/unit"
printf 'green\nripe\n' >"$scratch/two_names"
expect 0 classify -m "$scratch/score.tflite" --labels "$scratch/two_names" "$photo"
prints 'gives one score: sigmoid applied'
prints '%  green$'
expect 0 classify -m "$scratch/score.tflite" --json "$photo"
json 'o["sigmoid_applied"] and not o["softmax_applied"]'
expect 1 classify -m "$scratch/one.tflite" "$photo"
says "'answer' is a softmax over one class, which is always 1"

expect 0 classify -m "$scratch/labels.tflite" "$photo"
prints '3 labels, each with a sigmoid of its own: several may hold'
prints 'these hold|none holds'
if grep -q softmax "$scratch/out"; then fail 'a softmax of labels'; fi
expect 0 classify -m "$scratch/labels.tflite" --json "$photo"
json 'o["several_labels"] and o["ends_in"] == "sigmoid"'

# ---- Several outputs ----
expect 0 classify -m "$scratch/two.tflite" "$photo"
prints "output 0 of 3, 'kind' \(--output chooses another\)"
expect 0 classify -m "$scratch/two.tflite" --output traits "$photo"
prints "2 labels.*output 1 of 3, 'traits'$"
expect 0 classify -m "$scratch/two.tflite" --output 1 --json "$photo"
json 'o["output"] == 1 and o["output_name"] == "traits" and o["outputs"] == 3 and len(o["classes"]) == 2'
expect 1 classify -m "$scratch/two.tflite" --output 2 "$photo"
says "'map' is not one row of class scores.*0 'kind', 1 'traits'"
expect 1 classify -m "$scratch/two.tflite" --output none "$photo"
says "has no output 'none'"

# ---- Pixels that the graph tells ----
expect 0 classify -m "$scratch/quantize.tflite" --json "$photo"
json 'o["input_range_source"] == "quantisation" and o["input_low"] == [0] * 3 and o["input_high"] == [255] * 3'
expect 1 classify -m "$scratch/unknown.tflite" "$photo"
says 'can hold -64\.\.63\.5.*--input-range'
expect 0 classify -m "$scratch/unknown.tflite" --input-range=-64,64 "$photo"
expect 0 inspect --json "$scratch/quantize.tflite"
json 'o["inputs"][0]["input_range_source"] == "quantisation"'
expect 0 quantize "$scratch/rescaled.tflite" -o "$scratch/rescaled8.tflite" --images "$photos"
prints '0\.\.255 -> 0\.\.255 \(rescaled inside\)'
mkdir -p "$scratch/folders/a" "$scratch/folders/b" "$scratch/folders/c"
cp "$photo" "$scratch/folders/a"
cp "$photos/gray.jpg" "$scratch/folders/b"
cp "$photos/colour6-8bit.png" "$scratch/folders/c"
expect 0 evaluate -m "$scratch/rescaled.tflite" --compare "$scratch/rescaled8.tflite" --images "$scratch/folders" --json
json 'o["model"]["input_range_source"] == "rescaling" and o["compared"]["input_range_source"] == "metadata"' \
    'o["model"]["input_high"] == o["compared"]["input_high"] == [255] * 3 and o["divergence"] < 0.01'
expect 0 compare "$scratch/rescaled.tflite" "$scratch/rescaled8.tflite" --images "$scratch/folders" --json
json 'o["divergence"] < 0.01 and o["agreement"]["count"] == 3 and o["output"] == "answer"'
expect 0 compare "$scratch/rescaled.tflite" "$scratch/rescaled8.tflite" --images "$scratch/folders"
prints "^answers of output 'answer'"
prints '^agreement +100.00 %  .3 of 3;'

# ---- Accuracy of one unit, and of labels ----
rm -r "$scratch/folders/c"
expect 0 evaluate -m "$scratch/unit.tflite" --images "$scratch/folders" --json
json 'o["known"] == 2 and "top5" not in o["model"] and o["model"]["ends_in"] == "sigmoid"'
expect 0 evaluate -m "$scratch/unit.tflite" --compare "$scratch/score.tflite" --images "$scratch/folders" --json
json 'o["divergence"] < 1e-9 and o["largest_difference"] < 1e-6'
expect 0 evaluate -m "$scratch/two.tflite" --output traits --images "$scratch/folders"
prints 'others may hold as well'
prints "output 1 of 3, 'traits'"
expect 1 evaluate -m "$scratch/softmax.tflite" --compare "$scratch/labels.tflite" --images "$scratch/folders"
says '3 classes and .* 3 labels: they cannot be compared'
expect 1 compare "$scratch/two.tflite" "$scratch/two.tflite" --images "$scratch/folders" --output none
says "has no output 'none'"

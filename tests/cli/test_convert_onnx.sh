#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ONNX models: converted, quantised and compared like any other; what cannot be is refused with a sentence, and no file.
source tests/cli/common.sh

writer="${MN_BUILD:-build}/tests/test_onnx"
if [ ! -x "$writer" ]; then
    echo "SKIPPED: $writer is not built"
    exit 77
fi
onnx="$scratch/onnx"
mkdir "$onnx"
"$writer" "$onnx"

expect 0 convert "$onnx/classifier.onnx" --size 32 -o "$scratch/a.tflite"
prints 'ONNX model'
prints 'x: float32 1x32x32x3'
prints 'pixels .*--mean 123\.675,116\.28,103\.53 --std 58\.395,57\.12,57\.375'
prints 'scores: 3 classes$'
expect 0 inspect --json "$scratch/a.tflite"
json 'o["operators"][0]["name"] == "PAD" and o["operators"][-1]["name"] == "FULLY_CONNECTED"'
expect 0 classify -m "$scratch/a.tflite" "$photos/colour420.jpg"
expect 0 quantize "$onnx/classifier.onnx" --images "$photos" --limit 2 -o "$scratch/int8.tflite"
expect 0 compare "$onnx/classifier.onnx" "$scratch/int8.tflite" --images "$photos" --limit 2

refused() {
    expect 1 convert "$@" -o "$scratch/none.tflite"
    [ ! -e "$scratch/none.tflite" ] || fail 'a file was written in spite of a mistake'
}
refused "$onnx/classifier.onnx" --scores
says 'is a whole model, which already says how it ends; leave out --scores'
refused "$onnx/quantised.onnx"
says 'node 0 \(QuantizeLinear\) y: the model is quantised already'
head -c 700 "$onnx/classifier.onnx" >"$onnx/cut.onnx"
refused "$onnx/cut.onnx"
says 'cut\.onnx: is not a whole ONNX model; the file is damaged or cut short'

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What PyTorch saved: converted, quantised, compared and trained on like what Keras saved.
source tests/cli/common.sh

writer="${MN_BUILD:-build}/tests/test_torch_files"
if [ ! -x "$writer" ]; then
    echo "SKIPPED: $writer is not built"
    exit 77
fi
torch="$scratch/torch"
mkdir "$torch"
"$writer" "$torch"

expect 0 convert "$torch/torchvision.safetensors" --size 64 -o "$scratch/a.tflite"
prints 'PyTorch weights in safetensors'
prints 'network     MobileNetV2, [0-9]+ parameters'
prints 'pixels .*--mean 123\.675,116\.28,103\.53 --std 58\.395,57\.12,57\.375'
prints '3 classes, softmax, which the file does not say \(--scores leaves it out\)'
for file in timm.bin checkpoint.pth old.pth; do
    expect 0 convert "$torch/$file" --size 64 -o "$scratch/b.tflite"
    cmp "$scratch/a.tflite" "$scratch/b.tflite" || fail "the same weights as $file give another model"
done
prints 'PyTorch weights of before 1\.6'
expect 0 convert "$torch/timm.bin" --size 64 --scores -o "$scratch/b.tflite"
prints 'predictions: 3 classes$'
expect 0 inspect "$scratch/b.tflite"
expect 0 quantize "$torch/torchvision.safetensors" --data-free -o "$scratch/int8.tflite"

# Mistakes.
head -c 3000 "$torch/timm.bin" >"$torch/cut.safetensors"
expect 1 convert "$torch/cut.safetensors" -o "$scratch/none.tflite"
says 'cut\.safetensors: ends within its header; it is cut short'
printf '\200\002cos\nsystem\n(X\006\000\000\000touch xtR.' >"$torch/data.pkl"
if command -v zip >/dev/null; then
    (cd "$torch" && mkdir x && mv data.pkl x && zip -q evil.pth x/data.pkl)
    expect 1 convert "$torch/evil.pth" -o "$scratch/none.tflite"
    says "evil\.pth: its pickle names 'os\.system', .* nothing was run"
fi
[ ! -e "$scratch/none.tflite" ] || fail 'a file was written in spite of a mistake'

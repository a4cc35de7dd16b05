#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet convert: what Keras saved becomes a model that runs; anything else a sentence, and no file.
source tests/cli/common.sh

writer="${MN_BUILD:-build}/tests/test_keras_files"
if [ ! -x "$writer" ]; then
    echo "SKIPPED: $writer is not built"
    exit 77
fi
keras="$scratch/keras"
mkdir "$keras"
"$writer" "$keras"

# ---- What is read ----
expect 0 convert "$keras/weights_0.35_96.h5" -o "$scratch/a.tflite"
prints 'Keras weights$'
prints 'MobileNetV2 of width 0\.35, 414051 parameters'
prints 'input_1: float32 1x96x96x3, a size that the file leaves open'
prints 'pixels      0..255 -> -1..1'
prints '3 classes, softmax'
expect 0 convert "$keras/weights_0.35_96.h5" -o "$scratch/b.tflite"
cmp "$scratch/a.tflite" "$scratch/b.tflite" || fail 'the same weights give two models'
expect 0 classify -m "$scratch/a.tflite" "$photos/colour420.jpg"
expect 0 convert "$keras/weights_0.35_96.h5" --size 64 --scores -o "$scratch/b.tflite"
prints 'float32 1x64x64x3'
prints 'predictions: 3 classes$'
expect 0 inspect --json "$scratch/b.tflite"
json 'o["operators"][-1]["name"] == "FULLY_CONNECTED" and o["description"].startswith("MobileNetV2 0.35, mobilenet.c ")'

expect 0 convert "$keras/whole.h5" -o "$scratch/whole.tflite"
prints 'whole Keras model in HDF5'
prints 'not those of a MobileNet,'
expect 0 convert "$keras/model.keras" -o "$scratch/archive.tflite"
prints 'Keras 3 archive'
cmp "$scratch/whole.tflite" "$scratch/archive.tflite" || fail 'one model saved in two ways gives two models'

# ---- Mistakes: a sentence, and the old file as it was ----
cp "$scratch/a.tflite" "$scratch/kept.tflite"
refused() {
    expect 1 convert "$@" -o "$scratch/kept.tflite"
    cmp -s "$scratch/a.tflite" "$scratch/kept.tflite" || fail "convert $*: the old file is gone"
}
refused "$keras/not_finite.h5"
says 'not_finite\.h5: layer block_3_expand \(Conv2D\): kernel value [0-9]+ of [0-9]+ is -?nan'
refused "$keras/config.json"
says 'config\.json: is a JSON text; give the model that belongs to it'
refused "$keras/none.h5"
refused "$keras"
refused "$keras/whole.h5" --size 16
says 'the model.s input is 8x8'
refused "$keras/whole.h5" --scores
head -c 60000 "$keras/weights_0.35_96.h5" >"$keras/cut.h5"
refused "$keras/cut.h5"
says 'cut\.h5: .*(damaged|cut short)'
expect 1 convert "$keras/whole.h5" -o "$scratch/no/such/folder.tflite"
expect 2 convert "$keras/whole.h5"
expect 2 convert -o "$scratch/none.tflite"
expect 2 convert "$keras/whole.h5" "$keras/model.keras" -o "$scratch/none.tflite"
expect 2 convert "$keras/whole.h5" -o "$scratch/none.tflite" --size 0
[ ! -e "$scratch/none.tflite" ] || fail 'a file was written in spite of a mistake'
left=$(find "$scratch" -name '*.tmp-*')
[ -z "$left" ] || fail "left behind: $left"

# A full disk.
if [ -w /dev/full ]; then
    expect 1 convert "$keras/whole.h5" -o /dev/full
    says '/dev/full: cannot be written'
fi

real=../shared/models/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5
if [ ! -f "$real" ] || [ ! -f ../shared/images/example_input.jpg ]; then
    echo 'SKIPPED: the part with real weights; ../shared is missing'
    exit 0
fi
expect 0 convert "$real" -o "$scratch/real.tflite"
prints 'MobileNetV2 of width 1, 3538984 parameters, 300774272 MACs'
expect 0 classify -m "$scratch/real.tflite" --json ../shared/images/example_input.jpg
json '"boxer" in str(o)'

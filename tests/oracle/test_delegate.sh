#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
#
# libmobilenet_delegate.so in the interpreters of two packages, ai-edge-litert of today and tflite-runtime 2.14.0: every
# byte beside their reference kernels (delegate.py). With MN_LONG_TESTS all vectors, more repetitions, valgrind, and 50 photos on
# the models of ../shared/models and on what this library's commands make.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${MN_BUILD:-build}
library=$build/libmobilenet_delegate.so
if [ ! -e "$library" ]; then
    echo "SKIPPED: this build has no libmobilenet_delegate.so"
    exit 77
fi
python=$(scripts/oracle-venv.sh) || exit $?
export PYTHONDONTWRITEBYTECODE=1 TF_CPP_MIN_LOG_LEVEL=3
export MOBILENET_LIBRARY=$build/libmobilenet.so
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$python" tests/oracle/delegate_models.py "$scratch" || exit 1

arguments=(--library "$library" --models "$scratch")
photo_models=()

# Makes an int8 model for the photos: made WIDTH SIZE
made() {
    local float=$scratch/float_$1.tf
    "$build/mobilenet" new --width "$1" --size "$2" --seed 1 --random-bn -o "$float" &&
        "$build/mobilenet" quantize "$float" -o "$scratch/made_$1.tf" --images models/signs --limit 8 || exit 1
    photo_models+=("$scratch/made_$1.tf")
}

if [ -n "${MN_LONG_TESTS:-}" ]; then
    for model in ../shared/models/*.tflite; do
        if [ -e "$model" ]; then photo_models+=("$model"); fi
    done
    made 0.35 96
    made 0.75 128
    made 1.4 224
    "$build/mobilenet" convert models/signs_0.35_96.h5 -o "$scratch/signs_float.tf" &&
        "$build/mobilenet" quantize "$scratch/signs_float.tf" -o "$scratch/signs.tf" --images models/signs || exit 1
    photo_models+=("$scratch/signs.tf" "$scratch/signs_float.tf")
    arguments+=(--photo-models "${photo_models[@]}")
else
    arguments+=(--quick)
fi

status=0
"$python" tests/oracle/delegate.py "${arguments[@]}" || status=1
if runtime=$(scripts/oracle-venv.sh --tflite-runtime); then
    "$runtime" tests/oracle/delegate.py "${arguments[@]}" || status=1
else
    echo "left out: tflite-runtime 2.14.0"
fi
if [ -z "${MN_LONG_TESTS:-}" ]; then
    exit $status
fi
# The same interpreter's part in C, for which Python is too large.
if command -v valgrind >/dev/null && [ -e "$build/tests/test_plugin" ]; then
    MN_BUILD=$build valgrind -q --leak-check=full --error-exitcode=1 "$build/tests/test_plugin" || status=1
else
    echo "left out: valgrind, or tests/test_plugin, is missing"
fi
exit $status
